// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  bytesFeature,
  decodeExample,
  encodeExample,
  ExampleError,
  type Feature,
  floatFeature,
  int64Feature,
  parseSingleExample,
} from "../formats/example.ts";

const features: Record<string, Feature> = {
  "image/encoded": bytesFeature(new Uint8Array([0, 255]), "text é"),
  "image/class/label": int64Feature(7, -1, 2n ** 63n - 1n, -(2n ** 63n)),
  weights: floatFeature(0.1, -0, Infinity, NaN),
  nothing: { kind: null },
  empty: int64Feature(),
  "": floatFeature(1),
};

Deno.test("decodeExample() reads what encodeExample() wrote", () => {
  const decoded = decodeExample(encodeExample(features));
  assertEquals(Object.fromEntries(decoded), features);
});

Deno.test("encodeExample() does not depend on the order of its keys", () => {
  const reversed = new Map(Object.entries(features).reverse());
  assertEquals(encodeExample(reversed), encodeExample(features));
});

Deno.test("encodeExample() packs lists and sorts keys by code point", () => {
  const bytes = encodeExample({ b: int64Feature(1, 300), a: bytesFeature("x") });
  assertEquals(
    bytes,
    new Uint8Array([
      ...[10, 26],
      ...[10, 10, 10, 1, 97, 18, 5, 10, 3, 10, 1, 120],
      ...[10, 12, 10, 1, 98, 18, 7, 26, 5, 10, 3, 1, 172, 2],
    ]),
  );
});

Deno.test("encodeExample() refuses an integer beyond 64 bits", () => {
  assertThrows(
    () => encodeExample({ n: int64Feature(2n ** 63n) }),
    RangeError,
    'Cannot encode feature "n": 9223372036854775808 does not fit into 64 bits',
  );
});

Deno.test("decodeExample() refuses keys that are no UTF-8", () => {
  const bytes = encodeExample({ a: { kind: null } });
  bytes[bytes.indexOf(97)] = 0xff;
  assertThrows(() => decodeExample(bytes), ExampleError, "Cannot decode a tf.Example of");
});

Deno.test("decodeExample() and parseSingleExample() throw nothing but ExampleError on damaged bytes", () => {
  const good = encodeExample(features);
  let errors = 0;
  for (let at = 0; at < good.length; at++) {
    for (const value of [0, 0x0f, 0x80, 0xff, good[at] ^ 1]) {
      const bad = good.slice();
      bad[at] = value;
      for (
        const bytes of [bad, bad.subarray(0, at), new Uint8Array([...bad.subarray(0, at), value, 0xff, 0xff])]
      ) {
        for (
          const read of [
            decodeExample,
            (b: Uint8Array) => parseSingleExample(b, { a: { length: "variable", kind: "float" } }),
          ]
        ) {
          try {
            read(bytes);
          } catch (error) {
            if (!(error instanceof ExampleError)) throw error;
            errors++;
          }
        }
      }
    }
  }
  assert(errors > 100);
});

Deno.test("decodeExample() does not overflow the stack on nested groups", () => {
  assertThrows(() => decodeExample(new Uint8Array(1e6).fill(0x0b)), ExampleError, "Cannot decode");
});

Deno.test("parseSingleExample() gives values with the shapes that were asked for", () => {
  const parsed = parseSingleExample(encodeExample(features), {
    weights: { length: "fixed", kind: "float", shape: [2, 2] },
    "image/encoded": { length: "variable", kind: "bytes" },
    absent: { length: "fixed", kind: "int64", shape: [], default: [5n] },
    "also absent": { length: "variable", kind: "float" },
  });
  assertEquals(parsed.weights, {
    kind: "float",
    shape: [2, 2],
    value: Float32Array.of(0.1, -0, Infinity, NaN),
  });
  assertEquals(parsed["image/encoded"].shape, [2]);
  assertEquals(parsed.absent, { kind: "int64", shape: [], value: [5n] });
  assertEquals(parsed["also absent"], { kind: "float", shape: [0], value: new Float32Array() });
});

Deno.test("parseSingleExample() names the key and the fault", () => {
  const bytes = encodeExample(features);
  const cases = [
    [
      { absent: { length: "fixed", kind: "int64", shape: [] } },
      "missing",
      'Cannot parse feature "absent" (int64): it is required',
    ],
    [
      { weights: { length: "variable", kind: "int64" } },
      "type",
      'Cannot parse feature "weights": it is a float list',
    ],
    [
      { weights: { length: "fixed", kind: "float", shape: [3] } },
      "list",
      "it has 4 values but shape [3] wants 3",
    ],
    [
      { empty: { length: "fixed", kind: "int64", shape: [], default: [1n] } },
      "list",
      "it has 0 values but shape [] wants 1",
    ],
  ] as const;
  for (const [specs, reason, message] of cases) {
    const error = assertThrows(() => parseSingleExample(bytes, specs as never), ExampleError, message);
    assertEquals([error.reason, error.key], [reason, Object.keys(specs)[0]]);
  }
  const error = assertThrows(() => parseSingleExample(new Uint8Array([0x0c]), {}), ExampleError);
  assertEquals(error.reason, "malformed");
});
