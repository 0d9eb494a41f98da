/**
 * The tape: a net, its loss and its gradients, recorded as operations on values. Recording checks shapes and runs nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Emitter } from "../kernels/emitter.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import { sizeOf } from "../kernels/kernel.ts";

/** Dimensions; images are [n, height, width, channels]. */
export type Shape = readonly number[];
/** Element type. `u8` values exist only as feeds; four of them share a word on the device. */
export type DType = "f32" | "i32" | "u32" | "u8";

/** What the device finds under a value before any operation has run. */
export type Source =
  | {
    readonly kind: "feed";
    readonly name: string; /** Whether it takes any number of bytes. */
    readonly grows?: boolean;
  }
  | { readonly kind: "variable"; readonly variable: Variable }
  | { readonly kind: "state" }
  | { readonly kind: "constant"; readonly data: Float32Array };

/** A tensor on the tape: a source, or an output of a node. */
export interface Value {
  readonly tape: Tape;
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Scope and operation, for messages. */
  readonly label: string;
  readonly source?: Source;
  readonly node?: Node;
}

/** A named parameter. Its name is TF-Slim's, because checkpoints are keyed by it. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  /** Fills the initial values, row-major; `seed` is the run's. */
  readonly initialize: (shape: Shape, seed: number, name: string) => Float32Array;
  readonly value: Value;
}

/** One recorded operation. */
export interface Node {
  readonly operation: Operation<unknown>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: unknown;
  readonly scope: string;
}

/** What a gradient rule sees. */
export interface GradientContext<A> {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Gradient of the loss for each output; undefined where the loss does not depend on it. */
  readonly gradients: readonly (Value | undefined)[];
  readonly attributes: A;
  /** Whether the gradient of input i is wanted. */
  readonly wanted: readonly boolean[];
}

/** What lowering sees: where inputs and outputs lie, and what the compiler fused into the operation. */
export interface LowerContext<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
  readonly epilogue: Epilogue<Value>;
  /** Whether the output's rounding is magnified by what follows: in training it is. */
  readonly isSensitive: boolean;
  /** Index of the first image, where the operation is lowered for a part of its batch; else 0. */
  readonly firstImage: number;
}

/** How an operation on a part of the batch is a part of the operation. */
export interface BatchRule {
  /** Inputs that every part needs whole. All others, and the outputs of "map", have the batch as first dimension. */
  readonly shared?: readonly number[];
  /** The outputs of the parts, one after another, are the outputs ("map"), or their sum is ("sum"). */
  readonly outputs: "map" | "sum";
}

/** Bias or batch normalization, a residual and an activation; all but the residual; only the activation. */
export type EpilogueKind = "all" | "channels" | "activation";

/** A kind of operation: shape rule, gradient rule, launches. */
export interface Operation<A> {
  /** Name, as in messages and profiles. */
  readonly name: string;
  /** Element types of the inputs. Left out: all are f32, as are all outputs. */
  readonly dtypes?: readonly DType[];
  /** Shapes of the outputs; throws a RangeError with the bare reason if the inputs do not fit. */
  readonly infer: (inputs: readonly Shape[], attributes: A) => Shape[];
  /** Gradient for each input; undefined for those that have none or are not wanted. */
  readonly gradient?: (context: GradientContext<A>) => (Value | undefined)[];
  /** Emits the launches. Left out for an alias: the output is the input's memory under another shape. */
  readonly lower?: (emitter: Emitter<Value>, context: LowerContext<A>) => void;
  /** Multiply-accumulate operations, for descriptions of nets; left out: none to speak of. */
  readonly macs?: (inputs: readonly Shape[], outputs: readonly Shape[], attributes: A) => number;
  /** Left out, or undefined for these attributes: tensors larger than a storage binding cannot be split. */
  readonly batch?: (attributes: A) => BatchRule | undefined;
  /** What can become part of it where it follows the first output. */
  readonly epilogue?: (inputs: readonly Shape[], attributes: A) => EpilogueKind | undefined;
  /**
   * Whether each channel is computed alone, and zeros from zeros: channels are the last dimension of all inputs and of the only
   * output. Its lowering takes shapes from these alone.
   */
  readonly channelwise?: boolean;
  /** Whether the output is the first input, changed in place; that must be a state. */
  readonly inPlace?: boolean;
}

/** Declares an operation. */
export function defineOperation<A>(operation: Operation<A>): Operation<A> {
  return operation;
}

/** A growing list of operations. */
export class Tape {
  readonly nodes: Node[] = [];
  /** In the order of their making, which is TF-Slim's. */
  readonly variables: Map<string, Variable> = new Map();
  readonly feeds: Map<string, Value> = new Map();
  #nextId = 0;

  #value(shape: Shape, dtype: DType, label: string, origin: { source?: Source; node?: Node }): Value {
    if (!shape.every((d) => Number.isInteger(d) && d >= 1)) {
      throw new RangeError(`Cannot make ${label} [${shape}]: dimensions are whole numbers of at least 1`);
    }
    return { tape: this, id: this.#nextId++, shape, dtype, label, ...origin };
  }

  /** A tensor that the caller writes before each run. Asking again for the same name gives the same value. */
  feed(name: string, shape: Shape, dtype: DType = "f32"): Value {
    const known = this.feeds.get(name);
    if (known && known.dtype === dtype && known.shape.join() === shape.join()) return known;
    if (known) {
      throw new TypeError(
        `Cannot feed ${name} as ${dtype} [${shape}]: it is already fed as ${known.dtype} [${known.shape}]`,
      );
    }
    return this.#feed(shape, dtype, { kind: "feed", name });
  }

  /**
   * Bytes that the caller writes before each run, another number each time if need be: the program takes more memory when
   * there are more than ever before.
   *
   * @param typical how many there will be, for the memory that is planned
   */
  bytesFeed(name: string, typical: number): Value {
    const known = this.feeds.get(name);
    if (known?.source?.kind === "feed" && known.source.grows) return known;
    if (known) throw new TypeError(`Cannot feed ${name} as bytes: it is already fed as ${known.dtype}`);
    return this.#feed([typical], "u8", { kind: "feed", name, grows: true });
  }

  #feed(shape: Shape, dtype: DType, source: Source & { kind: "feed" }): Value {
    const value = this.#value(shape, dtype, source.name, { source });
    this.feeds.set(source.name, value);
    return value;
  }

  /** A tensor of the program's own that lasts from run to run, 0 at first. */
  state(label: string, shape: Shape): Value {
    return this.#value(shape, "f32", label, { source: { kind: "state" } });
  }

  /** A tensor of fixed values. */
  constant(data: Float32Array, shape: Shape): Value {
    if (data.length !== sizeOf(shape)) {
      throw new TypeError(`Cannot make a constant of shape [${shape}]: got ${data.length} values`);
    }
    return this.#value(shape, "f32", "constant", { source: { kind: "constant", data } });
  }

  /** A parameter; asking again for the same name gives the same one, for nets that are built twice. */
  variable(
    name: string,
    shape: Shape,
    options: { trainable?: boolean; initialize: Variable["initialize"] },
  ): Value {
    const known = this.variables.get(name);
    if (known && known.shape.join() === shape.join()) return known.value;
    if (known) {
      throw new TypeError(
        `Cannot make variable ${name} with shape [${shape}]: it exists with shape [${known.shape}]`,
      );
    }
    const source = { kind: "variable" as const, variable: undefined as unknown as Variable };
    const value = this.#value(shape, "f32", name, { source });
    source.variable = {
      name,
      shape,
      trainable: options.trainable ?? true,
      initialize: options.initialize,
      value,
    };
    this.variables.set(name, source.variable);
    return value;
  }

  /** Records an operation. Throws a RangeError or TypeError that names scope, operation and operands if they do not fit. */
  apply<A>(operation: Operation<A>, inputs: readonly Value[], attributes: A, scope = ""): Value[] {
    const where = scope ? ` in ${scope}` : "";
    for (const [i, { tape, label, dtype }] of inputs.entries()) {
      const needed = operation.dtypes?.[i] ?? "f32";
      const reason = tape !== this
        ? "it is on another tape"
        : dtype !== needed
        ? `operand ${i} must be ${needed}, this is ${dtype}`
        : undefined;
      if (reason) throw new TypeError(`Cannot apply ${operation.name}${where} to ${label}: ${reason}`);
    }
    let shapes: Shape[];
    try {
      shapes = operation.infer(inputs.map((i) => i.shape), attributes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const of = inputs.map((i) => `[${i.shape}]`).join(", ");
      throw new RangeError(`Cannot apply ${operation.name}${where} to ${of}: ${error.message}`);
    }
    const outputs: Value[] = [];
    const node: Node = { operation: operation as Operation<unknown>, inputs, outputs, attributes, scope };
    const label = scope ? `${scope}/${operation.name}` : operation.name;
    for (const shape of shapes) outputs.push(this.#value(shape, "f32", label, { node }));
    this.nodes.push(node);
    return outputs;
  }
}
