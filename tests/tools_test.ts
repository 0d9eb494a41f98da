/** tools/train.ts and tools/eval.ts as users run them: flags, resuming, interruptions. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { latestCheckpoint } from "../formats/checkpoint/checkpoint_state.ts";
import { denoFiles } from "../host/files.ts";
import { run, spawn, withFolder } from "./_tools.ts";

/** A step of a few milliseconds. */
const quick = ["--batch_size=1", "--train_image_size=8", "--eval_split_name="];

Deno.test("tools/train.ts trains, evaluates, keeps its flags and resumes; tools/eval.ts takes them over", () =>
  withFolder(async (folder) => {
    const args = [`--train_dir=${folder}`, "--model_name=lenet", "--batch-size", "4", "--seed=3"];
    const first = await run("train", [...args, "--max_number_of_steps=12"]);
    assertEquals(first.code, 0, first.stderr);
    assertMatch(first.stderr, /step 10 .*loss .*learning rate 0\.001 .*images\/s .*left/);
    assertMatch(first.stdout, /accuracy 0\.\d{4} {3}Recall_5 0\.\d{4} {3}\(2000 images\)/);
    const flags = JSON.parse(await Deno.readTextFile(`${folder}/flags.json`));
    assertEquals([flags.batch_size, flags.seed, flags.optimizer], [4, 3, "adam"]);

    const second = await run("train", [...args, "--max_number_of_steps=14", "--eval_split_name="]);
    assertEquals([second.code, second.stdout], [0, ""], second.stderr);
    assertMatch(second.stderr, /Resuming .* at step 12/);
    assertMatch(
      second.stderr,
      /Changed since the last run: max_number_of_steps 12 -> 14, eval_split_name unset -> /,
    );
    assertEquals(await latestCheckpoint(denoFiles, folder), `${folder}/model.ckpt-14`);
    const other = await run("train", [...args, "--model_name=cifarnet"]);
    assertEquals(other.code, 2);
    assertMatch(
      other.stderr,
      /--model_name=cifarnet does not fit .*, which was trained with lenet; give another --train_dir/,
    );

    const evaluated = await run("eval", [`--checkpoint_path=${folder}`, "--json", "--max_num_batches=2"]);
    const results = JSON.parse(evaluated.stdout);
    assertEquals([results.step, results.images, results.predictions.length], [14, 200, 200]);
    assertEquals(results.classes[9].name, "Ankle boot");
  }));

Deno.test("tools/train.ts goes on from the last whole checkpoint after SIGKILL", () =>
  withFolder(async (folder) => {
    const args = [`--train_dir=${folder}`, ...quick, "--save_interval_secs=1"];
    let reached = 0;
    for (let round = 0; round < 3; round++) {
      const child = spawn("train", [...args, "--max_number_of_steps=1000000"]);
      const saved = `model.ckpt-`;
      for (let waited = 0; waited < 600; waited++) { // until there is a checkpoint later than the last one
        await new Promise((resolve) => setTimeout(resolve, 50));
        const latest = await latestCheckpoint(denoFiles, folder);
        const step = latest ? Number(latest.slice(latest.lastIndexOf(saved) + saved.length)) : 0;
        if (step > reached) break;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500)); // now and then amid a save
      child.kill("SIGKILL");
      await child.output();
      const latest = await latestCheckpoint(denoFiles, folder);
      assert(latest, "no checkpoint after SIGKILL");
      const step = Number(latest.slice(latest.lastIndexOf(saved) + saved.length));
      assert(step > reached, `step ${step} after ${reached}`);
      reached = step;
    }
    const last = await run("train", [...args, `--max_number_of_steps=${reached + 3}`]);
    assertEquals(last.code, 0, last.stderr);
    assertMatch(last.stderr, new RegExp(`Resuming .* at step ${reached.toLocaleString("en")}\n`));
    assertEquals(await latestCheckpoint(denoFiles, folder), `${folder}/model.ckpt-${reached + 3}`);
  }));

Deno.test("tools/train.ts saves on Ctrl-C and exits with 130", () =>
  withFolder(async (folder) => {
    const child = spawn("train", [`--train_dir=${folder}`, ...quick, "--max_number_of_steps=1000000"]);
    const lines = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!/step \d+0 /.test(text)) text += (await lines.read()).value ?? assert(false, text);
    child.kill("SIGINT");
    for (let next = await lines.read(); !next.done; next = await lines.read()) text += next.value;
    assertEquals((await child.status).code, 130);
    await child.stdout.cancel();
    assertMatch(text, /Interrupted at step [\d,]+; the same command goes on from there/);
    assert(await latestCheckpoint(denoFiles, folder));
  }));

Deno.test("tools refuse wrong flags before they open a device", async () => {
  for (
    const [tool, args, message] of [
      ["train", ["--learning_rat=0.1"], "did you mean --learning_rate?"],
      ["train", ["--batch_size=0"], "--batch_size=0"],
      ["train", ["--batch_size=3", "--num_clones=2"], "does not divide"],
      ["train", ["--optimizer=sdg"], "one of"],
      ["train", ["--dataset_name=mnist"], "--dataset_dir is required"],
      ["train", ["--dropout_keep_prob=0"], "--dropout_keep_prob=0"],
      ["train", ["--replicas_to_aggregate=2"], "needs --sync_replicas"],
      ["train", ["--trainable_scopes=LeNet/fc9"], "there are LeNet/conv1, LeNet/conv2, LeNet/fc3, LeNet/fc4"],
      ["train", ["--checkpoint_exclude_scopes=LeNet/fc4,fc3"], "in the scope fc3"],
      ["eval", ["--model_name=lennet"], "lenet"],
    ] as const
  ) {
    const { code, stdout, stderr } = await run(tool, [...args]);
    assertEquals([code, stdout], [2, ""], stderr);
    assert(stderr.includes(message), `${args.join(" ")}: ${stderr}`);
    assert(!stderr.includes("Computing on"));
  }
  for (const tool of ["train", "eval"]) {
    const missing = await run(tool, ["--checkpoint_path=/nowhere/at/all"]);
    assertEquals(missing.code, 1);
    assertMatch(missing.stderr, /Cannot open checkpoint "\/nowhere\/at\/all"/);
    assert(!missing.stderr.includes("Computing on"));
  }
});

Deno.test("tools print their flags with --help and exit with 0", async () => {
  for (const tool of ["train", "eval"]) {
    const { code, stdout } = await run(tool, ["--help"]);
    assertEquals(code, 0);
    assertMatch(stdout, /--batch_size=INT/);
  }
});
