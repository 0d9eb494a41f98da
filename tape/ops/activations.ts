/**
 * Activation functions.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../../kernels/kernel.ts";
import type { Activation } from "../../kernels/epilogue.ts";
import { type Pointwise, pointwise } from "../../kernels/pointwise.ts";
import { defineOperation, type Operation, type Value } from "../tape.ts";
import { maxPoolGradientThrough } from "./pool.ts";

/** Lines of the pointwise table that have their gradient there. */
type Differentiable = { [N in Pointwise]: `${N}Gradient` extends Pointwise ? N : never }[Pointwise];

/** The operations that compute the gradients of activations. */
const gradients = new Map<Operation<unknown>, Operation<null>>();

/** An operation whose gradient is computed from dy and either the output or the input; `ofZero` is what it makes of 0. */
function activation(name: Differentiable, gradientOf: "output" | "input", ofZero: number): Operation<null> {
  const gradientName: Pointwise = `${name}Gradient`;
  const gradient: Operation<null> = defineOperation<null>({
    name: gradientName,
    infer: ([dy]) => [dy],
    batch: () => ({ outputs: "map" }),
    channelwise: true,
    lower: (e, { inputs: [dy, v], outputs: [dx] }) =>
      pointwise(e, gradientName, sizeOf(dx.shape), { a: dy, b: v, y: dx }),
  });
  const operation: Operation<null> = defineOperation<null>({
    name,
    infer: ([x]) => [x],
    gradient: ({ node, inputs: [x], outputs: [y], gradients: [dy] }) => {
      if (!dy) return [];
      const fused = activationOf(node.operation), dx = fused && maxPoolGradientThrough(fused, y, dy);
      return dx ? [dx] : x.tape.apply(gradient, [dy, gradientOf === "output" ? y : x], null, node.scope);
    },
    batch: () => ({ outputs: "map" }),
    channelwise: ofZero === 0,
    lower: (e, { inputs: [x], outputs: [y] }) => pointwise(e, name, sizeOf(y.shape), { a: x, y }),
  });
  gradients.set(operation as Operation<unknown>, gradient);
  return operation;
}

const operations = {
  relu: activation("relu", "output", 0),
  relu6: activation("relu6", "output", 0),
  sigmoid: activation("sigmoid", "output", 0.5),
  hardSwish: activation("hardSwish", "input", 0),
  hardSigmoid: activation("hardSigmoid", "input", 0.5),
};

function apply(name: keyof typeof operations, x: Value, scope?: string): Value {
  return x.tape.apply(operations[name], [x], null, scope)[0];
}

/** max(x, 0), as `tf.nn.relu`. */
export function relu(x: Value, { scope }: { scope?: string } = {}): Value {
  return apply("relu", x, scope);
}

/** min(max(x, 0), 6), as `tf.nn.relu6`. */
export function relu6(x: Value, { scope }: { scope?: string } = {}): Value {
  return apply("relu6", x, scope);
}

/** 1 / (1 + exp(-x)), as `tf.sigmoid`. */
export function sigmoid(x: Value, { scope }: { scope?: string } = {}): Value {
  return apply("sigmoid", x, scope);
}

/** x * relu6(x + 3) / 6 (Howard et al. 2019). */
export function hardSwish(x: Value, { scope }: { scope?: string } = {}): Value {
  return apply("hardSwish", x, scope);
}

/** relu6(x + 3) * 0.16667: the gate of TF-Slim's MobileNet V3. */
export function hardSigmoid(x: Value, { scope }: { scope?: string } = {}): Value {
  return apply("hardSigmoid", x, scope);
}

/** The activation that a kernel's epilogue can apply in place of a node; undefined where it cannot. */
export function activationOf(operation: Operation<unknown>): Activation | undefined {
  if (operation === operations.relu as Operation<unknown>) return "relu";
  if (operation === operations.relu6 as Operation<unknown>) return "relu6";
}

/** Where `dx` is the gradient for x that an activation of x gives, and one that a kernel can apply: what it was computed from. */
export function activationGradientOf(
  dx: Value,
  x: Value,
): { activation: Activation; dy: Value } | undefined {
  const [dy, y] = dx.node?.inputs ?? [], follower = y?.node;
  if (!follower || follower.inputs[0] !== x) return;
  const activation = activationOf(follower.operation);
  const isGradient = dx.node!.operation === gradients.get(follower.operation) as Operation<unknown>;
  return activation && isGradient ? { activation, dy } : undefined;
}
