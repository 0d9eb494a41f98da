/**
 * The machine that a pickle's opcodes drive: a stack, its marks, a memo, and the few calls that are allowed.
 *
 * Every method throws a plain `Error` with a reason that fits after "at byte N, ".
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A NumPy array of unsigned bytes, row after row. */
export class NdArray {
  /** Its sizes; none, and no data, until the file has said them. */
  shape: readonly number[] = [];
  data: Uint8Array = new Uint8Array();
}

/** What a pickle may hold; byte strings, and the strings of Python 2, are byte arrays, but text as keys. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | NdArray;

/** The calls that a pickled NumPy array needs, by their names in Python. */
const calls = {
  "_codecs.encode": "encode",
  "numpy.core.multiarray._reconstruct": "reconstruct",
  "numpy._core.multiarray._reconstruct": "reconstruct",
  "numpy.ndarray": "ndarray",
  "numpy.dtype": "dtype",
} as const;

/** A function that was named and not yet called. */
class Call {
  constructor(readonly name: (typeof calls)[keyof typeof calls]) {}
}

/** A type of array elements; only unsigned bytes are read. */
class ByteType {}

type Item = PickleValue | Call | ByteType;

/** Strings that are encoded must not make more bytes than so many times the file: old pickles write each byte as a character. */
const maxGrowth = 2;

/** The state of a pickle that is being read. */
export class PickleStack {
  #items: Item[] = [];
  readonly #marks: Item[][] = [];
  readonly #memo = new Map<number, Item>();
  #bytesLeft: number;

  /** @param fileSize bounds what calls may make */
  constructor(fileSize: number) {
    this.#bytesLeft = maxGrowth * fileSize + 1024;
  }

  /** The one value that is left at the end. */
  result(): PickleValue {
    return plain(this.pop());
  }

  push(item: PickleValue): void {
    this.#items.push(item);
  }

  pop(): PickleValue {
    if (this.#items.length === 0) throw new Error("a value is missing");
    return this.#items.pop() as PickleValue;
  }

  top(): PickleValue {
    if (this.#items.length === 0) throw new Error("a value is missing");
    return this.#items.at(-1) as PickleValue;
  }

  /** Starts a list of values that {@linkcode popMark} ends. */
  mark(): void {
    this.#marks.push(this.#items);
    this.#items = [];
  }

  /** The values since the last mark. */
  popMark(): PickleValue[] {
    const outer = this.#marks.pop();
    if (outer === undefined) throw new Error("a mark is missing");
    const values = this.#items as PickleValue[];
    this.#items = outer;
    return values;
  }

  pushTuple(length: number): void {
    const values = Array.from({ length }, () => this.pop()).reverse();
    this.push(values);
  }

  /** Adds values to the list on top. */
  append(values: PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error("values are added to what is no list");
    for (const value of values) list.push(value);
  }

  /** Puts keys and values, in turn, into the dictionary on top. */
  setItems(pairs: PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw new Error("entries are added to what is no dictionary");
    this.fill(map, pairs);
  }

  /** Puts keys and values, in turn, into a dictionary; byte strings become text as keys, so that they can be found. */
  fill(map: Map<PickleValue, PickleValue>, pairs: PickleValue[]): Map<PickleValue, PickleValue> {
    if (pairs.length % 2 !== 0) throw new Error("a key has no value");
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      map.set(key instanceof Uint8Array ? new TextDecoder().decode(key) : key, pairs[i + 1]);
    }
    return map;
  }

  /** Remembers the top under a number. */
  put(number: number): void {
    if (!Number.isSafeInteger(number)) throw new Error("a value is remembered under no number");
    this.#memo.set(number, this.top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  /** Pushes what was remembered. */
  get(number: number): void {
    const item = this.#memo.get(number);
    if (item === undefined) throw new Error(`value ${number} was never remembered`);
    this.#items.push(item);
  }

  /** Names a function or class. */
  pushCall(name: string): void {
    if (!Object.hasOwn(calls, name)) {
      throw new Error(`it asks for ${name.slice(0, 60)}, which plain data and arrays of bytes do not need`);
    }
    this.#items.push(new Call(calls[name as keyof typeof calls]));
  }

  /** {@linkcode PickleStack.pushCall} with module and name from the stack. */
  pushNamedCall(): void {
    const name = this.pop(), module = this.pop();
    this.pushCall(`${text(module)}.${text(name)}`);
  }

  /** Calls a function with the tuple on top. */
  call(): void {
    const argument = this.pop() as Item, called = this.pop() as Item;
    if (!(called instanceof Call) || !Array.isArray(argument)) {
      throw new Error("what is called is no function");
    }
    this.#items.push(this.#run(called, argument));
  }

  #run({ name }: Call, values: PickleValue[]): Item {
    if (name === "encode" && values.length === 2 && text(values[1]) === "latin1") {
      return this.#latin1(text(values[0]));
    }
    if (name === "dtype" && text(values[0]) === "u1") return new ByteType();
    if (name === "dtype") {
      throw new Error(`its array is of type ${text(values[0]).slice(0, 20)}, not of bytes (u1)`);
    }
    if (name === "reconstruct" && (values[0] as Item) instanceof Call) return new NdArray();
    throw new Error("a call has arguments that are not understood");
  }

  /** Bytes that were pickled as characters. */
  #latin1(characters: string): Uint8Array {
    this.#bytesLeft -= characters.length;
    if (this.#bytesLeft < 0) throw new Error("its strings become far more bytes than the file has");
    const bytes = new Uint8Array(characters.length);
    for (let i = 0; i < bytes.length; i++) {
      const code = characters.charCodeAt(i);
      if (code > 255) throw new Error("a byte string has a character above 255");
      bytes[i] = code;
    }
    return bytes;
  }

  /** Gives an array or a type its state. */
  build(): void {
    const state = this.pop(), object = this.top() as Item;
    if (object instanceof ByteType) return; // byte order and alignment: nothing to know about bytes
    if (!(object instanceof NdArray) || !Array.isArray(state) || state.length !== 5) {
      throw new Error("an object other than an array of bytes is built");
    }
    const [, shape, type, isFortranOrder, data] = state as Item[];
    if (
      !Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
    ) {
      throw new Error("an array has no shape");
    }
    if (!(type instanceof ByteType) || !(data instanceof Uint8Array)) {
      throw new Error("an array is not of bytes");
    }
    if (isFortranOrder === true && shape.length > 1) {
      throw new Error("an array is stored column after column");
    }
    if (shape.reduce((product: number, size) => product * (size as number), 1) !== data.length) {
      throw new Error(`an array of ${shape.join(" x ")} has ${data.length} bytes`);
    }
    object.shape = shape as number[];
    object.data = data;
  }
}

function text(value: PickleValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  throw new Error("a name is no string");
}

function plain(item: Item): PickleValue {
  if (item instanceof Call || item instanceof ByteType) throw new Error("it holds a function, not data");
  return item;
}
