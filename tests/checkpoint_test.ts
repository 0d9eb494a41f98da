// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { bfloat16ToNumber, halfToNumber, type Tensor } from "../formats/checkpoint/tensor.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";

const text = (value: string) => new TextEncoder().encode(value);

const tensors: [string, Tensor][] = [
  ["w", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -0, Infinity, NaN, 1e-45, 3) }],
  ["d", { dtype: "float64", shape: [1], data: Float64Array.of(0.1) }],
  ["half", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xfc00) }],
  ["brain", { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc000) }],
  ["i8", { dtype: "int8", shape: [3], data: Int8Array.of(-128, 0, 127) }],
  ["i16", { dtype: "int16", shape: [2], data: Int16Array.of(-32768, 32767) }],
  ["i32", { dtype: "int32", shape: [], data: Int32Array.of(-7) }],
  ["i64", { dtype: "int64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 5n) }],
  ["u8", { dtype: "uint8", shape: [1, 1], data: Uint8Array.of(255) }],
  ["u16", { dtype: "uint16", shape: [1], data: Uint16Array.of(65535) }],
  ["u32", { dtype: "uint32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
  ["u64", { dtype: "uint64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ["flag", { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }],
  ["c64", { dtype: "complex64", shape: [1], data: Float32Array.of(1, -2) }],
  ["c128", { dtype: "complex128", shape: [1], data: Float64Array.of(1, -2) }],
  ["names/é", { dtype: "string", shape: [3], data: [text(""), text("two"), new Uint8Array(300).fill(0xff)] }],
  ["empty", { dtype: "float32", shape: [0, 3], data: new Float32Array() }],
];

async function written(list = tensors, files: Files = memoryFiles()): Promise<Files> {
  await writeCheckpoint(files, "run/model.ckpt-7", new Map(list));
  return files;
}

Deno.test("CheckpointReader reads every type that writeCheckpoint() wrote", async () => {
  const reader = await CheckpointReader.open(await written(), "run/model.ckpt-7");
  assertEquals(reader.names().sort(), tensors.map(([name]) => name).sort());
  for (const [name, tensor] of tensors) {
    assertEquals(reader.tensors.get(name), { dtype: tensor.dtype, shape: tensor.shape });
    assertEquals(await reader.read(name), tensor);
  }
});

Deno.test("writeCheckpoint() sorts by code point and does not depend on the order given", async () => {
  const [one, other] = [await written(), await written(tensors.toReversed())];
  const reader = await CheckpointReader.open(one, "run/model.ckpt-7");
  assertEquals(reader.names().slice(0, 3), ["brain", "c128", "c64"]);
  for (const suffix of [".index", ".data-00000-of-00001"]) {
    assertEquals(await one.read("run/model.ckpt-7" + suffix), await other.read("run/model.ckpt-7" + suffix));
  }
});

Deno.test("writeCheckpoint() fetches tensors one by one, and leaves the old files alone meanwhile", async () => {
  const files = memoryFiles({ "m.index": new Uint8Array(1), "m.data-00000-of-00001": new Uint8Array(2) });
  const order: string[] = [];
  const fetch = (name: string) => async () => {
    order.push(name);
    assertEquals([await files.size("m.index"), await files.size("m.data-00000-of-00001")], [1, 2]);
    return { dtype: "float32", shape: [1], data: new Float32Array(1) } as Tensor;
  };
  await writeCheckpoint(files, "m", new Map([["b", fetch("b")], ["a", fetch("a")]]));
  assertEquals(order, ["a", "b"]);
  assertEquals((await CheckpointReader.open(files, "m")).names(), ["a", "b"]);
});

Deno.test("writeCheckpoint() refuses odd names and data that does not fit", async () => {
  const cases: [string, Tensor, string][] = [
    ["", tensors[0][1], 'Cannot write tensor ""'],
    ["\0x", tensors[0][1], "checkpoints keep such names for themselves"],
    [
      "w",
      { dtype: "float32", shape: [2], data: new Float32Array(3) },
      'tensor "w": shape [2] of float32 needs 2 array',
    ],
    ["w", { dtype: "float32", shape: [2], data: new Int32Array(2) } as never, "belong into a Float32Array"],
  ];
  for (const [name, tensor, message] of cases) {
    const files = memoryFiles();
    await assertRejects(() => writeCheckpoint(files, "m", new Map([[name, tensor]])), TypeError, message);
    assertEquals(await files.size("m.index"), undefined);
  }
});

Deno.test("CheckpointReader.open() says what to give if there is no checkpoint", async () => {
  for (const path of ["run/model.ckpt-8", "run/model.ckpt-7.index", "nowhere/x", "x"]) {
    const files = await written();
    if (path.endsWith(".index")) {
      await assertRejects(() => CheckpointReader.open(files, path), DataLossError);
    } else {
      await assertRejects(
        () => CheckpointReader.open(files, path),
        NotFoundError,
        "give the path without .index",
      );
    }
  }
});

Deno.test("readAs() checks type and shape and names both sides", async () => {
  const reader = await CheckpointReader.open(await written(), "run/model.ckpt-7");
  assertEquals((await reader.readAs("w", "float32", [2, 3])).data.length, 6);
  assertEquals((await reader.readAs("w", "float32", [6], { reshape: true })).shape, [6]);
  await assertRejects(
    () => reader.readAs("w", "float32", [3, 2]),
    TypeError,
    'Cannot restore "w" from "run/model.ckpt-7": its shape is [2, 3] there but [3, 2] here',
  );
  await assertRejects(() => reader.readAs("w", "float32", [7], { reshape: true }), TypeError);
  await assertRejects(
    () => reader.readAs("w", "float64", [2, 3]),
    TypeError,
    "it is float32 there but float64 here",
  );
  await assertRejects(() => reader.readAs("v", "float32", []), NotFoundError, 'Cannot read tensor "v"');
});

Deno.test("CheckpointReader finds every changed byte of the data in the tensor that holds it", async () => {
  const files = await written();
  const path = "run/model.ckpt-7.data-00000-of-00001";
  const good = await files.read(path);
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at] ^= 0x20;
    await files.write(path, [bad]);
    const reader = await CheckpointReader.open(files, "run/model.ckpt-7");
    let damaged = 0;
    for (const name of reader.names()) {
      try {
        await reader.read(name);
      } catch (error) {
        assert(error instanceof DataLossError && error.message.includes(`"${name}"`));
        damaged++;
      }
    }
    assertEquals(damaged, 1);
  }
});

Deno.test("CheckpointReader reports every changed byte of the index or reads the same", async () => {
  const files = await written();
  const path = "run/model.ckpt-7.index";
  const good = await files.read(path);
  let harmless = 0;
  for (let at = 0; at < good.length; at++) {
    for (const bytes of [good.with(at, good[at] ^ 0x04), good.subarray(0, at)]) {
      await files.write(path, [bytes]);
      try {
        const reader = await CheckpointReader.open(files, "run/model.ckpt-7");
        for (const [name, tensor] of tensors) assertEquals(await reader.read(name), tensor);
        harmless++;
      } catch (error) {
        if (!(error instanceof DataLossError)) throw error;
      }
    }
  }
  assert(harmless <= 13 + 40); // the empty meta index block, which nobody reads, and the footer's padding
});

Deno.test("halfToNumber() and bfloat16ToNumber() give every kind of value", () => {
  const halves = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00];
  assertEquals(halves.map(halfToNumber), [
    0,
    -0,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    1,
    65504,
    Infinity,
    -Infinity,
  ]);
  assert(Number.isNaN(halfToNumber(0x7e00)));
  assertEquals([0x3f80, 0xbf00, 0x7f80, 0x0000].map(bfloat16ToNumber), [1, -0.5, Infinity, 0]);
});
