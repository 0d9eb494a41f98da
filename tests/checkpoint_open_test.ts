// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertCovered } from "../formats/checkpoint/bundle.ts";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import { writeBundleEntry, writeBundleHeader } from "../formats/checkpoint/protos.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { buildTable } from "../formats/checkpoint/table_builder.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { denoFiles } from "../host/files.ts";

const fixtures = new URL("fixtures/checkpoints/", import.meta.url).pathname;
const text = (value: string) => new TextEncoder().encode(value);
const one = (value: number) =>
  new Map<string, Tensor>([["x", { dtype: "float32", shape: [], data: Float32Array.of(value) }]]);

/** The one value of a checkpoint. */
async function valueAt(files: Files, path: string): Promise<number> {
  return (await (await openCheckpoint(files, path)).readAs("x", "float32", [])).data[0];
}

Deno.test("openCheckpoint() takes a prefix, any of its files, a folder, and SafeTensors under any name", async () => {
  const files = memoryFiles({ "run/checkpoint": text('model_checkpoint_path: "model.ckpt-2"\n') });
  await writeCheckpoint(files, "run/model.ckpt-2", one(2));
  await writeCheckpoint(files, "run/best.ckpt-1", one(1));
  await writeSafetensors(files, "one/three.safetensors", one(3));
  await writeSafetensors(files, "four", one(4));
  const cases: [string, number][] = [
    ["run/model.ckpt-2", 2],
    ["run/model.ckpt-2.index", 2],
    ["run/model.ckpt-2.meta", 2],
    ["run/model.ckpt-2.data-00000-of-00001", 2],
    ["run", 2],
    ["run/", 2],
    ["run/best.ckpt-1", 1],
    ["one/three.safetensors", 3],
    ["one", 3],
    ["four", 4],
  ];
  for (const [path, expected] of cases) assertEquals([path, await valueAt(files, path)], [path, expected]);
});

Deno.test("openCheckpoint() opens what TensorFlow wrote: V1 and V2, in one file and in several", async () => {
  const cases: [string, string][] = [
    ["v1_single", "model.ckpt-7"],
    ["v1_two_shards", "model.ckpt"],
    ["v1_two_shards", "model.ckpt-?????-of-00002"],
    ["v1_two_shards", "model.ckpt-00001-of-00002"],
    ["v2_single", "model.ckpt-7"],
    ["v2_two_shards", "model.ckpt"],
    ["v2_two_shards", ""],
  ];
  for (const [folder, name] of cases) {
    const reader = await openCheckpoint(denoFiles, `${fixtures}${folder}/${name}`);
    assertEquals(reader.format, folder.slice(0, 2).toUpperCase());
    const contents = JSON.parse(await Deno.readTextFile(`${fixtures}${folder}/contents.json`));
    assertEquals(reader.names().toSorted(), Object.keys(contents).toSorted());
    for (const tensor of reader.names()) await reader.read(tensor);
  }
});

Deno.test("openCheckpoint() says what it looked for", async () => {
  const files = memoryFiles({
    "dangling/checkpoint": text('model_checkpoint_path: "gone"\n'),
    "garbage/checkpoint": text("?"),
    "plain/a.ckpt.index": new Uint8Array(),
    "plain/notes.txt": new Uint8Array(),
    "two/a.safetensors": new Uint8Array(),
    "two/b.safetensors": new Uint8Array(),
    "other/x.txt": new Uint8Array(),
    "net.pth": new Uint8Array(100),
  });
  const cases: [string, string][] = [
    [
      "none",
      'Cannot open checkpoint "none": there is neither a file or folder of that name, nor "none.index" (V2)',
    ],
    ["dangling", 'Cannot open a checkpoint in "dangling": its file "checkpoint" names none that is there'],
    ["garbage", "names none that is there"],
    ["plain", 'it has no file "checkpoint" and no .safetensors files; give one of a.ckpt'],
    ["two", "2 .safetensors files; give one of a.safetensors, b.safetensors"],
    ["other", "give a checkpoint's path"],
  ];
  for (const [path, message] of cases) {
    await assertRejects(() => openCheckpoint(files, path), NotFoundError, message);
  }
  await assertRejects(
    () => openCheckpoint(files, "net.pth"),
    DataLossError,
    'Cannot open checkpoint "net.pth": the file is neither a V1 checkpoint nor SafeTensors',
  );
  const empty = await Deno.makeTempDir();
  await assertRejects(
    () => openCheckpoint(denoFiles, empty),
    NotFoundError,
    "there is neither a file or folder",
  );
  await Deno.remove(empty);
});

/** The files of a fixture, in memory. */
async function fixtureFiles(folder: string): Promise<Files> {
  const files = memoryFiles();
  for (const name of await denoFiles.list(fixtures + folder)) {
    await files.write(`v/${name}`, [await denoFiles.read(`${fixtures}${folder}/${name}`)]);
  }
  return files;
}

Deno.test("CheckpointReader.open() misses no V1 file silently and mixes no two checkpoints", async () => {
  const files = await fixtureFiles("v1_two_shards");
  await files.write("v/model.ckpt-00000-of-00003", []);
  await assertRejects(
    () => CheckpointReader.open(files, "v/model.ckpt"),
    Error,
    "there are several of that name; give v/model.ckpt-?????-of-00002 or v/model.ckpt-?????-of-00003",
  );
  await CheckpointReader.open(files, "v/model.ckpt-?????-of-00002");
  await files.remove("v/model.ckpt-00000-of-00003");
  await files.remove("v/model.ckpt-00001-of-00002");
  await assertRejects(
    () => CheckpointReader.open(files, "v/model.ckpt"),
    NotFoundError,
    'Cannot open checkpoint "v/model.ckpt": there are 1 of its 2 files; copy the others beside them',
  );
});

Deno.test("V1 checkpoints that are cut or changed anywhere are reported or read the same", async () => {
  const files = await fixtureFiles("v1_single"), path = "v/model.ckpt-7";
  const good = await files.read(path), intact = await CheckpointReader.open(files, path);
  const expected = await Promise.all(intact.names().map((name) => intact.read(name)));
  let reported = 0;
  for (let i = 0; i < 60; i++) {
    const at = Math.floor(good.length * (i + 0.5) / 60);
    for (const bytes of [good.with(at, good[at] ^ 0x10), good.subarray(0, at)]) {
      await files.write(path, [bytes]);
      try {
        const reader = await CheckpointReader.open(files, path);
        for (const [k, name] of intact.names().entries()) assertEquals(await reader.read(name), expected[k]);
      } catch (error) {
        if (!(error instanceof DataLossError)) throw error;
        reported++;
      }
    }
  }
  assertEquals(reported, 120);
});

Deno.test("tensors of unknown types are listed apart, and reading one says its type", async () => {
  const entry = { shape: [], shardId: 0, offset: 0, size: 0, crc: 0, slices: [] };
  const table = buildTable([
    { key: new Uint8Array(), value: writeBundleHeader({ numShards: 1, producer: 1 }) },
    { key: text("q"), value: writeBundleEntry({ ...entry, dtypeCode: 12 }) },
    { key: text("z"), value: writeBundleEntry({ ...entry, dtypeCode: 99 }) },
  ]);
  const reader = await CheckpointReader.open(memoryFiles({ "m.index": table }), "m");
  assertEquals([reader.names(), [...reader.unsupported]], [[], [["q", "quint8"], ["z", "type 99"]]]);
  await assertRejects(
    () => reader.readAs("q", "uint8", []),
    TypeError,
    "its type quint8 is not supported; leave it out",
  );
});

Deno.test("assertCovered() wants every value once", () => {
  const half = (start: number) => [{ start, length: 2 }, { start: 0 }];
  assertCovered("x", [4, 3], [half(0), half(2)], "p");
  assertCovered("x", [0, 3], [], "p");
  const cases: [{ start: number; length?: number }[][], string][] = [
    [[half(0)], "its slices hold 6 of 12 values"],
    [[], "its slices hold 0 of 12 values"],
    [[half(0), half(1)], "two of its slices overlap"],
    [[half(0), half(3)], "one of its slices does not lie within its shape [4, 3]"],
  ];
  for (const [slices, message] of cases) {
    assertThrows(() => assertCovered("x", [4, 3], slices, "p"), DataLossError, message);
  }
});

Deno.test("readAs() rounds any real type to float32 where asked, and no other", async () => {
  const files = memoryFiles();
  const tensors = new Map<string, Tensor>([
    ["double", { dtype: "float64", shape: [2], data: Float64Array.of(0.1, -0) }],
    ["half", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xfc00) }],
    ["brain", { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc000) }],
    ["int", { dtype: "int64", shape: [2], data: BigInt64Array.of(-3n, 2n ** 53n) }],
    ["flags", { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }],
    ["single", { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) }],
    ["complex", { dtype: "complex64", shape: [1], data: Float32Array.of(1, 2) }],
    ["words", { dtype: "string", shape: [2], data: [text("a"), text("b")] }],
  ]);
  await writeCheckpoint(files, "m", tensors);
  const reader = await CheckpointReader.open(files, "m"), values: Record<string, number[]> = {};
  for (const name of [...tensors.keys()].slice(0, 6)) {
    const { dtype, data } = await reader.readAs(name, "float32", [2], { cast: true });
    assert(dtype === "float32" && data instanceof Float32Array);
    values[name] = [...data];
  }
  assertEquals(values, {
    double: [Math.fround(0.1), -0],
    half: [1, -Infinity],
    brain: [1, -2],
    int: [-3, 2 ** 53],
    flags: [1, 0],
    single: [1, 2],
  });
  for (const name of ["complex", "words"]) {
    await assertRejects(() => reader.readAs(name, "float32", [2], { cast: true }), TypeError, "float32 here");
  }
  await assertRejects(
    () => reader.readAs("single", "float64", [2], { cast: true }),
    TypeError,
    "float64 here",
  );
});
