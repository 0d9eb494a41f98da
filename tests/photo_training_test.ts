/** A folder of photos as people have them trains as it is, with each oddity said. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run, withFolder } from "./_tools.ts";
import { png, writeFiles, writeMessyFolder } from "./_photos.ts";

Deno.test("train takes a folder with a damaged photo, odd names, links in circles and an empty class", async () => {
  await withFolder(async (folder) => {
    const { oddities } = writeMessyFolder(`${folder}/photos`);
    const damaged = png(4, 40).slice();
    damaged[60] ^= 0xff; // what no look at its header and end can tell
    writeFiles(`${folder}/photos`, { "розы/damaged.png": damaged });
    const flags = [
      `--dataset_dir=${folder}/photos`,
      `--train_dir=${folder}/run`,
      "--model_name=cifarnet",
      "--batch_size=4",
    ];
    const trained = await run("train", [
      ...flags,
      "--train_image_size=12",
      "--max_number_of_steps=4",
      "--eval_every_steps=4",
    ]);
    assertEquals(trained.code, 0, trained.stderr);
    for (const [file, what] of Object.entries(oddities)) {
      assertStringIncludes(trained.stderr, `${file}: ${what}`);
    }
    const times = trained.stderr.split("tulips/cut.jpg: left out").length - 1;
    assertEquals(times, 1, "said once, though both splits are opened");
    assertStringIncludes(trained.stderr, "damaged.png");
    assertStringIncludes(trained.stdout, "розы");
    assert(Deno.readTextFileSync(`${folder}/photos/split.csv`).includes("写真 1.JPG,"));
    const evaluated = await run("eval", [`--checkpoint_path=${folder}/run`]);
    assertEquals(evaluated.code, 0, evaluated.stderr);
    assertStringIncludes(evaluated.stderr, "on folder, split validation");
  });
});
