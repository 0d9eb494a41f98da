/**
 * Types and tensors as TensorFlow's C++ prints them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { isReal, numberAt, type RealDtype, type Tensor } from "../../formats/checkpoint/tensor.ts";
import { referenceOffset } from "../../formats/graph_def/attributes.ts";
import { DataType, type TensorProto } from "../../formats/graph_def/graph_pb.ts";
import { checkTensor, tensorOf } from "../../formats/graph_def/tensor_value.ts";

/** The name of a type by its number in `types.proto`: "float", "float_ref". */
export function nameOfType(code: number): string {
  if (code === 0) return "INVALID";
  if (code > referenceOffset) return nameOfType(code - referenceOffset) + "_ref";
  const name = DataType[code] as string | undefined;
  return name === undefined ? `unknown dtype enum (${code})` : name.replace("DT_", "").toLowerCase();
}

/** Values that are shown of a tensor. */
const shown = 3;

/** A tensor's type, shape and first values, as `Tensor::DebugString`. */
export function tensorText(proto: TensorProto): string {
  const { shape, count } = checkTensor(proto);
  const values = valuesText(tensorOf(proto), shape) + (count > shown ? "..." : "");
  return `Tensor<type: ${nameOfType(proto.dtype)} shape: [${shape.join(",")}] values: ${values}>`;
}

/** The first values, in a bracket for each row of an outer dimension that was begun. */
function valuesText(tensor: Tensor, shape: readonly number[]): string {
  const at = valueAt(tensor);
  let index = 0, text = "";
  const print = (dimension: number) => {
    for (let i = 0; i < shape[dimension] && (index < shown || dimension === shape.length - 1); i++) {
      if (dimension < shape.length - 1) {
        text += "[";
        print(dimension + 1);
        text += "]";
      } else if (index < shown) text += (i > 0 ? " " : "") + at(index++);
      else {
        if (dimension !== 0) text += "...";
        return;
      }
    }
  };
  if (shape.length === 0) return at(0);
  print(0);
  return text;
}

function valueAt(tensor: Tensor): (index: number) => string {
  if (tensor.dtype === "string") return (i) => new TextDecoder().decode(tensor.data[i]);
  if (!isReal(tensor.dtype)) return (i) => `(${tensor.data[2 * i]},${tensor.data[2 * i + 1]})`;
  const number = numberAt(tensor as Tensor<RealDtype>);
  return tensor.dtype === "float32" ? (i) => shortest(number(i)) : (i) => String(number(i));
}

/** Six digits of a float32, or nine where six are another number. */
function shortest(value: number): string {
  return general(value, Math.fround(Number(value.toPrecision(6))) === value ? 6 : 9);
}

/** A number in so many digits, as C's `%g`. */
export function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e"), power = Number(exponent);
  if (power >= -4 && power < digits) return withoutZeros(value.toFixed(digits - 1 - power));
  const sign = power < 0 ? "-" : "+";
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** A decimal fraction without zeros at its end. */
function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
