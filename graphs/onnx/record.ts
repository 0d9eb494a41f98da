/**
 * An ONNX model put on a tape: image classifiers that use the operations there are.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { DataLossError, reasonOf } from "../../formats/errors.ts";
import {
  type NodeProto,
  TensorProto_DataType as Type,
  type ValueInfoProto,
} from "../../formats/onnx/onnx_pb.ts";
import type { OnnxModel } from "../../formats/onnx/read.ts";
import { nameOfOnnxType } from "../../formats/onnx/tensor.ts";
import type { Tape, Value } from "../../tape/tape.ts";
import { constantOfTensor, constantRules } from "./constants.ts";
import { elementwiseRules } from "./elementwise.ts";
import { layerRules } from "./layers.ts";
import { OnnxNode, type Surroundings } from "./node.ts";
import { type Activation, imageAxes, type Operand, plain, plainAxes } from "./operand.ts";
import { shapeRules } from "./shapes.ts";
import { convolution, globalPooling, pooling } from "./windows.ts";

/** A model on a tape. */
export interface RecordedModel {
  /** The images, a feed: float32 [n, height, width, channels], whatever order the model has. */
  readonly images: Value;
  /** Its results by their names, in the model's order of dimensions. */
  readonly outputs: ReadonlyMap<string, Value>;
}

/** What a model leaves open. */
export interface RecordOnnxOptions {
  /** Left out: the model's own, or 1. */
  readonly batchSize?: number;
  /** Height and width. Left out: the model's own. */
  readonly imageSize?: readonly [height: number, width: number];
}

/** Oldest version of the operators whose meaning is known here. */
const oldestOpset = 7;
/** Channels that the last dimension of an image may have where the second cannot be one. */
const channelCounts = [1, 3, 4];

const rules: Readonly<Record<string, (node: OnnxNode) => Activation>> = {
  ...elementwiseRules,
  ...layerRules,
  ...shapeRules,
  AveragePool: pooling,
  Conv: convolution,
  GlobalAveragePool: globalPooling,
  GlobalMaxPool: globalPooling,
  MaxPool: pooling,
};

/** A model being recorded. */
class Recording implements Surroundings {
  readonly tape: Tape;
  readonly opset: number;
  readonly #model: OnnxModel;
  readonly #operands = new Map<string, Operand>();
  readonly #variables = new Map<string, Value>();
  readonly #names = new Map<string, number>();

  constructor(tape: Tape, model: OnnxModel) {
    this.tape = tape;
    this.#model = model;
    const own = model.opsetImport.find(({ domain }) => isOwn(domain));
    this.opset = Number(own?.version ?? 0);
    if (this.opset < oldestOpset) {
      throw new TypeError(
        `its operators are of version ${this.opset}, and ${oldestOpset} is the oldest that is read`,
      );
    }
  }

  run(options: RecordOnnxOptions): RecordedModel {
    const { graph } = this.#model;
    for (const proto of graph.initializer) {
      try {
        this.#operands.set(proto.name, constantOfTensor(proto.name, proto));
      } catch (thrown) {
        throw new DataLossError(`tensor "${proto.name}": ${reasonOf(thrown)}`, {}, { cause: thrown });
      }
    }
    const inputs = graph.input.filter(({ name }) => !this.#operands.has(name));
    if (inputs.length !== 1) {
      const names = inputs.slice(0, 5).map(({ name }) => `"${name}"`).join(", ");
      throw new TypeError(`it has ${inputs.length} inputs ${names} where one is expected, the images`);
    }
    const images = this.#feed(inputs[0], options);
    for (const node of graph.node) this.#record(node);
    const outputs = new Map(graph.output.map(({ name }) => {
      const found = this.#operands.get(name);
      if (found?.kind === "activation") return [name, plain(found, name)];
      throw new TypeError(`its output "${name}" is ${found ? "a constant" : "computed by no node"}`);
    }));
    if (outputs.size === 0) throw new TypeError("it has no outputs");
    return { images, outputs };
  }

  /** Makes a feed of the images. Where the second dimension cannot be the channels, the last is. */
  #feed(info: ValueInfoProto, { batchSize, imageSize }: RecordOnnxOptions): Value {
    const type = info.type?.tensorType, what = `its input "${info.name}"`;
    const dims = type?.shape?.dim.map(({ value }) =>
      value.case === "dimValue" ? Number(value.value) : undefined
    );
    if (dims?.length !== 4) {
      throw new TypeError(
        `${what} is no batch of images: it has ${dims ? `the dimensions [${dims}]` : "no shape"}`,
      );
    }
    if (![Type.FLOAT, Type.FLOAT16, Type.DOUBLE, Type.UINT8].includes(type!.elemType)) {
      throw new TypeError(`${what} is of the type ${nameOfOnnxType(type!.elemType)}, which is not supported`);
    }
    const isLast = channelCounts.includes(dims[3]!) && !channelCounts.includes(dims[1]!);
    const axes = isLast ? plainAxes(4) : imageAxes, [n, h, w, c] = axes.map((axis) => dims[axis]);
    const sizes = { batchSize: n || undefined, height: h || undefined, width: w || undefined };
    const wanted = { batchSize, height: imageSize?.[0], width: imageSize?.[1] };
    for (const key of ["batchSize", "height", "width"] as const) {
      if (wanted[key] !== undefined && sizes[key] !== undefined && wanted[key] !== sizes[key]) {
        throw new TypeError(`${what} has the ${key} ${sizes[key]}, and ${wanted[key]} is asked for`);
      }
    }
    const height = sizes.height ?? wanted.height, width = sizes.width ?? wanted.width;
    if (!height || !width) throw new TypeError(`${what} leaves the image size open: say which`);
    if (!c) throw new TypeError(`${what} does not say how many channels it has`);
    const value = this.tape.feed(info.name, [sizes.batchSize ?? batchSize ?? 1, height, width, c]);
    this.#operands.set(info.name, { kind: "activation", value, axes });
    return value;
  }

  #record(proto: NodeProto): void {
    const { opType, domain, input, output } = proto, about = `node "${proto.name || output[0]}" (${opType})`;
    const inputs = input.map((name) => {
      const found = name === "" ? undefined : this.#operands.get(name);
      if (found === undefined && name !== "") {
        throw new DataLossError(`${about}: ${this.#reasonOfMissing(name)}`);
      }
      return found;
    });
    if (!isOwn(domain)) throw new TypeError(`${about}: operators of "${domain}" are not supported`);
    const isKnown = opType === "Shape" || inputs.every((operand) => operand?.kind !== "activation");
    const table = isKnown ? constantRules : rules;
    if (!Object.hasOwn(table, opType)) {
      const what = isKnown && Object.hasOwn(rules, opType)
        ? "is not supported on constants"
        : "is not supported";
      throw new TypeError(
        `${about} ${what}; supported are ${Object.keys(isKnown ? constantRules : rules).sort().join(", ")}`,
      );
    }
    try {
      this.#operands.set(output[0], table[opType](new OnnxNode(proto, inputs, this)));
    } catch (thrown) {
      throw new TypeError(`${about}: ${reasonOf(thrown)}`, { cause: thrown });
    }
  }

  #reasonOfMissing(name: string): string {
    const maker = this.#model.graph.node.find(({ output }) => output.includes(name));
    if (!maker) return `there is no value "${name}"`;
    const why = this.#operands.has(maker.output[0])
      ? "a second result, which is not supported"
      : "computed only after it";
    return `its input "${name}" is ${why}`;
  }

  variable: Surroundings["variable"] = ({ name, shape, read }, change, isTrainable = true) => {
    const key = `${change?.key ?? ""} ${name}`, known = this.#variables.get(key);
    if (known) return known;
    const count = this.#names.get(name) ?? 0, unique = count === 0 ? name : `${name}:${count}`;
    this.#names.set(name, count + 1);
    const value = this.tape.variable(unique, change?.shape ?? shape, {
      trainable: isTrainable,
      initialize: () => {
        const values = Float32Array.from(read());
        return change ? change.apply(values) : values;
      },
    });
    this.#variables.set(key, value);
    return value;
  };
}

function isOwn(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/**
 * Puts a model on a tape. Its weights are variables whose initializer gives the model's values: `parameters.initialize(0)`
 * loads them.
 *
 * @param model as {@linkcode decodeOnnx} reads it
 * @param path its name, for error messages
 * @throws {TypeError} naming the node whose operator, attributes or shapes are not supported
 * @throws {DataLossError} if tensors are damaged, or a node's input is missing or comes after it
 *
 * @example Usage
 * ```ts
 * import { decodeOnnx } from "../../formats/onnx/read.ts";
 * import { Tape } from "../../tape/tape.ts";
 * import { recordOnnx } from "./record.ts";
 *
 * declare const bytes: Uint8Array; // of an .onnx file
 * const { images, outputs } = recordOnnx(new Tape(), decodeOnnx(bytes, "net.onnx"), "net.onnx");
 * console.log(images.shape, [...outputs.keys()]); // [1, 224, 224, 3], ["logits", "probabilities"]
 * ```
 */
export function recordOnnx(
  tape: Tape,
  model: OnnxModel,
  path: string,
  options: RecordOnnxOptions = {},
): RecordedModel {
  try {
    return new Recording(tape, model).run(options);
  } catch (thrown) {
    const message = `Cannot import "${path}": ${reasonOf(thrown)}`;
    if (thrown instanceof DataLossError) throw new DataLossError(message, { path }, { cause: thrown });
    throw new TypeError(message, { cause: thrown });
  }
}
