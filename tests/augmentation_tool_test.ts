/** Flags of augmentation: training takes and keeps them, goes on with what it would have seen; evaluation takes views. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run, withFolder } from "./_tools.ts";

const quick = ["--train_image_size=12", "--batch_size=4", "--eval_split_name=", "--save_summaries_secs=0"];
const augmented = [
  ...["--randaugment=m9-n2", "--mixup=0.2", "--cutmix=1.0", "--random_erasing=0.25"],
  ...["--model_name=cifarnet", "--preprocessing_name=inception", "--use_grayscale"],
];

/** Losses by step of a training's table of scalars. */
async function losses(folder: string): Promise<Map<string, string>> {
  const lines = (await Deno.readTextFile(`${folder}/scalars.csv`)).trim().split("\n").map((line) =>
    line.split(",")
  );
  return new Map(lines.flatMap(([step, , tag, value]) => tag === "total_loss_1" ? [[step, value]] : []));
}

Deno.test("train augments as its flags say, the same before and after a stop; eval takes ten views of grey images", () =>
  withFolder(async (folder) => {
    const train = (directory: string, steps: number, ...flags: string[]) =>
      run("train", [
        `--train_dir=${folder}/${directory}`,
        `--max_number_of_steps=${steps}`,
        "--log_every_n_steps=1",
        ...quick,
        ...flags,
      ]);
    for (const [directory, steps] of [["whole", 6], ["parts", 3], ["parts", 6]] as const) {
      const { code, stderr } = await train(directory, steps, ...augmented);
      assertEquals(code, 0, stderr);
    }
    const whole = await losses(`${folder}/whole`);
    assertEquals(whole.size, 6);
    assertEquals(await losses(`${folder}/parts`), whole);
    await train("plain", 1, ...augmented.slice(4));
    assert((await losses(`${folder}/plain`)).get("1") !== whole.get("1"), "augmentation changes the loss");

    const kept = JSON.parse(await Deno.readTextFile(`${folder}/whole/flags.json`));
    assertEquals([kept.randaugment, kept.mixup, kept.cutmix, kept.random_erasing], ["m9-n2", 0.2, 1, 0.25]);
    const evaluation = ["--max_num_batches=1", "--batch_size=20", "--eval_image_size=12", "--json"];
    const { code, stdout, stderr } = await run("eval", [
      `--checkpoint_path=${folder}/whole`,
      "--tta",
      ...evaluation,
    ]);
    assertEquals([code, JSON.parse(stdout).images], [0, 20], stderr);
  }));

Deno.test("train refuses policies and probabilities that are none", async () => {
  for (
    const [flag, reason] of [
      ["--randaugment=m99", "--randaugment=m99: Cannot read the policy m99"],
      ["--random_erasing=1.5", "Cannot use --random_erasing=1.5: it takes a number from 0 to 1"],
      ["--mixup=-0.1", "Cannot use --mixup=-0.1: it takes a number from 0"],
    ]
  ) {
    const { code, stderr } = await run("train", [flag]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, reason);
  }
});
