/**
 * Writes ONNX models: as much of their protobuf schema as nets in inference need.
 *
 * @module
 */
import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import type { Tensor } from "./cases.ts";

/** An attribute of a node: a whole number, a list of them, or a real number. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** One operation of a model; operands and results are names. */
export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A model with one input and one output, both of float32. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  /** Constant operands by name: tensors, or lists of whole numbers. */
  readonly constants: ReadonlyMap<string, Tensor | readonly number[]>;
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly shape: readonly number[] };
}

const IR_VERSION = 8, OPSET = 17; // of one age
const ELEMENT = { float: 1, int64: 7 }, ATTRIBUTE = { float: 1, int: 2, ints: 7 };

type Write = (w: BinaryWriter) => void;

function message(w: BinaryWriter, field: number, write: Write): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write(w);
  w.join();
}

const text = (w: BinaryWriter, field: number, value: string) =>
  w.tag(field, WireType.LengthDelimited).string(value);
const whole = (w: BinaryWriter, field: number, value: number) => w.tag(field, WireType.Varint).int64(value);
const wholes = (w: BinaryWriter, field: number, values: readonly number[]) =>
  values.forEach((value) => whole(w, field, value));

/** The bytes of a model. */
export function encodeModel({ nodes, constants, input, output }: OnnxModel): Uint8Array<ArrayBuffer> {
  const w = new BinaryWriter();
  whole(w, 1, IR_VERSION);
  message(w, 7, (w) => {
    for (const node of nodes) message(w, 1, (w) => writeNode(w, node));
    text(w, 2, "net");
    for (const [name, constant] of constants) message(w, 5, (w) => writeConstant(w, name, constant));
    message(w, 11, (w) => writePort(w, input));
    message(w, 12, (w) => writePort(w, output));
  });
  message(w, 8, (w) => {
    text(w, 1, ""); // the standard operations
    whole(w, 2, OPSET);
  });
  return w.finish() as Uint8Array<ArrayBuffer>;
}

function writeNode(w: BinaryWriter, { type, inputs, output, attributes }: OnnxNode): void {
  for (const input of inputs) text(w, 1, input);
  text(w, 2, output);
  text(w, 3, output); // names in messages
  text(w, 4, type);
  for (const [name, value] of Object.entries(attributes)) {
    message(w, 5, (w) => {
      text(w, 1, name);
      if (typeof value === "number") {
        whole(w, 3, value);
        whole(w, 20, ATTRIBUTE.int);
      } else if ("float" in value) {
        w.tag(2, WireType.Bit32).float(value.float);
        whole(w, 20, ATTRIBUTE.float);
      } else {
        wholes(w, 8, value);
        whole(w, 20, ATTRIBUTE.ints);
      }
    });
  }
}

function writeConstant(w: BinaryWriter, name: string, constant: Tensor | readonly number[]): void {
  if ("data" in constant) {
    const { buffer, byteOffset, byteLength } = constant.data;
    wholes(w, 1, constant.shape);
    whole(w, 2, ELEMENT.float);
    w.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
  } else {
    whole(w, 1, constant.length);
    whole(w, 2, ELEMENT.int64);
    wholes(w, 7, constant);
  }
  text(w, 8, name);
}

function writePort(
  w: BinaryWriter,
  { name, shape }: { readonly name: string; readonly shape: readonly number[] },
): void {
  text(w, 1, name);
  message(w, 2, (w) =>
    message(w, 1, (w) => {
      whole(w, 1, ELEMENT.float);
      message(w, 2, (w) => shape.forEach((size) => message(w, 1, (w) => whole(w, 1, size))));
    }));
}
