/**
 * ONNX's convolutions and poolings on the tape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { permute } from "../../formats/permute.ts";
import { type Padding, slide } from "../../kernels/window.ts";
import { concat, pad, slice } from "../../tape/ops/arrange.ts";
import { conv2d } from "../../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../../tape/ops/depthwise_conv2d.ts";
import { biasAdd } from "../../tape/ops/pointwise.ts";
import { avgPool2d, maxPool2d } from "../../tape/ops/pool.ts";
import type { Value } from "../../tape/tape.ts";
import type { OnnxNode } from "./node.ts";
import { type Activation, imageAxes, images } from "./operand.ts";

type Two = readonly [number, number];

/** Where windows lie. */
interface Windows {
  readonly kernel: Two;
  readonly stride: Two;
  readonly rate: Two;
  readonly padding: Padding;
}

const ofImages = (value: Value): Activation => ({ kind: "activation", value, axes: imageAxes });

function two(values: readonly number[], what: string): Two {
  if (values.length === 2 && values.every((v) => Number.isSafeInteger(v))) return values as unknown as Two;
  throw new TypeError(`its ${what} [${values}] is not that of an image`);
}

/** The windows that the attributes of a node describe. */
function windowsOf(node: OnnxNode, x: Value, kernel: Two): Windows {
  const stride = two(node.integers("strides", [1, 1]), "strides"),
    rate = two(node.integers("dilations", [1, 1]), "dilations");
  return { kernel, stride, rate, padding: paddingOf(node, x, { kernel, stride, rate }) };
}

/** Rows above and below, columns left and right. */
type Margins = readonly [rows: Two, columns: Two];

/** The margins that a padding comes to at this image size. */
function marginsOf(x: Value, { kernel, ...windows }: Windows): Margins {
  if (windows.padding === "VALID") return [[0, 0], [0, 0]];
  if (windows.padding !== "SAME") return windows.padding;
  const { out, stride, rate, size, pad } = slide(x.shape, kernel, windows);
  const [rows, columns] = pad.map((before, i) => {
    const last = (out[i] - 1) * stride[i] + (kernel[i] - 1) * rate[i] + 1;
    return [before, Math.max(0, last - size[i] - before)] as const;
  });
  return [rows, columns];
}

function paddingOf(node: OnnxNode, x: Value, windows: Omit<Windows, "padding">): Padding {
  const automatic = node.text("auto_pad", "NOTSET"), same = { ...windows, padding: "SAME" } as const;
  if (automatic === "VALID") return "VALID";
  if (automatic === "SAME_UPPER") return "SAME";
  if (automatic === "SAME_LOWER") {
    const [rows, columns] = marginsOf(x, same);
    return [[rows[1], rows[0]], [columns[1], columns[0]]];
  }
  if (automatic !== "NOTSET") throw new TypeError(`its auto_pad ${automatic} is unknown`);
  const pads = node.integers("pads", [0, 0, 0, 0]);
  if (pads.length !== 4 || pads.some((p) => !Number.isSafeInteger(p) || p < 0)) {
    throw new TypeError(`its pads [${pads}] are not those of an image`);
  }
  const [top, left, bottom, right] = pads, margins = [[top, bottom], [left, right]] as const;
  if (pads.every((p) => p === 0)) return "VALID";
  return margins.join() === marginsOf(x, same).join() ? "SAME" : margins;
}

/** `Conv`. Groups of several channels are convolutions of their own, side by side. */
export function convolution(node: OnnxNode): Activation {
  const { scope, around } = node, x = images(node.activation(0), scope), weights = node.constant(1);
  if (weights.shape.length !== 4) {
    throw new TypeError(`its weights [${weights.shape}] are not those of an image`);
  }
  const [outputs, inputs, kh, kw] = weights.shape, channels = x.shape[3], groups = node.integer("group", 1);
  if (!(groups >= 1) || channels !== groups * inputs || outputs % groups !== 0) {
    throw new TypeError(
      `its weights [${weights.shape}] in ${groups} groups do not fit the ${channels} channels of its input`,
    );
  }
  const { kernel: _, ...windows } = windowsOf(node, x, [kh, kw]), options = { ...windows, scope };
  const share = outputs / groups, size = inputs * kh * kw * share;
  const kernel = (group: number) => {
    const shape = [kh, kw, inputs, share], view = [share, inputs, kh, kw];
    const part = (v: Float32Array) => groups === 1 ? v : v.subarray(group * size, (group + 1) * size);
    return around.variable(weights, {
      key: `group ${group} of ${groups}`,
      shape,
      apply: (v) => permute(part(v), view, [2, 3, 1, 0]),
    });
  };
  const depthwise = () => {
    const shape = [kh, kw, groups, share], view = [groups, share, kh, kw];
    const w = around.variable(weights, {
      key: "depthwise",
      shape,
      apply: (v) => permute(v, view, [2, 3, 0, 1]),
    });
    return depthwiseConv2d(x, w, options);
  };
  const y = groups === 1 ? conv2d(x, kernel(0), options) : inputs === 1 ? depthwise() : concat(
    Array.from(
      { length: groups },
      (_, g) => conv2d(slice(x, g * inputs, inputs, { scope }), kernel(g), options),
    ),
    { scope },
  );
  return ofImages(node.inputs[2] ? biasAdd(y, around.variable(node.constant(2)), { scope }) : y);
}

/** Margins that let a last window begin inside the image and end outside. */
function ceiled(x: Value, windows: Windows): Margins {
  const { kernel, stride, rate } = windows;
  const [rows, columns] = marginsOf(x, windows).map(([before, after], i) => {
    const size = x.shape[i + 1], reach = (kernel[i] - 1) * rate[i] + 1;
    let steps = Math.ceil((before + size + after - reach) / stride[i]);
    if (steps * stride[i] >= before + size) steps--; // it would begin behind the image
    return [before, Math.max(after, steps * stride[i] + reach - size - before)] as const;
  });
  return [rows, columns];
}

/** `MaxPool` and `AveragePool`. */
export function pooling(node: OnnxNode): Activation {
  const { scope } = node, kernel = two(node.integers("kernel_shape", []), "kernel_shape");
  const isMax = node.opType === "MaxPool",
    countsPadding = !isMax && node.integer("count_include_pad", 0) === 1;
  let x = images(node.activation(0), scope), windows = windowsOf(node, x, kernel);
  if (countsPadding && windows.padding !== "VALID") {
    const [[top, bottom], [left, right]] = marginsOf(x, windows);
    x = pad(x, { top, bottom, left, right, scope });
    windows = { ...windows, padding: "VALID" };
  }
  if (node.integer("ceil_mode", 0) === 1) windows = { ...windows, padding: ceiled(x, windows) };
  const { kernel: _, ...options } = windows;
  return ofImages((isMax ? maxPool2d : avgPool2d)(x, kernel, { ...options, scope }));
}

/** `GlobalAveragePool` and `GlobalMaxPool`: [n, channels, 1, 1]. */
export function globalPooling(node: OnnxNode): Activation {
  const { scope } = node, x = images(node.activation(0), scope), size = [x.shape[1], x.shape[2]] as const;
  const pool = node.opType === "GlobalMaxPool" ? maxPool2d : avgPool2d;
  return ofImages(pool(x, size, { stride: 1, scope }));
}
