/**
 * What flows between the nodes of a graph while it is put on a tape: values of the tape, or values that are known already.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { reasonOf } from "../../formats/errors.ts";
import type { NodeDef } from "../../formats/graph_def/graph_pb.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { reshape } from "../../tape/ops/pointwise.ts";
import type { Shape, Tape, Value } from "../../tape/tape.ts";
import { type HostTensor, numbersOf, scalarOf } from "./host_tensor.ts";

/** An input or output of a node. */
export type Operand = Computed | { readonly known: HostTensor };

/** A value of the tape. */
export interface Computed {
  readonly value: Value;
  /** The graph has in its place its pixels a block apart, in a batch of their own for each place in the block. */
  readonly block?: readonly [height: number, width: number];
}

/** An error that names the node. */
export function nodeError(node: NodeDef, reason: unknown): Error {
  const message = `Cannot import node "${node.name}" (${node.op}): ${reasonOf(reason)}`;
  const options = reason instanceof Error ? { cause: reason } : {};
  return reason instanceof TypeError ? new TypeError(message, options) : new RangeError(message, options);
}

/** Known values on a tape, each only once. */
export class Constants {
  readonly #tape: Tape;
  readonly #values = new Map<HostTensor["data"], Value[]>();

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  /** A value of floating point numbers under its own shape or another one. */
  value({ kind, data, shape: own }: HostTensor, shape: Shape = own): Value {
    if (kind !== "float") {
      throw new TypeError("an operand holds whole numbers, where floating point is needed");
    }
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`an operand has ${data.length} values, where [${shape}] is needed`);
    }
    const known = this.#values.get(data) ?? [];
    const same = known.find((value) => value.shape.join() === shape.join());
    if (same !== undefined) return same;
    const value = this.#tape.constant(data as Float32Array, shape);
    this.#values.set(data, [...known, value]);
    return value;
  }
}

/** A node with its operands, as the rules of operations see it. */
export class NodeContext {
  constructor(
    readonly node: NodeDef,
    readonly operands: readonly Operand[],
    readonly constants: Constants,
  ) {}

  /** For the operations recorded: where they come from. */
  get scoped(): { scope: string } {
    return { scope: this.node.name };
  }

  /** The operand of that number; throws a RangeError if the node has fewer, or it is in blocks. */
  operand(index: number): Operand {
    const operand = this.operands[index];
    if (operand === undefined) {
      throw new RangeError(`it has ${this.operands.length} inputs, one more is needed`);
    }
    if (this.inBlocks(index)) {
      throw new RangeError("only convolutions can come between SpaceToBatchND and BatchToSpaceND");
    }
    return operand;
  }

  /** The operand of that number if it is in blocks. */
  inBlocks(index: number): Required<Computed> | undefined {
    const operand = this.operands[index];
    if (operand === undefined || "known" in operand || operand.block === undefined) return undefined;
    return { value: operand.value, block: operand.block };
  }

  /** Shape of an operand. */
  shape(index: number): Shape {
    const operand = this.operand(index);
    return "known" in operand ? operand.known.shape : operand.value.shape;
  }

  /** An operand that must be known: a constant, or computed from constants and shapes. */
  known(index: number): HostTensor {
    const operand = this.operand(index);
    if ("known" in operand) return operand.known;
    throw new RangeError(`its input ${index} must be a constant, and this one depends on what is fed`);
  }

  /** Whether an operand is known. */
  isKnown(index: number): boolean {
    return "known" in this.operand(index);
  }

  /** The whole numbers of a known operand. */
  numbers(index: number): number[] {
    return numbersOf(this.known(index));
  }

  /** The one whole number of a known operand; throws a RangeError if there are none or several. */
  integer(index: number): number {
    const numbers = this.numbers(index);
    if (numbers.length === 1) return numbers[0];
    throw new RangeError(`its input ${index} must be one whole number, there are ${numbers.length}`);
  }

  /** The single number of a known operand; undefined if it is none. */
  scalar(index: number): number | undefined {
    const operand = this.operand(index);
    return "known" in operand ? scalarOf(operand.known) : undefined;
  }

  /** An operand on the tape, under its own shape or another one of as many values. */
  value(index: number, shape?: Shape): Value {
    const operand = this.operand(index);
    if ("known" in operand) return this.constants.value(operand.known, shape);
    if (operand.block) {
      throw new RangeError("only convolutions can come between SpaceToBatchND and BatchToSpaceND");
    }
    return shape ? reshape(operand.value, shape, this.scoped) : operand.value;
  }
}

/** What the outputs of a node are; a rule throws a RangeError or TypeError with the bare reason. */
export type Rule = (context: NodeContext) => readonly Operand[];

/** One value of the tape as a rule's outputs. */
export function computed(value: Value): readonly Operand[] {
  return [{ value }];
}

/** One known value as a rule's outputs. */
export function folded(known: HostTensor): readonly Operand[] {
  return [{ known }];
}
