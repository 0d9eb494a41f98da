/**
 * An ONNX model put on a tape: image classifiers that use the operations there are.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { DataLossError, reasonOf } from "../../formats/errors.ts";
import type { NodeProto } from "../../formats/onnx/onnx_pb.ts";
import type { OnnxModel } from "../../formats/onnx/read.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Shape, Tape, Value } from "../../tape/tape.ts";
import { constantOfTensor, constantRules } from "./constants.ts";
import { elementwiseRules } from "./elementwise.ts";
import { findImages, imageShape } from "./input.ts";
import { layerRules } from "./layers.ts";
import { OnnxNode, type Surroundings } from "./node.ts";
import { type Activation, type Constant, type Operand, plain } from "./operand.ts";
import { shapeRules } from "./shapes.ts";
import { convolution, globalPooling, pooling } from "./windows.ts";

/** A model on a tape. */
export interface RecordedModel {
  /** The images: float32 [n, height, width, channels], whatever order the model has. */
  readonly images: Value;
  /** Its results by their names, in the model's order of dimensions. */
  readonly outputs: ReadonlyMap<string, Value>;
}

/** What is fed. */
export interface RecordOnnxOptions {
  /** The images: a value [n, height, width, channels], or the shape of what will be fed. Left out: the model's, or one. */
  readonly images?: Shape | Value;
}

/** Oldest version of the operators whose meaning is known here. */
const oldestOpset = 7;

/** Elements of an image or what is made of it: 4 GiB of them. */
const mostElements = 1 << 30;
/** Values in constants that nodes fill: twice the weights of the largest nets. */
const mostFilled = 1 << 28;

const rules: Readonly<Record<string, (node: OnnxNode) => Activation | Activation[]>> = {
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
  /** Variables with the values of a constant, by what was changed. */
  readonly #variables = new Map<Constant, Map<string, Value>>();
  #filled = 0;

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
    const images = this.#images(options.images);
    for (const node of graph.node) this.#record(node);
    const outputs = new Map(graph.output.map(({ name }) => {
      const found = this.#operands.get(name);
      if (found?.kind === "activation") return [name, plain(found, name)];
      throw new TypeError(`its output "${name}" is ${found ? "a constant" : "computed by no node"}`);
    }));
    if (outputs.size === 0) throw new TypeError("it has no outputs");
    return { images, outputs };
  }

  #images(given: Shape | Value | undefined): Value {
    const input = findImages(this.#model), value = given && "tape" in given ? given : undefined;
    const shape = imageShape(input, value ? value.shape : given as Shape | undefined);
    if (sizeOf(shape) > mostElements) throw new TypeError(`its images [${shape}] are too large`);
    const images = value ?? this.tape.feed(input.name, shape);
    this.#operands.set(input.name, { kind: "activation", value: images, axes: input.axes });
    return images;
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
      [table[opType](new OnnxNode(proto, inputs, this))].flat().forEach((result, i) => {
        if (result.kind === "activation" && sizeOf(result.value.shape) > mostElements) {
          throw new TypeError(`its result [${result.value.shape}] is too large`);
        }
        this.#operands.set(output[i], result);
      });
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

  canFill(count: number): boolean {
    this.#filled += count;
    return this.#filled <= mostFilled;
  }

  variable: Surroundings["variable"] = (constant, change, isTrainable = true) => {
    const key = change?.key ?? "", made = this.#variables.get(constant) ?? new Map<string, Value>();
    this.#variables.set(constant, made);
    const value = made.get(key) ??
      this.tape.variable(this.#unusedName(constant.name), change?.shape ?? constant.shape, {
        trainable: isTrainable,
        initialize: () => {
          const values = Float32Array.from(constant.read());
          return change ? change.apply(values) : values;
        },
      });
    made.set(key, value);
    return value;
  };

  #unusedName(name: string): string {
    let unused = name;
    for (let i = 1; this.tape.variables.has(unused); i++) unused = `${name}:${i}`;
    return unused;
  }
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
