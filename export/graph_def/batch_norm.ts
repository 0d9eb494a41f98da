/**
 * Batch normalization as `slim.batch_norm` has it: fused, and in training with its moving averages.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import type { MovingAverage } from "../../layers/scope.ts";
import { isBatchNormByBatch } from "../../tape/ops/batch_norm.ts";
import type { Node, Value } from "../../tape/tape.ts";
import { beside, floats } from "./builder.ts";
import type { Translation } from "./translation.ts";

/** Adds the nodes; returns the name of the normalized values. */
export function batchNorm(t: Translation, node: Node): string {
  const { scope, inputs: [x], outputs: [y], attributes } = node;
  const { epsilon } = attributes as { epsilon: number }, isTraining = isBatchNormByBatch(node.operation);
  if (y.shape.length !== 4) {
    throw new TypeError(`Cannot export ${y.label} [${y.shape}]: only images are normalized`);
  }
  const variable = (name: string): Value => {
    const value = t.variable(`${scope}/${name}`);
    if (!value) throw new TypeError(`Cannot export ${y.label}: there is no variable ${scope}/${name}`);
    return value;
  };
  t.nameOf(variable("moving_mean"));
  const channels = y.shape.slice(-1);
  const gamma = t.variable(`${scope}/gamma`) ?? t.filled(scope, "Const", 1, channels);
  const beta = t.variable(`${scope}/beta`) ?? t.filled(scope, "Const", 0, channels);
  const operands = [x, gamma, beta, variable("moving_mean"), variable("moving_variance")];
  const name = t.add("FusedBatchNormV3", scope, operands, {
    ...floats,
    U: floats.T,
    data_format: attributeOf.text("NHWC"),
    epsilon: attributeOf.float(epsilon),
    exponential_avg_factor: attributeOf.float(1),
    is_training: attributeOf.boolean(isTraining),
  });
  const averages = [1, 2].flatMap((i) => t.movingAverage(node, i) ?? []);
  if (averages.length > 0) {
    const decay = t.filled(scope, "Const", averages[0].decay);
    averages.forEach((average, i) => addMovingAverage(t, scope, average, i, `${name}:${i + 1}`, decay));
  }
  return name;
}

/** variable -= (variable - value) * (1 - decay), as `assign_moving_average`. */
function addMovingAverage(
  t: Translation,
  scope: string,
  { variable }: MovingAverage,
  index: number,
  value: string,
  decay: string,
): void {
  const name = index === 0 ? "AssignMovingAvg" : `AssignMovingAvg_${index}`, inner = `${scope}/${name}`;
  const place = { ...floats, ...beside(variable) };
  const one = t.filled(`${inner}/sub`, "x", 1, [], beside(variable));
  const share = t.add("Sub", inner, [one, decay], place, "sub");
  const difference = t.add("Sub", inner, [`${variable}/read`, value], place, "sub");
  const step = t.add("Mul", inner, [difference, share], place, "mul");
  const unlocked = { ...place, use_locking: attributeOf.boolean(false) };
  t.add("AssignSub", scope, [variable, step], unlocked, name);
}
