/**
 * A recorded net in inference as an ONNX model, on images [n, c, h, w].
 *
 * @module
 */
import type { Value } from "../tape/tape.ts";
import type { Tensor } from "./cases.ts";
import type { ChannelsFirstNet } from "./converted.ts";
import { fuse } from "./fold.ts";
import { interpret, type Rule, type Step } from "./interpret.ts";
import type { Attribute, OnnxModel, OnnxNode } from "./onnx.ts";
import { type ConvolutionAttributes, framedWindow, type Margins, type PoolAttributes } from "./windows.ts";

/** The model that computes a net's logits from its images. */
export function onnxModel({ steps, values }: ChannelsFirstNet): OnnxModel {
  const fused = fuse(steps),
    nodes: OnnxNode[] = [],
    constants = new Map<string, Tensor | readonly number[]>(values);
  constants.delete("images");
  const add = (type: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}) => {
    const output = `${nodes.length} ${type}`;
    nodes.push({ type, inputs, output, attributes });
    return output;
  };
  const constant = (of: Tensor | readonly number[]) => {
    const name = `constant ${constants.size}`;
    constants.set(name, of);
    return name;
  };
  const name = interpret(fused, { rules: rules(add, constant), source: ({ label }) => label });
  const input = { name: "images", shape: values.get("images")!.shape };
  return { nodes, constants, input, output: { name, shape: steps.at(-1)!.output.shape } };
}

/** By the names of our operations; operands and results are names in the model. */
function rules(
  add: (type: string, inputs: readonly string[], attributes?: Record<string, Attribute>) => string,
  constant: (of: Tensor | readonly number[]) => string,
): Record<string, Rule<string>> {
  const scalar = (value: number) => constant({ shape: [], data: Float32Array.of(value) });
  const activations = {
    relu: (x: string) => add("Relu", [x]),
    relu6: (x: string) => add("Clip", [x, scalar(0), scalar(6)]),
  };
  const convolve = (
    inputs: readonly string[],
    { window }: ConvolutionAttributes,
    { inputs: [x, w], activation }: Step,
    group: number,
  ) => {
    const attributes = windowAttributes(x, { ...window, kernel: [w.shape[0], w.shape[1]] });
    const y = add("Conv", inputs, { ...attributes, group });
    return activation ? activations[activation](y) : y;
  };
  return {
    conv2d: (inputs, a: ConvolutionAttributes, step) => convolve(inputs, a, step, 1),
    depthwiseConv2d: (inputs, a: ConvolutionAttributes, step) =>
      convolve(inputs, a, step, step.inputs[0].shape[3]),
    relu: ([x]) => activations.relu(x),
    relu6: ([x]) => activations.relu6(x),
    maxPool2d: (inputs, a: PoolAttributes, { inputs: [x] }) => add("MaxPool", inputs, windowAttributes(x, a)),
    avgPool2d: (inputs, a: PoolAttributes, { inputs: [x] }) => {
      if (framedWindow(x, a).isWhole) return add("GlobalAveragePool", inputs);
      const { dilations: _, ...window } = windowAttributes(x, a);
      return add("AveragePool", inputs, { ...window, count_include_pad: 0 });
    },
    add: (inputs) => add("Add", inputs),
    concat: (inputs) => add("Concat", inputs, { axis: 1 }),
    pad: ([x], { top, bottom, left, right }: Margins) =>
      add("Pad", [x, constant([0, 0, top, left, 0, 0, bottom, right])]),
    reshape: ([x], { shape }: { shape: readonly number[] }) => add("Reshape", [x, constant(shape)]),
  };
}

/** What ONNX says of a window. */
function windowAttributes(x: Value, a: PoolAttributes) {
  const { kernel, stride, rate, margins: { top, left, bottom, right } } = framedWindow(x, a);
  return { kernel_shape: kernel, strides: stride, dilations: rate, pads: [top, left, bottom, right] };
}
