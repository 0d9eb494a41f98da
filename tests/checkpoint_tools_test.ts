/** tools/inspect_checkpoint.ts and tools/convert_checkpoint.ts as users run them, and their parts. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { denoFiles } from "../host/files.ts";
import { chooseTensors } from "../tools/_model_tensors.ts";
import { formatValues, jsonValues, statisticsOf, textAt } from "../tools/_tensor_text.ts";

const root = new URL("../", import.meta.url).pathname;
const fixtures = `${root}tests/fixtures/checkpoints`;

async function run(
  tool: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const permissions = tool === "inspect_checkpoint" ? ["--allow-read"] : ["--allow-read", "--allow-write"];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, `${root}tools/${tool}.ts`, ...args],
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const floats = (...values: number[]): Tensor => (
  { dtype: "float32", shape: [values.length], data: Float32Array.from(values) }
);

/** A training's checkpoint: two variables, a slot, shadows, scalars of the optimizer, the step. */
const training = new Map<string, Tensor>([
  ["net/weights", floats(1, 0, -3, NaN)],
  ["net/weights/Momentum", floats(4, 4, 4, 4)],
  ["net/weights/ExponentialMovingAverage", floats(5, 5, 5, 5)],
  ["net/moving_mean", floats(6)],
  ["beta1_power", { dtype: "float32", shape: [], data: Float32Array.of(0.9) }],
  ["global_step", { dtype: "int64", shape: [], data: BigInt64Array.of(7n) }],
]);

async function assertSame(left: CheckpointReader, right: CheckpointReader): Promise<void> {
  assertEquals(left.names(), right.names());
  for (const name of left.names()) assertEquals(await left.read(name), await right.read(name));
}

Deno.test("inspect_checkpoint.ts lists names, types, shapes and statistics, and prints values", () =>
  withFolder(async (folder) => {
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-7`, training);
    const path = `--checkpoint_path=${folder}/model.ckpt-7`;
    const plain = await run("inspect_checkpoint", path);
    assertEquals(plain.code, 0, plain.stderr);
    assertMatch(plain.stdout, /^name +type +shape\nbeta1_power +float32 +\[\]\nglobal_step +int64 +\[\]\n/);
    assertMatch(plain.stdout, /\n\n6 tensors of 15 values, 0\.00 MiB, in .*model\.ckpt-7 \(V2\)\n$/);
    const full = await run("inspect_checkpoint", path, "--statistics");
    assertMatch(full.stdout, /\nnet\/weights +float32 +\[4\] +-3 +1 +-0\.66667 +1\.6997 +1 +25\.0%\n/);
    const values = await run("inspect_checkpoint", path, "--tensor=net/weights");
    assertMatch(values.stdout, /\nnet\/weights +float32 +\[4\]\n\n\[1, 0, -3, NaN\]\n$/);
    const json = JSON.parse(
      (await run("inspect_checkpoint", path, "--tensor=net/weights", "--statistics", "--json")).stdout,
    );
    assertEquals(json.values, [1, 0, -3, "NaN"]);
    assertEquals([json.format, json.tensors.length, json.tensors[0].shape], ["V2", 1, [4]]);
    assertEquals([json.tensors[0].statistics.max, json.tensors[0].statistics.zeros], [1, 0.25]);
  }));

Deno.test("inspect_checkpoint.ts exits with 2 on bad usage and 1 on errors, and says what to do", async () => {
  const cases: [string[], number, RegExp][] = [
    [[], 2, /Cannot run without --checkpoint_path/],
    [["--checkpoint_path=none"], 1, /Cannot open checkpoint "none": there is neither a file or folder/],
    [
      [`--checkpoint_path=${fixtures}/v1_single`, "--tensor=row"],
      1,
      /has no such tensor; did you mean "rows"\?/,
    ],
    [[`--checkpoint_path=${fixtures}/corrupt/index_bad_magic/model.ckpt`], 1, /bad magic number/],
  ];
  for (const [args, code, message] of cases) {
    const { stderr, ...result } = await run("inspect_checkpoint", ...args);
    assertEquals([result.code, result.stdout], [code, ""]);
    assertMatch(stderr, message);
  }
});

Deno.test("convert_checkpoint.ts converts V1 to SafeTensors and to V2, and SafeTensors back", () =>
  withFolder(async (folder) => {
    const steps: [string, string][] = [
      [`${fixtures}/v1_two_shards`, `${folder}/a.safetensors`],
      [`${folder}/a.safetensors`, `${folder}/out/model.ckpt-1`],
      [`${folder}/out/model.ckpt-1`, `${folder}/b.safetensors`],
    ];
    const first = await openCheckpoint(denoFiles, steps[0][0]);
    for (const [from, to] of steps) {
      const { code, stdout, stderr } = await run(
        "convert_checkpoint",
        `--checkpoint_path=${from}`,
        `--output_path=${to}`,
      );
      assertEquals([code, stdout], [0, `${first.names().length} tensors written to ${to}\n`], stderr);
      await assertSame(await openCheckpoint(denoFiles, to), first);
    }
    assertEquals(
      await denoFiles.read(`${folder}/b.safetensors`),
      await denoFiles.read(`${folder}/a.safetensors`),
    );
  }));

Deno.test("convert_checkpoint.ts takes the model alone, with its moving averages", () =>
  withFolder(async (folder) => {
    await writeCheckpoint(denoFiles, `${folder}/model.ckpt-7`, training);
    const output = `${folder}/model.safetensors`;
    const args = [
      `--checkpoint_path=${folder}/model.ckpt-7`,
      `--output_path=${output}`,
      "--only_model",
      "--use_moving_averages",
    ];
    const { stdout, stderr } = await run("convert_checkpoint", ...args);
    assertEquals(stdout, `3 tensors written to ${output}, 3 left out\n`, stderr);
    const reader = await openCheckpoint(denoFiles, output);
    assertEquals(reader.names(), ["global_step", "net/moving_mean", "net/weights"]);
    assertEquals((await reader.read("net/weights")).data, Float32Array.of(5, 5, 5, 5));
    assertEquals((await reader.read("net/moving_mean")).data, Float32Array.of(6));
  }));

Deno.test("convert_checkpoint.ts keeps the metadata of SafeTensors, and says where it cannot", () =>
  withFolder(async (folder) => {
    const metadata = new Map([["format", "tf"]]);
    await writeSafetensors(denoFiles, `${folder}/a.safetensors`, training, metadata);
    const input = `--checkpoint_path=${folder}/a.safetensors`;
    await run("convert_checkpoint", input, `--output_path=${folder}/b.safetensors`);
    assertEquals((await openCheckpoint(denoFiles, `${folder}/b.safetensors`)).metadata, metadata);
    const { code, stderr } = await run("convert_checkpoint", input, `--output_path=${folder}/c`);
    assertEquals(code, 0);
    assertMatch(stderr, /metadata is left out/);
    assertMatch((await run("inspect_checkpoint", input)).stdout, /\nformat: tf\n/);
  }));

Deno.test("convert_checkpoint.ts replaces nothing unasked, and never its input", () =>
  withFolder(async (folder) => {
    const path = (name: string) => `${folder}/${name}`;
    await writeCheckpoint(denoFiles, path("a"), training);
    await writeSafetensors(denoFiles, path("a.safetensors"), training);
    await writeCheckpoint(denoFiles, path("b"), new Map([["x", floats(1)]]));
    await Deno.symlink(folder, path("link"));
    const cases: [string, string, string[], number, RegExp][] = [
      ["a", "b", [], 1, /there is .*\/b\.data-00000-of-00001; give another --output_path or --overwrite/],
      ["b", "a.safetensors", [], 1, /there is .*\/a\.safetensors; give another/],
      ["a", "a", ["--overwrite"], 1, /it is the input; give another --output_path/],
      ["a", "link/a", ["--overwrite"], 1, /it is the input/],
      ["a.safetensors", "a.safetensors", ["--overwrite"], 1, /it is the input/],
      ["a", "c.index", [], 2, /give .*\/c, without \.index/],
      ["a", "link", [], 2, /it is a folder; give a name in it/],
      ["a", "c", ["--use_moving_average"], 2, /did you mean --use_moving_averages\?/],
      ["b", "c", ["--use_moving_averages"], 1, /the checkpoint has none, no NAME\/ExponentialMovingAverage/],
    ];
    for (const [from, to, flags, code, message] of cases) {
      const result = await run(
        "convert_checkpoint",
        `--checkpoint_path=${path(from)}`,
        `--output_path=${path(to)}`,
        ...flags,
      );
      assertEquals([result.code, result.stdout], [code, ""], result.stderr);
      assertMatch(result.stderr, message);
    }
    const words = await run(
      "convert_checkpoint",
      `--checkpoint_path=${fixtures}/v2_single`,
      `--output_path=${path("c.safetensors")}`,
    );
    assertEquals(words.code, 1);
    assertMatch(words.stderr, /SafeTensors has no type for string/);
    assertEquals((await denoFiles.list(folder)).filter((name) => name.startsWith("c")), []);
    await run(
      "convert_checkpoint",
      `--checkpoint_path=${path("a")}`,
      `--output_path=${path("b")}`,
      "--overwrite",
    );
    await assertSame(await openCheckpoint(denoFiles, path("b")), await openCheckpoint(denoFiles, path("a")));
  }));

Deno.test("chooseTensors() drops what lies below a variable, and the optimizer's scalars", () => {
  const names = [
    "beta1_power",
    "train/beta2_power_1",
    "loss_scale/good_steps",
    "global_step",
    "a/weights",
    "a/weights/Adam",
    "a/weights/Adam_1",
    "a/BatchNorm/moving_mean",
    "a/BatchNorm/moving_mean/ExponentialMovingAverage",
    "weights",
  ];
  const choose = (onlyModel: boolean, useMovingAverages: boolean) => [
    ...chooseTensors(names, { onlyModel, useMovingAverages }),
  ];
  const model = ["global_step", "a/weights", "a/BatchNorm/moving_mean", "weights"];
  assertEquals(choose(true, false), model.map((name) => [name, name]));
  assertEquals(choose(false, false).length, names.length);
  const averaged = Object.fromEntries(choose(false, true));
  assertEquals(averaged["a/BatchNorm/moving_mean"], "a/BatchNorm/moving_mean/ExponentialMovingAverage");
  assertEquals([averaged["a/weights/Adam"], Object.keys(averaged).length], [
    "a/weights/Adam",
    names.length - 1,
  ]);
  assertThrows(
    () => chooseTensors(["a", "b"], { onlyModel: true, useMovingAverages: true }),
    Error,
    "take the variables themselves",
  );
});

Deno.test("statisticsOf() leaves out what is not finite, in any real type", () => {
  assertEquals(statisticsOf(floats(0, 4, Infinity, NaN, -0)), {
    min: 0,
    max: 4,
    mean: 4 / 3,
    std: Math.sqrt(32 / 9),
    non_finite: 2,
    zeros: 0.4,
  });
  const none = { min: null, max: null, mean: null, std: null };
  assertEquals(statisticsOf(floats()), { ...none, non_finite: 0, zeros: 0 });
  assertEquals(statisticsOf(floats(NaN)), { ...none, non_finite: 1, zeros: 0 });
  const half: Tensor = { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) };
  assertEquals(statisticsOf(half)?.min, -2);
  const long: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(-5n, 5n) };
  assertEquals([statisticsOf(long)?.mean, statisticsOf(long)?.std], [0, 5]);
  assertEquals(statisticsOf({ dtype: "string", shape: [0], data: [] }), undefined);
});

Deno.test("formatValues() nests rows and shortens long tensors", () => {
  const matrix: Tensor = { dtype: "int32", shape: [2, 2, 2], data: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  assertEquals(formatValues(matrix), "[[[1, 2],\n  [3, 4]],\n [[5, 6],\n  [7, 8]]]");
  assertEquals(formatValues({ dtype: "int32", shape: [], data: Int32Array.of(-7) }), "-7");
  const long: Tensor = {
    dtype: "int32",
    shape: [501, 2],
    data: Int32Array.from({ length: 1002 }, (_, i) => i),
  };
  assertEquals(formatValues(long).split("\n"), [
    "[[0, 1],",
    " [2, 3],",
    " [4, 5],",
    " ...,",
    " [996, 997],",
    " [998, 999],",
    " [1000, 1001]]",
  ]);
});

Deno.test("textAt() and jsonValues() give each type in few digits that say all", () => {
  const cases: [Tensor, string[], (string | number)[]][] = [
    [floats(0.1, 1e-45, NaN), ["0.1", "1.4013e-45", "NaN"], [0.1, 1.4013e-45, "NaN"]],
    [{ dtype: "bfloat16", shape: [1], data: Uint16Array.of(0xbf00) }, ["-0.5"], [-0.5]],
    [{ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }, ["1", "0"], [1, 0]],
    [
      { dtype: "int64", shape: [2], data: BigInt64Array.of(3n, 2n ** 60n) },
      ["3", "1152921504606846976"],
      [3, "1152921504606846976"],
    ],
    [{ dtype: "complex64", shape: [2], data: Float32Array.of(1, -2, 0, 3) }, ["1-2i", "0+3i"], [
      "1-2i",
      "0+3i",
    ]],
    [
      { dtype: "string", shape: [2], data: [new TextEncoder().encode("é"), Uint8Array.of(255, 1)] },
      ['"é"', "0xff01"],
      ['"é"', "0xff01"],
    ],
  ];
  for (const [tensor, texts, json] of cases) {
    const at = textAt(tensor);
    assertEquals(texts.map((_, i) => at(i)), texts);
    assertEquals(jsonValues(tensor), json);
  }
  for (let i = 0; i < 2000; i++) {
    const value = Math.fround((Math.random() - 0.5) * 10 ** (Math.random() * 60 - 30));
    assert(Math.fround(Number(textAt(floats(value))(0))) === value);
  }
});
