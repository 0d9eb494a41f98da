/** tools/check_dataset.ts with a checkpoint: labels that a net finds very unlikely. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodePng } from "../formats/png.ts";
import { unit } from "./goldens/_formula.ts";
import { writeFiles } from "./_photos.ts";
import { run, withFolder } from "./_tools.ts";

Deno.test("check_dataset doubts a label that a trained net is sure is wrong", async () => {
  /** A picture of a colour, with a pattern of its own. */
  const coloured = (channel: number, number: number) =>
    encodePng({
      data: Uint8Array.from(
        { length: 3 * 256 },
        (_, i) => i % 3 === channel ? 200 : 255 * unit(number, i) / 3,
      ),
      width: 16,
      height: 16,
      channels: 3,
    });
  const classes = (counts: number, first: number) =>
    Object.fromEntries(
      ["red", "green"].flatMap((name, channel) =>
        Array.from(
          { length: counts },
          (_, i) => [`${name}/${i}.png`, coloured(channel, first + channel * 100 + i)],
        )
      ),
    );
  await withFolder(async (folder) => {
    writeFiles(`${folder}/train`, classes(20, 0));
    writeFiles(`${folder}/checked`, { ...classes(5, 1000), "red/wrong.png": coloured(1, 5000) });
    const trained = await run("train", [
      `--dataset_dir=${folder}/train`,
      `--train_dir=${folder}/run`,
      "--model_name=lenet",
      "--train_image_size=12",
      "--batch_size=8",
      "--optimizer=adam",
      "--learning_rate=0.001",
      "--max_number_of_steps=60",
      "--eval_split_name=",
    ]);
    assertEquals(trained.code, 0, trained.stderr);
    const { code, stdout, stderr } = await run("check_dataset", [
      `${folder}/checked`,
      `--checkpoint_path=${folder}/run`,
      "--fail_on=doubtful",
    ]);
    assertEquals(stderr.includes("Cannot"), false, stderr);
    assertMatch(stdout, /red\/wrong\.png: labelled red, the net says green \(\d+\.\d%\)/);
    assertStringIncludes(stdout, "11 pictures (train 9, validation 2), 1 findings, 1 of them count");
    assertEquals(code, 1);
  });
});
