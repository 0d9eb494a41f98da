// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { DataLossError } from "../formats/errors.ts";
import { NdArray, type PickleValue, readPickle } from "../formats/pickle.ts";
import { array, pickle } from "./_pickles.ts";

const read = (...parts: (string | number)[]): PickleValue => readPickle(pickle(...parts), "d/batch");

Deno.test("readPickle() reads a batch as Python 2 wrote it", () => {
  const value = read(
    "\x80\x02}q\x01(U\x04dataq\x02",
    array(2, 3, "abcdef"),
    "U\x06labelsq\x03](K\x06K\x09eu.",
  );
  const data = Object.assign(new NdArray(), { shape: [2, 3], data: new TextEncoder().encode("abcdef") });
  assertEquals(value, new Map<PickleValue, PickleValue>([["data", data], ["labels", [6, 9]]]));
});

Deno.test("readPickle() reads the values of all binary protocols", () => {
  // pickle.dumps([1, -2, 3000, 2**40, None, True, 1.5, b"\xff", "é", (1, 2), {}], protocol=4)
  const four = "\x80\x04\x95:\0\0\0\0\0\0\0]\x94(K\x01J\xfe\xff\xff\xffM\xb8\x0b\x8a\x06\0\0\0\0\0\x01N\x88" +
    "G?\xf8\0\0\0\0\0\0C\x01\xff\x94\x8c\x02\xc3\xa9\x94K\x01K\x02\x86\x94}\x94e.";
  assertEquals(read(four), [
    1,
    -2,
    3000,
    2 ** 40,
    null,
    true,
    1.5,
    Uint8Array.of(255),
    "é",
    [1, 2],
    new Map(),
  ]);
  assertEquals(read("\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."), 2n ** 63n - 1n);
  assertEquals(read("\x80\x02]q\x00(h\x00X\x01\0\0\0aq\x01h\x01e0h\x01."), "a", "memo, and a list in itself");
  // Python 3 writes byte strings of protocol 2 as characters that it encodes.
  assertEquals(
    read("\x80\x02c_codecs\nencode\nX\x02\0\0\0\xc3\xbfX\x06\0\0\0latin1\x86R."),
    Uint8Array.of(255),
  );
});

Deno.test("readPickle() runs nothing: other calls are refused by name", () => {
  const cases: [string, string][] = [
    ["\x80\x02cos\nsystem\nU\x02ls\x85R.", "at byte 2, it asks for os.system, which plain data"],
    ["\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "it asks for builtins.eval"],
    [
      "\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0rot\x86R.",
      "a call has arguments that are not understood",
    ],
    ["\x80\x02cnumpy\ndtype\nU\x02f4K\0K\x01\x87R.", "its array is of type f4, not of bytes (u1)"],
    ["\x80\x02cnumpy\ndtype\n.", "it holds a function, not data"],
    ["\x80\x02}}b.", "an object other than an array of bytes is built"],
  ];
  for (const [bytes, reason] of cases) {
    assertThrows(() => read(bytes), DataLossError, reason);
  }
});

Deno.test("readPickle() names the byte where a file is damaged", () => {
  const cases: [string, string][] = [
    ["", "at byte 0, it ends too early"],
    ["\x80\x02", "at byte 2, it ends too early"],
    ["\x80\x02T\xff\xff\xff\xffabc", "at byte 2, it ends too early"],
    ["\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc", "at byte 2, it ends too early"],
    ["\x80\x02\xf0.", "at byte 2, opcode 0xf0 is not known"],
    ["\x80\x02e.", "a mark is missing"],
    ["\x80\x02.", "a value is missing"],
    ["\x80\x02h\x07.", "value 7 was never remembered"],
    ["\x80\x02K\x01(K\x02e.", "values are added to what is no list"],
    ["\x80\x02](K\x02u.", "entries are added to what is no dictionary"],
    ["\x80\x02}(K\x02u.", "a key has no value"],
    ["\x80\x02\x8a\xff", "it ends too early"],
    ["\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01.", "it has an integer of 9 bytes"],
    ["\x80\x02X\x01\0\0\0\xff.", "at byte 2, "],
    [`\x80\x02${array(2, 3, "abcde")}.`, "an array of 2 x 3 has 5 bytes"],
  ];
  for (const [bytes, reason] of cases) assertThrows(() => read(bytes), DataLossError, reason);
  const error = assertThrows(() => read("\x80\x02e."), DataLossError);
  assertEquals([error.path, error.offset], ["d/batch", 2]);
  assertEquals(
    error.message.startsWith('Cannot read the pickle "d/batch": at byte 2, a mark is missing; check'),
    true,
  );
});

Deno.test("readPickle() bounds what a small file can become", () => {
  const text = "x".repeat(255);
  const once = "h\x01h\x02\x86R0"; // encodes the remembered text anew each time
  const bomb = `\x80\x02c_codecs\nencode\nq\x00U\xff${text}q\x01U\x06latin1q\x020` +
    Array.from({ length: 200 }, () => `h\x00${once}`).join("") + "N.";
  assertThrows(() => read(bomb), DataLossError, "far more bytes than the file has");
  assertThrows(
    () => readPickle(new Uint8Array(2 ** 21 + 2).fill("]".charCodeAt(0)), "p"),
    DataLossError,
    "it goes on after 2097152 opcodes",
  );
});
