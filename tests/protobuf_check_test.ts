/** Damaged, foreign and hostile messages: each gets a clear error, soon and without much memory. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertThrows } from "@std/assert";
import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { DataLossError } from "../formats/errors.ts";
import { decodeGraph, encodeGraph } from "../formats/graph_def/graph_def.ts";
import { GraphDefSchema } from "../formats/graph_def/graph_pb.ts";
import { MessageWriter } from "../formats/message_writer.ts";
import { checkMessage } from "../formats/protobuf_check.ts";
import { readGraph } from "./goldens/_graph_files.ts";

const fixtures = new URL("fixtures/graphdef/", import.meta.url).pathname;

/** Most milliseconds and bytes that an answer may take. */
const mostTime = 1000, mostMemory = 256 * 2 ** 20;

/** Runs something within the limits. */
function soon<T>(what: string, run: () => T): T {
  const start = performance.now(), before = Deno.memoryUsage().rss;
  const result = run();
  const time = performance.now() - start, memory = Deno.memoryUsage().rss - before;
  assert(time < mostTime, `${what} took ${time} ms`);
  assert(memory < mostMemory, `${what} took ${memory} bytes`);
  return result;
}

/** Fails unless reading a graph fails with this reason, within the limits. */
function assertRefused(bytes: Uint8Array, reason: string): void {
  const cannot = 'Cannot read "bad.pb" as a GraphDef: ';
  soon(reason, () => assertThrows(() => decodeGraph(bytes, "bad.pb"), DataLossError, cannot + reason));
}

function field(number: number, wire: number, ...bytes: number[]): Uint8Array {
  return Uint8Array.of(number << 3 | wire, ...bytes);
}

const delimited = WireType.LengthDelimited;

/** A message inside of a field, so many times. */
function nested(field: number, depth: number, inner: Uint8Array): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = inner.length;
  for (let i = 0; i < depth; i++) {
    const head = new BinaryWriter().tag(field, delimited).uint32(length).finish();
    heads.unshift(head);
    length += head.length;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of [...heads, inner]) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A node with one attribute. */
function nodeWith(value: Uint8Array): Uint8Array {
  const entry = new MessageWriter().string(1, "value").message(2, value);
  return new MessageWriter().message(1, new MessageWriter().string(1, "n").message(5, entry)).finish();
}

Deno.test("lengths beyond the message are refused, with field and byte", () => {
  assertRefused(
    field(1, delimited, 0xff, 0xff, 0xff, 0xff, 0x07),
    "at byte 1 in node[0]: 2147483647 bytes are announced",
  );
  assertRefused(
    field(1, delimited, 0xff, 0xff, 0xff, 0xff, 0x0f),
    "at byte 1 in node[0]: 4294967295 bytes are announced",
  );
  assertRefused(
    field(1, delimited, 0xff, 0xff, 0xff, 0xff, 0x1f),
    "at byte 1 in node[0]: a number is too large",
  );
  assertRefused(
    field(1, delimited, ...new Array(11).fill(0xff)),
    "at byte 1 in node[0]: a number is too long",
  );
  const inner = new MessageWriter().string(1, "a").finish();
  const outer = new MessageWriter().message(1, Uint8Array.of(...inner, 0x12, 9, 0)).finish();
  assertRefused(
    Uint8Array.of(...outer, ...new Array(20).fill(0)),
    "at byte 6 in node[0].op: 9 bytes are announced where 1",
  );
});

Deno.test("tags of no field, of other types and unending groups are refused", () => {
  assertRefused(Uint8Array.of(0x00), "at byte 0 in field 0: there is no such field");
  assertRefused(field(1, 6), "at byte 0 in node: there is no such field");
  assertRefused(field(1, WireType.EndGroup), "at byte 0 in node: there is no such field");
  assertRefused(
    field(1, WireType.Varint, 5),
    "at byte 0 in node[0]: it is encoded as a varint where a length is expected",
  );
  assertRefused(field(9, WireType.Bit64, 1, 2), "at byte 1 in field 9: it is cut");
  assertRefused(
    field(9, WireType.StartGroup, 0x08, 0x01),
    "at byte 3 in field 9: the bytes end within a number",
  );
  assertRefused(
    Uint8Array.from({ length: 100_000 }, (_, i) => i % 2 ? 0x01 : 0xa3),
    "at byte 130 in field 20: groups lie in one another",
  );
  assertRefused(
    new MessageWriter().message(1, field(1, delimited, 1, 0xff)).finish(),
    "at byte 4 in node[0].name: the text is",
  );
});

Deno.test("foreign files are refused: an ONNX model, a picture, an archive, a checkpoint's index, random bytes", async () => {
  const onnx = new MessageWriter().integer(1, 8).string(2, "pytorch").finish();
  assertRefused(onnx, "at byte 0 in node[0]: it is encoded as a varint");
  const png = await Deno.readFile(new URL("../datasets/sample/test_images.png", import.meta.url));
  assertRefused(png, "at byte 10 in field 0: there is no such field");
  const gzip = await Deno.readFile(`${fixtures}lenet_inf_graph.pb.gz`);
  assertRefused(gzip, "at byte ");
  assertRefused(new Uint8Array(1e6), "at byte 0 in field 0: there is no such field");
});

Deno.test("messages nested too deep are refused", () => {
  const list = nested(1, 20_000, new Uint8Array()); // AttrValue.list has no list: unknown, and so a byte string
  soon("lists", () => decodeGraph(nodeWith(list), "deep.pb"));
  const entry = (value: Uint8Array) =>
    new MessageWriter().message(10, new MessageWriter().message(2, new MessageWriter().message(2, value)))
      .finish();
  let value: Uint8Array = new Uint8Array();
  for (let i = 0; i < 200; i++) value = entry(value);
  assertRefused(nodeWith(value), "at byte ");
  assertThrows(
    () => decodeGraph(nodeWith(value), "deep.pb"),
    DataLossError,
    "messages lie in one another more than 64 deep",
  );
});

Deno.test("a million nodes, shapes, strings or integers in a list are refused before they take memory", () => {
  const many = (field: number, message: Uint8Array, count: number) => {
    const one = new MessageWriter().message(field, message).finish(),
      all = new Uint8Array(one.length * count);
    for (let i = 0; i < count; i++) all.set(one, i * one.length);
    return all;
  };
  const nodeBytes = new MessageWriter().string(1, "node").string(2, "NoOp").finish();
  assertRefused(
    many(1, nodeBytes, 1e6),
    "at byte 1835008 in node[131072]: the list has more than 131072 items",
  );
  assertRefused(many(1, new Uint8Array(), 1e6), "at byte 262144 in node[131072]: the list has more than");
  // So many fields that each of them may be in a list, but not all.
  const inputs = new MessageWriter().message(1, many(3, new Uint8Array(), 125_000)).finish();
  const entries = new MessageWriter().message(1, many(5, new Uint8Array(), 125_000)).finish();
  const unknown = new MessageWriter().message(1, many(99, new Uint8Array(), 125_000)).finish();
  for (const part of [inputs, entries, unknown]) {
    const all = new Uint8Array(9 * part.length);
    for (let i = 0; i < 9; i++) all.set(part, i * part.length);
    assertRefused(all, "at byte ");
  }
  const shape = new MessageWriter().message(7, many(2, new Uint8Array(), 1e6)).finish();
  assertRefused(nodeWith(shape), "at byte ");
  const tensor = (inner: Uint8Array) => nodeWith(new MessageWriter().message(8, inner).finish());
  assertRefused(tensor(many(8, new Uint8Array(), 1e6)), "at byte ");
  const integers = new MessageWriter().message(10, new Uint8Array(2 ** 24 + 1)).finish();
  assertRefused(tensor(integers), "at byte ");
  assertThrows(
    () => decodeGraph(tensor(integers), "x"),
    DataLossError,
    "more than 16777216 integers in lists",
  );
});

Deno.test("every cut of a graph, and thousands of changed ones, give an error that names a byte, or a graph", async () => {
  const bytes = encodeGraph(await readGraph(`${fixtures}lenet48_rgb_inf_graph.pb`));
  let cuts = 0, state = 1;
  const random = (below: number) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const attempt = (changed: Uint8Array) => {
    try {
      checkMessage(GraphDefSchema, changed);
      decodeGraph(changed, "changed.pb");
      return true;
    } catch (thrown) {
      assert(thrown instanceof DataLossError, String(thrown));
      assert(/at byte \d+|holds no nodes|as the text of/.test(thrown.message), thrown.message);
      return false;
    }
  };
  for (let end = 0; end < bytes.length; end += 7) if (!attempt(bytes.subarray(0, end))) cuts++;
  assert(cuts > 1000);
  for (let i = 0; i < 3000; i++) {
    const changed = bytes.slice();
    for (let j = 0; j <= random(4); j++) changed[random(changed.length)] = random(256);
    attempt(changed);
  }
});
