/**
 * Python pickles of plain data: dictionaries, lists, tuples, strings, numbers and NumPy arrays of bytes, in the binary protocols, 1 to 5.
 *
 * A pickle is a program that may call anything. This reader runs none of it: it knows the few calls that NumPy's arrays are
 * made of, and refuses a file that asks for another.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, reasonOf } from "./errors.ts";
import { PickleStack, type PickleValue } from "./pickle_stack.ts";

export { NdArray, type PickleValue } from "./pickle_stack.ts";

/** A reader of the opcodes' operands. */
class Operands {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  take(count: number): Uint8Array {
    if (!(count >= 0 && count <= this.#bytes.length - this.position)) throw new Error("it ends too early");
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  /** An unsigned little-endian integer of 1, 2, 4 or 8 bytes. */
  unsigned(size: 1 | 2 | 4 | 8): number {
    return this.take(size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  int32(): number {
    return new DataView(this.take(4).slice().buffer).getInt32(0, true);
  }

  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.position - 8);
  }

  /** The text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new Error("it ends too early");
    const line = this.take(end - this.position);
    this.position++;
    return utf8(line);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Most opcodes of a file: CIFAR-100's largest has 400,000. Each may make an object, so this bounds the memory. */
const maxSteps = 2 ** 21;

/** An integer of any length, two's complement, least byte first. */
function long(bytes: Uint8Array): number | bigint {
  if (bytes.length > 8) throw new Error(`it has an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return small(BigInt.asIntN(8 * bytes.length, value));
}

function small(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** What each opcode does; the names are those of Python's `pickletools`. */
const opcodes: Readonly<Record<string, (input: Operands, stack: PickleStack) => void>> = {
  "\x80": (input) => void input.take(1), // PROTO
  "\x95": (input) => void input.take(8), // FRAME
  "(": (_, stack) => stack.mark(),
  "0": (_, stack) => void stack.pop(),
  "1": (_, stack) => void stack.popMark(),
  "2": (_, stack) => stack.push(stack.top()),
  N: (_, stack) => stack.push(null),
  "\x88": (_, stack) => stack.push(true),
  "\x89": (_, stack) => stack.push(false),
  J: (input, stack) => stack.push(input.int32()),
  K: (input, stack) => stack.push(input.unsigned(1)),
  M: (input, stack) => stack.push(input.unsigned(2)),
  "\x8a": (input, stack) => stack.push(long(input.take(input.unsigned(1)))),
  "\x8b": (input, stack) => stack.push(long(input.take(input.unsigned(4)))),
  G: (input, stack) => stack.push(input.float64()),
  T: (input, stack) => stack.push(input.take(input.unsigned(4))),
  U: (input, stack) => stack.push(input.take(input.unsigned(1))),
  B: (input, stack) => stack.push(input.take(input.unsigned(4))),
  C: (input, stack) => stack.push(input.take(input.unsigned(1))),
  "\x8e": (input, stack) => stack.push(input.take(input.unsigned(8))),
  "\x96": (input, stack) => stack.push(input.take(input.unsigned(8))),
  X: (input, stack) => stack.push(utf8(input.take(input.unsigned(4)))),
  "\x8c": (input, stack) => stack.push(utf8(input.take(input.unsigned(1)))),
  "\x8d": (input, stack) => stack.push(utf8(input.take(input.unsigned(8)))),
  "]": (_, stack) => stack.push([]),
  ")": (_, stack) => stack.push([]),
  "}": (_, stack) => stack.push(new Map()),
  l: (_, stack) => stack.push(stack.popMark()),
  t: (_, stack) => stack.push(stack.popMark()),
  d: (_, stack) => stack.push(stack.fill(new Map(), stack.popMark())),
  "\x85": (_, stack) => stack.pushTuple(1),
  "\x86": (_, stack) => stack.pushTuple(2),
  "\x87": (_, stack) => stack.pushTuple(3),
  a: (_, stack) => stack.append([stack.pop()]),
  e: (_, stack) => stack.append(stack.popMark()),
  s: (_, stack) => stack.setItems([stack.pop(), stack.pop()].reverse()),
  u: (_, stack) => stack.setItems(stack.popMark()),
  q: (input, stack) => stack.put(input.unsigned(1)),
  r: (input, stack) => stack.put(input.unsigned(4)),
  "\x94": (_, stack) => stack.memoize(),
  h: (input, stack) => stack.get(input.unsigned(1)),
  j: (input, stack) => stack.get(input.unsigned(4)),
  c: (input, stack) => stack.pushCall(`${input.line()}.${input.line()}`),
  "\x93": (_, stack) => stack.pushNamedCall(),
  R: (_, stack) => stack.call(),
  b: (_, stack) => stack.build(),
};

/**
 * Reads a pickle.
 *
 * Byte strings and arrays are views of `bytes` where the file has them as they are.
 *
 * @param path the file's name, for error messages
 * @throws {DataLossError} if it is cut, damaged, or holds anything but plain data
 *
 * @example Usage
 * ```ts
 * import { readPickle } from "./pickle.ts";
 *
 * const bytes = Uint8Array.of(0x80, 2, 0x5d, 0x28, 0x4b, 1, 0x4b, 2, 0x65, 0x2e); // pickle.dumps([1, 2], 2)
 * readPickle(bytes, "numbers.pkl"); // [1, 2]
 * ```
 */
export function readPickle(bytes: Uint8Array, path: string): PickleValue {
  const input = new Operands(bytes), stack = new PickleStack(bytes.length);
  let offset = 0;
  try {
    for (let step = 0; step < maxSteps; step++) {
      offset = input.position;
      const opcode = String.fromCharCode(input.unsigned(1));
      if (opcode === ".") return stack.result();
      if (!Object.hasOwn(opcodes, opcode)) {
        throw new Error(`opcode 0x${opcode.charCodeAt(0).toString(16).padStart(2, "0")} is not known`);
      }
      opcodes[opcode](input, stack);
    }
    throw new Error(`it goes on after ${maxSteps} opcodes`);
  } catch (thrown) {
    throw new DataLossError(
      `Cannot read the pickle "${path}": at byte ${offset}, ${
        reasonOf(thrown)
      }; check that it is the right file, and download it ` +
        "again",
      { path, offset },
      { cause: thrown },
    );
  }
}
