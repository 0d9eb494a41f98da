// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openCheckpoint } from "../formats/checkpoint/open.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { type LazyTensor, SafetensorsFile, writeSafetensors } from "../formats/safetensors.ts";
import { parseStrictJson } from "../formats/strict_json.ts";

const tensors = new Map<string, Tensor>([
  ["conv1/weights", {
    dtype: "float32",
    shape: [2, 3],
    data: Float32Array.of(1, -0, Infinity, NaN, 1e-45, 3),
  }],
  ["double", { dtype: "float64", shape: [1], data: Float64Array.of(0.1) }],
  ["half", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xfc00) }],
  ["brain", { dtype: "bfloat16", shape: [3], data: Uint16Array.of(0x3f80, 0xc000, 1) }],
  ["i8", { dtype: "int8", shape: [3], data: Int8Array.of(-128, 0, 127) }],
  ["i16", { dtype: "int16", shape: [2], data: Int16Array.of(-32768, 32767) }],
  ["global_step", { dtype: "int32", shape: [], data: Int32Array.of(-7) }],
  ["i64", { dtype: "int64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 5n) }],
  ["u8", { dtype: "uint8", shape: [1, 1], data: Uint8Array.of(255) }],
  ["u16", { dtype: "uint16", shape: [1], data: Uint16Array.of(65535) }],
  ["u32", { dtype: "uint32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
  ["u64", { dtype: "uint64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ["flag", { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }],
  ["complex", { dtype: "complex64", shape: [1], data: Float32Array.of(1, -2) }],
  ['modèle/✓ "q" \\', { dtype: "float32", shape: [0, 3], data: new Float32Array() }],
  ["__proto__", { dtype: "float32", shape: [], data: Float32Array.of(9) }],
  ["7", { dtype: "float32", shape: [], data: Float32Array.of(7) }],
]);

/** A file as its header, in text or as an object, and so many bytes of values. */
function fileOf(header: unknown, size = 0): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text), bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const open = (bytes: Uint8Array) =>
  SafetensorsFile.open(memoryFiles({ "a.safetensors": bytes }), "a.safetensors");

Deno.test("SafetensorsFile reads every type that writeSafetensors() wrote, and the metadata", async () => {
  const files = memoryFiles(), metadata = new Map([["format", "tf"], ["note", "é\n"]]);
  await writeSafetensors(files, "a.safetensors", tensors, metadata);
  const reader = await openCheckpoint(files, "a.safetensors");
  assertEquals([reader.format, reader.metadata], ["SafeTensors", metadata]);
  assertEquals(reader.names().toSorted(), [...tensors.keys()].toSorted());
  for (const [name, tensor] of tensors) {
    assertEquals(reader.tensors.get(name), { dtype: tensor.dtype, shape: tensor.shape });
    assertEquals(await reader.read(name), tensor);
  }
});

Deno.test("writeSafetensors() aligns all values, whatever the order given", async () => {
  const files = memoryFiles();
  await writeSafetensors(files, "a", tensors);
  await writeSafetensors(files, "b", new Map([...tensors].reverse()));
  const bytes = await files.read("a");
  assertEquals(await files.read("b"), bytes);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  assertEquals(header.global_step, { dtype: "I32", shape: [], data_offsets: [72, 76] });
  const sizes: Record<string, number> = { BOOL: 1, U8: 1, I8: 1, I16: 2, U16: 2, F16: 2, BF16: 2 };
  for (const name of tensors.keys()) {
    const { dtype, data_offsets } = header[name];
    assertEquals(data_offsets[0] % (sizes[dtype] ?? Number(dtype.slice(1)) / 8), 0);
  }
});

Deno.test("writeSafetensors() fetches one tensor at a time and leaves the old file if one fails", async () => {
  const files = memoryFiles({ a: new Uint8Array(3) }), order: string[] = [];
  const lazy = (name: string, data: Float32Array): [string, LazyTensor] => [name, {
    dtype: "float32",
    shape: [1],
    read: () => {
      order.push(name);
      return { dtype: "float32", shape: [data.length], data };
    },
  }];
  await writeSafetensors(
    files,
    "b",
    new Map([lazy("y", new Float32Array(1)), lazy("x", new Float32Array(1))]),
  );
  assertEquals(order, ["x", "y"]);
  await assertRejects(
    () => writeSafetensors(files, "a", new Map([lazy("x", new Float32Array(2))])),
    TypeError,
    'Cannot write tensor "x": it is float32 [2], not float32 [1] as announced',
  );
  assertEquals((await files.read("a")).length, 3);
});

Deno.test("writeSafetensors() refuses what the format cannot hold", async () => {
  const write = (name: string, tensor: Tensor) => () =>
    writeSafetensors(memoryFiles(), "a", new Map([[name, tensor]]));
  await assertRejects(
    write("words", { dtype: "string", shape: [0], data: [] }),
    TypeError,
    'Cannot write tensor "words": SafeTensors has no type for string; leave it out',
  );
  await assertRejects(
    write("c", { dtype: "complex128", shape: [0], data: new Float64Array() }),
    TypeError,
    "no type for complex128",
  );
  await assertRejects(write("__metadata__", tensors.get("u8")!), TypeError, "the format keeps this name");
  await assertRejects(
    write("x", { dtype: "float32", shape: [2], data: new Float32Array(3) }),
    TypeError,
    "shape [2] of float32 needs 2 array elements but there are 3",
  );
});

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

Deno.test("SafetensorsFile.open() says what is wrong with a file, and where", async () => {
  const long = new Uint8Array(8);
  new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true);
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(7), "it has 7 bytes, too few for SafeTensors"],
    [long, "is longer than the 100000000 allowed"],
    [fileOf({}).subarray(0, 9), "its header of 2 bytes is longer than the file"],
    [fileOf("{"), "its header is malformed"],
    [fileOf(""), "its header is malformed"],
    [fileOf("[]"), "its header is no object"],
    [fileOf("null"), "its header is no object"],
    [fileOf("{} x"), "its header is malformed"],
    [fileOf("\ufeff{}"), "its header is malformed"],
    [fileOf("[".repeat(100_000)), "its header is malformed"],
    [fileOf({}).with(8, 0xff), "its header is malformed"],
    [fileOf('{"a":{},"\\u0061":{}}'), 'its header is malformed: "a" is there twice'],
    [fileOf('{"a":{"shape":[],"shape":[]}}'), 'its header is malformed: "shape" is there twice'],
    [fileOf({ __metadata__: { a: 1 } }), "its __metadata__ holds something else than texts"],
    [fileOf({ __metadata__: [] }), "its __metadata__ holds something else than texts"],
    [fileOf({ a: 5 }), 'tensor "a" has no dtype'],
    [fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'tensor "a" has no dtype'],
    [fileOf({ a: f32(0, 4, [-1]) }, 4), 'tensor "a" has no possible shape'],
    [fileOf({ a: f32(0, 4, [0.5]) }, 4), 'tensor "a" has no possible shape'],
    [fileOf({ a: f32(0, 4, [2 ** 30, 2 ** 30]) }, 4), 'tensor "a" has no possible shape'],
    [fileOf({ a: { ...f32(0, 4), shape: ["1"] } }, 4), 'tensor "a" has no possible shape'],
    [fileOf({ a: { ...f32(0, 4), data_offsets: [0] } }, 4), 'tensor "a" has no possible data_offsets'],
    [fileOf({ a: { ...f32(0, 4), data_offsets: [0, 4, 8] } }, 4), 'tensor "a" has no possible data_offsets'],
    [fileOf({ a: { ...f32(0, 4), data_offsets: [4, 0] } }, 4), 'tensor "a" has no possible data_offsets'],
    [fileOf({ a: { ...f32(0, 4), data_offsets: [-4, 0] } }, 4), 'tensor "a" has no possible data_offsets'],
    [
      fileOf({ a: { ...f32(0, 4), data_offsets: [0, 2 ** 60] } }, 4),
      'tensor "a" has no possible data_offsets',
    ],
    [fileOf({ a: f32(0, 4, [2]) }, 4), 'tensor "a" has 4 bytes at [0, 4] but shape [2] of F32 needs 8 bytes'],
    [fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12), 'tensor "b" overlaps tensor "a"'],
    [fileOf({ a: f32(0, 4), b: f32(0, 4) }, 4), 'tensor "b" overlaps tensor "a"'],
    [fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12), '4 bytes before tensor "b" belong to none'],
    [fileOf({ a: f32(0, 4), b: f32(4, 12) }, 8), 'tensor "b" ends at byte 12 of 8: the file is cut short'],
    [fileOf({ a: f32(0, 4) }, 5), '1 bytes after tensor "a" belong to none'],
    [fileOf({}, 5), "5 bytes after the header belong to none"],
  ];
  for (const [bytes, message] of cases) {
    const error = await assertRejects(() => open(bytes), DataLossError, message);
    assert(error.message.startsWith('Cannot read "a.safetensors": '), error.message);
    assert(error.message.endsWith("copy the file again or use another one"), error.message);
  }
  await assertRejects(() => SafetensorsFile.open(memoryFiles(), "none"), NotFoundError);
});

Deno.test("SafetensorsFile.open() takes what the format allows", async () => {
  assertEquals((await open(fileOf("{}   "))).tensors.size, 0);
  const empty = await open(fileOf({ b: f32(4, 4), a: f32(0, 4), c: f32(0, 0), d: f32(4, 4, [3, 0]) }, 4));
  assertEquals([...empty.tensors.keys()].toSorted(), ["a", "b", "c", "d"]);
  assertEquals((await empty.read("d")).data, new Float32Array());
});

Deno.test("a tensor of an unsupported type does not hinder reading the others", async () => {
  const header = { a: f32(0, 4), b: { dtype: "F8_E4M3", shape: [3], data_offsets: [4, 7] } };
  const reader = await openCheckpoint(memoryFiles({ "a.safetensors": fileOf(header, 7) }), "a.safetensors");
  assertEquals([reader.names(), [...reader.unsupported]], [["a"], [["b", "F8_E4M3"]]]);
  assertEquals((await reader.read("a")).data, new Float32Array(1));
  await assertRejects(
    () => reader.read("b"),
    TypeError,
    'Cannot read tensor "b" from "a.safetensors": its type F8_E4M3',
  );
});

Deno.test("SafetensorsFile.read() notices a file that became shorter", async () => {
  const files: Files = memoryFiles({ a: fileOf({ x: f32(0, 4) }, 4) });
  const file = await SafetensorsFile.open(files, "a");
  await files.write("a", [(await files.read("a")).slice(0, -1)]);
  await assertRejects(() => file.read("x"), DataLossError, 'Cannot read tensor "x" from "a": truncated file');
});

Deno.test("parseStrictJson() parses as JSON.parse() does", () => {
  const text = '{"a":[{"b":1},{"b":"}{\\"a\\":"}],"c":{"a":"a","b":[]},"":null}';
  assertEquals(parseStrictJson(text), JSON.parse(text));
  for (const bad of ['{"a":1,"a":1}', '[{"x":{"":1},"y":0,"x":2}]', "{'a':1}", ""]) {
    assertThrows(() => parseStrictJson(bad), SyntaxError);
  }
});
