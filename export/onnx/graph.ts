/**
 * A graph of ONNX in the making: nodes, names, weights.
 *
 * Values of four dimensions are [n, height, width, channels] on the tape and [n, channels, height, width] here; all others
 * have the tape's order.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create, type MessageInitShape } from "npm:@bufbuild/protobuf@2.17.0";
import {
  AttributeProto_AttributeType as Kind,
  type AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from "../../formats/onnx/onnx_pb.ts";
import type { OnnxWeights } from "../../formats/onnx/write.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Shape, Value } from "../../tape/tape.ts";
import { permute } from "../../formats/permute.ts";

/** Value of an attribute: an integer, a number with a fraction, integers, or a text. */
export type Attribute = number | { readonly float: number } | readonly number[] | string;
/** Attributes by name. */
export type Attributes = Readonly<Record<string, Attribute>>;
/** Fetches the values of a variable, row-major. */
export type WeightSource = (name: string) => Float32Array | Promise<Float32Array>;

/** [n, channels, height, width] of [n, height, width, channels]; other shapes as they are. */
export function onnxShape(shape: Shape): Shape {
  return shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape;
}

function attribute(name: string, value: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === "number") return { name, type: Kind.INT, i: BigInt(value) };
  if (typeof value === "string") return { name, type: Kind.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: Kind.FLOAT, f: value.float };
  return { name, type: Kind.INTS, ints: value.map(BigInt) };
}

/** Collects a graph. */
export class OnnxGraph {
  readonly nodes: NodeProto[] = [];
  /** Small tensors that decide shapes and factors. */
  readonly constants: TensorProto[] = [];
  readonly weights: OnnxWeights[] = [];
  readonly #source: WeightSource;
  readonly #names = new Map<Value, string>();
  /** Names of the graph's outputs. */
  readonly #reserved: ReadonlyMap<Value, string>;
  readonly #taken: Set<string>;
  /** Names of tensors by what they hold. */
  readonly #known = new Map<string, string>();

  constructor(source: WeightSource, outputs: ReadonlyMap<Value, string>) {
    this.#source = source;
    this.#reserved = outputs;
    this.#taken = new Set(outputs.values());
  }

  /** Names an input of the graph. */
  addInput(value: Value, name: string): void {
    this.#names.set(value, name);
    this.#taken.add(name);
  }

  /** Name of a value that was defined before. */
  nameOf(value: Value): string {
    const name = this.#names.get(value);
    if (name === undefined) {
      throw new TypeError(`Cannot export ${value.label} to ONNX: nothing in the exported net computes it`);
    }
    return name;
  }

  /** Whether a value is an output of the graph. */
  isOutput(value: Value): boolean {
    return this.#reserved.has(value);
  }

  /** Adds a node that computes a value of the tape. */
  define(
    value: Value,
    opType: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    scope = "",
  ): void {
    const reserved = this.#reserved.get(value);
    this.#names.set(value, this.#add(scope, opType, inputs, attributes, reserved));
  }

  /** Gives a value that has another name already one more. */
  alias(value: Value, name: string): void {
    this.#add("", "Identity", [this.nameOf(value)], {}, name);
  }

  /** Adds a node in between; returns the name of what it computes. */
  step(scope: string, opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#add(scope, opType, inputs, attributes);
  }

  #add(
    scope: string,
    opType: string,
    inputs: readonly string[],
    attributes: Attributes,
    reserved?: string,
  ): string {
    const name = this.#unique(scope ? `${scope}/${opType}` : opType), output = reserved ?? name;
    this.nodes.push(create(NodeProtoSchema, {
      name,
      opType,
      input: [...inputs],
      output: [output],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    }));
    return output;
  }

  #unique(name: string): string {
    let free = name;
    for (let i = 1; this.#taken.has(free); i++) free = `${name}_${i}`;
    this.#taken.add(free);
    return free;
  }

  /** A tensor of integers, for shapes and margins. */
  integers(values: readonly number[]): string {
    const { INT64: dataType } = TensorProto_DataType;
    return this.#constant(`integers ${values}`, `sizes_${values.join("_")}`, {
      dims: [BigInt(values.length)],
      dataType,
      rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
    });
  }

  /** A tensor of float32: a scalar, or a list. */
  floats(values: number | readonly number[]): string {
    const list = typeof values === "number" ? [values] : values;
    return this.#constant(`floats ${values}`, `numbers_${list.join("_")}`, {
      dims: typeof values === "number" ? [] : [BigInt(list.length)],
      dataType: TensorProto_DataType.FLOAT,
      rawData: new Uint8Array(Float32Array.from(list).buffer),
    });
  }

  #constant(key: string, name: string, tensor: MessageInitShape<typeof TensorProtoSchema>): string {
    return this.#once(key, () => {
      const unique = this.#unique(name);
      this.constants.push(create(TensorProtoSchema, { ...tensor, name: unique }));
      return unique;
    });
  }

  #once(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  /** Weights under a name of their own; they are fetched when the file is written. */
  tensor(name: string, dims: readonly number[], read: OnnxWeights["read"]): string {
    const unique = this.#unique(name);
    this.weights.push({ name: unique, dims, read });
    return unique;
  }

  /** A variable or constant of the tape as it is, or seen as `view` with its dimensions in another order. */
  variable(
    value: Value,
    layout: { view: Shape; order: readonly number[]; dims: Shape } | undefined = undefined,
  ): string {
    return this.#once(`${value.id} ${JSON.stringify(layout)}`, () => {
      const { view, order, dims } = layout ?? { view: value.shape, order: [], dims: value.shape };
      return this.tensor(value.label, dims, async () => {
        const values = await this.values(value);
        return order.length > 0 ? permute(values, view, order) : values;
      });
    });
  }

  /** Fetches the values of a variable or constant of the tape. */
  async values({ source, label, shape }: Value): Promise<Float32Array> {
    if (source?.kind === "constant") return source.data;
    const values = await this.#source(label);
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(`Cannot export ${label}: [${shape}] is not the shape of ${values.length} values`);
    }
    return values;
  }
}

/** Whether a value is there before anything has run: a variable or a constant. */
export function isGiven({ source }: Value): boolean {
  return source?.kind === "variable" || source?.kind === "constant";
}
