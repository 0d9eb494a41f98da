/**
 * A node of ONNX with its operands at hand: attributes and inputs by their meaning, and what goes wrong with them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  type AttributeProto,
  AttributeProto_AttributeType as Kind,
  type NodeProto,
  type TensorProto,
} from "../../formats/onnx/onnx_pb.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Tape, Value } from "../../tape/tape.ts";
import type { Activation, Constant, Operand } from "./operand.ts";

/** Shapes and indices are short; more numbers than this are weights. */
const mostNumbers = 1 << 16;

/** What nodes share. */
export interface Surroundings {
  readonly tape: Tape;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** A variable on the tape for the values of a constant, changed by `change` where given; `key` tells changes apart. */
  variable(constant: Constant, change?: Change, isTrainable?: boolean): Value;
  /** Whether so many values more may come from nodes that fill constants. */
  canFill(count: number): boolean;
}

/** Other values of another shape made of a constant's. */
export interface Change {
  readonly key: string;
  readonly shape: readonly number[];
  readonly apply: (values: Float32Array) => Float32Array;
}

/** One node. Its methods throw a TypeError with the bare reason where the node is not as they need it. */
export class OnnxNode {
  readonly #proto: NodeProto;
  readonly #inputs: readonly (Operand | undefined)[];
  readonly #attributes = new Map<string, AttributeProto>();

  constructor(
    proto: NodeProto,
    /** Undefined where an input is left out. */
    inputs: readonly (Operand | undefined)[],
    readonly around: Surroundings,
  ) {
    this.#proto = proto;
    this.#inputs = inputs;
    for (const attribute of proto.attribute) this.#attributes.set(attribute.name, attribute);
  }

  get opType(): string {
    return this.#proto.opType;
  }

  /** Name for what it records: its own, else that of its first output. */
  get scope(): string {
    return this.#proto.name || this.#proto.output[0];
  }

  get opset(): number {
    return this.around.opset;
  }

  get inputs(): readonly (Operand | undefined)[] {
    return this.#inputs;
  }

  /** How many results it has. */
  get results(): number {
    return this.#proto.output.length;
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute);
  }

  integer(attribute: string, byDefault: number): number {
    const found = this.#attribute(attribute, Kind.INT);
    return found ? Number(found.i) : byDefault;
  }

  float(attribute: string, byDefault: number): number {
    return this.#attribute(attribute, Kind.FLOAT)?.f ?? byDefault;
  }

  integers(attribute: string, byDefault: readonly number[]): readonly number[] {
    return this.#attribute(attribute, Kind.INTS)?.ints.map(Number) ?? byDefault;
  }

  text(attribute: string, byDefault: string): string {
    const found = this.#attribute(attribute, Kind.STRING);
    return found ? new TextDecoder().decode(found.s) : byDefault;
  }

  tensor(attribute: string): TensorProto | undefined {
    return this.#attribute(attribute, Kind.TENSOR)?.t;
  }

  /** The attribute of that name; files of the first versions do not say of which kind. */
  #attribute(name: string, kind: Kind): AttributeProto | undefined {
    const found = this.#attributes.get(name);
    if (found && found.type !== kind && found.type !== Kind.UNDEFINED) {
      throw new TypeError(`its attribute ${name} is ${Kind[found.type]} where ${Kind[kind]} is expected`);
    }
    return found;
  }

  /** Input i, which must be computed by the net. */
  activation(i: number): Activation {
    const found = this.#input(i);
    if (found.kind === "activation") return found;
    throw new TypeError(`its input ${this.#proto.input[i]} is a constant, which is not supported there`);
  }

  /** Input i, which must be there before the net runs. */
  constant(i: number): Constant {
    const found = this.#input(i);
    if (found.kind === "constant") return found;
    throw new TypeError(
      `its input ${this.#proto.input[i]} is computed by the net; only constants are supported there`,
    );
  }

  /** Constant input i, or undefined if it is left out. */
  optional(i: number): Constant | undefined {
    return this.#inputs[i] === undefined ? undefined : this.constant(i);
  }

  /** A short list of numbers: an input, or an attribute in older versions; undefined if it is in neither. */
  numbers(input: number, attribute?: string): readonly number[] | undefined {
    const found = this.optional(input);
    if (found) return numbersOf(found);
    return attribute !== undefined && this.has(attribute) ? this.integers(attribute, []) : undefined;
  }

  /** A single number that is an input, or an attribute in older versions. */
  number(input: number, attribute: string, byDefault: number): number {
    const found = this.optional(input);
    return found ? numbersOf(found)[0] ?? byDefault : this.float(attribute, byDefault);
  }

  #input(i: number): Operand {
    const found = this.#inputs[i];
    if (found === undefined) throw new TypeError(`it has no input ${i}`);
    return found;
  }
}

/** The numbers of a short constant. */
export function numbersOf(constant: Constant): readonly number[] {
  if (sizeOf(constant.shape) > mostNumbers) {
    throw new TypeError(`${constant.name} has more than ${mostNumbers} numbers where a few are expected`);
  }
  return Array.from(constant.read());
}
