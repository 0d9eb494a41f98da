/**
 * Where the values of a program lie: which share the memory of others, and what memory the others have.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import type { Memory, Part, Region } from "./memory.ts";
import type { Shape, Tape, Value } from "./tape.ts";

/** The places of a program's values. */
export class Places {
  readonly #tape: Tape;
  readonly #halves: Set<Value>;
  readonly #aliases = new Map<Value, Value>();
  readonly #windows = new Map<Value, { of: Value; first: number }>();
  readonly #memories = new Map<Value, { memory: Memory; offset: number }>();

  /** `halves`: values that lie in float16. */
  constructor(tape: Tape, halves: ReadonlySet<Value>) {
    this.#tape = tape;
    this.#halves = new Set(halves);
  }

  /** A value that is not on the tape: scratch, or a part of another. */
  temporary(label: string, shape: Shape): Value {
    return { tape: this.#tape, id: -1, shape, dtype: "f32", label };
  }

  /** Says that a value lies in float16 where another does. */
  halveLike(value: Value, other: Value): void {
    if (this.bytesEach(other) === 2) this.#halves.add(value);
  }

  /** Says that a value is another under a different name or shape. */
  alias(value: Value, same: Value): void {
    this.#aliases.set(value, same);
  }

  /** Says that a value lies in another, from an element on. */
  lay(value: Value, within: Value, first: number): void {
    this.#windows.set(value, { of: within, first });
  }

  /** The elements of a value from `first` on. */
  window(of: Value, first: number, shape: Shape): Value {
    const window = { ...this.temporary(of.label, shape), dtype: of.dtype };
    this.lay(window, of, first);
    return window;
  }

  /** A value under another shape. */
  view(of: Value, shape: Shape): Value {
    const view = this.temporary(of.label, shape);
    this.alias(view, of);
    return view;
  }

  /** Gives a value memory of its own, from a byte on. */
  place(value: Value, memory: Memory, offset = 0): void {
    this.#memories.set(value, { memory, offset });
  }

  /** Whether a value has been given memory. */
  isPlaced(value: Value): boolean {
    return this.#memories.has(value);
  }

  /** The value in whose memory `value` lies. */
  root(value: Value): Value {
    let root = value;
    for (;;) {
      const next = this.#aliases.get(root) ?? this.#windows.get(root)?.of;
      if (!next) return root;
      root = next;
    }
  }

  /** The same, and the bytes of `value` in it. */
  part(value: Value): Part {
    const same = this.#aliases.get(value), window = this.#windows.get(value);
    if (same) return this.part(same);
    if (window) {
      const bytes = this.bytesEach(value), { root, offset } = this.part(window.of);
      return { root, offset: offset + bytes * window.first, size: bytes * sizeOf(value.shape) };
    }
    const isVariable = value.source?.kind === "variable";
    return { root: value, offset: 0, size: isVariable ? 4 * sizeOf(value.shape) : this.bytesOf(value) };
  }

  /** Where a value lies, when all have memory. */
  region(value: Value): Region {
    const { root, offset, size } = this.part(value), { memory, offset: first } = this.#memories.get(root)!;
    return { memory, offset: first + offset, size };
  }

  /** Bytes of an element of a value. */
  bytesEach(value: Value): number {
    return this.#halves.has(this.root(value)) ? 2 : value.dtype === "u8" ? 1 : 4;
  }

  /** Bytes of a value on the device, rounded up so that whole vec4 can be read and written. */
  bytesOf(value: Value): number {
    return Math.max(256, Math.ceil(sizeOf(value.shape) * this.bytesEach(value) / 256) * 256);
  }
}
