/**
 * Which tensors of a training's checkpoint make up the model, and which the optimizer.
 *
 * @module
 */
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Net } from "../nets/net.ts";
import { isOfLossScale } from "../training/loss_scale.ts";
import { SHADOWS } from "../training/moving_averages.ts";

/** What to take from a checkpoint. */
export interface TensorChoice {
  /** Leave out slots, shadows and scalars of the optimizer. */
  onlyModel: boolean;
  /** Give variables the values of their shadows. */
  useMovingAverages: boolean;
}

/**
 * Chooses tensors by name.
 *
 * A name below another one's, such as `fc1/weights/Momentum`, is a slot or a shadow of it, whatever the optimizer. `global_step`
 * stays.
 *
 * @returns for each tensor to write, its name and the name under which the checkpoint has it
 * @throws {Error} if moving averages are wanted and there are none
 */
export function chooseTensors(
  names: readonly string[],
  { onlyModel, useMovingAverages }: TensorChoice,
): Map<string, string> {
  const all = new Set(names);
  const shadowOf = (name: string) => all.has(`${name}/${SHADOWS}`) ? `${name}/${SHADOWS}` : undefined;
  if (useMovingAverages && !names.some(shadowOf)) {
    throw new Error(
      `Cannot use moving averages: the checkpoint has none, no NAME/${SHADOWS}; take the variables themselves`,
    );
  }
  const chosen = new Map<string, string>();
  for (const name of names) {
    const isShadow = name.endsWith(`/${SHADOWS}`);
    if (onlyModel ? isBesideModel(name, all) : useMovingAverages && isShadow) continue;
    chosen.set(name, useMovingAverages ? shadowOf(name) ?? name : name);
  }
  return chosen;
}

/** Whether a tensor is the optimizer's: below a variable, a power of Adam's betas, or of loss scaling. */
function isBesideModel(name: string, all: ReadonlySet<string>): boolean {
  const parent = name.slice(0, Math.max(name.lastIndexOf("/"), 0));
  return all.has(parent) || /(^|\/)beta[12]_power(_\d+)?$/.test(name) || isOfLossScale(name);
}

/**
 * How many classes the head has that a checkpoint holds.
 *
 * @throws {Error} if the checkpoint has no head of this net
 */
export function classesOf({ prefix, tensors }: CheckpointReader, { name, headScopes: [scope] }: Net): number {
  for (const [variable, { shape }] of tensors) {
    if (variable.startsWith(`${scope}/`) && /\/(weights|biases)$/.test(variable)) {
      return shape[shape.length - 1];
    }
  }
  throw new Error(
    `Cannot take ${prefix} for ${name}: it has no variables below ${scope}; is --model_name right?`,
  );
}
