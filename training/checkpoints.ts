/**
 * What a checkpoint holds: variables, optimizer slots, scalars and the step, under TF's names.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import type { TensorSource } from "../formats/checkpoint/writer.ts";
import { firstOf } from "../formats/errors.ts";
import type { Parameters } from "../tape/parameters.ts";
import { isOfLossScale } from "./loss_scale.ts";
import type { Trainer } from "./trainer.ts";

/** Name of the step in every checkpoint. */
export const GLOBAL_STEP = "global_step";

/** The tensors of a training's checkpoint, read from the device one at a time as they are written. */
export function checkpointTensors(trainer: Trainer): Map<string, TensorSource> {
  const { parameters, optimizer, slots } = trainer.compiled, tensors = new Map<string, TensorSource>();
  const put = (variable: string, slot: string) => {
    const name = slot ? `${variable}/${slot}` : variable;
    tensors.set(name, async () => ({
      dtype: "float32",
      shape: [...parameters.shape(variable)],
      data: await parameters.read(variable, slot),
    }));
  };
  for (const name of parameters.names) put(name, "");
  for (const [name, slot] of slots) put(name, slot);
  for (const [name, value] of Object.entries(optimizer.scalars(trainer.step))) {
    tensors.set(name, { dtype: "float32", shape: [], data: Float32Array.of(value) });
  }
  tensors.set(GLOBAL_STEP, { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(trainer.step)) });
  return tensors;
}

/**
 * Reads variables of a checkpoint into parameters, or in place of each what the checkpoint has as NAME/`slot`: its moving
 * average.
 *
 * @throws {Error} that lists what the checkpoint lacks; no parameter has changed then
 * @throws {TypeError} at the first one of another type or shape
 */
export async function restoreVariables(
  reader: CheckpointReader,
  parameters: Parameters,
  names: Iterable<string> = parameters.names,
  slot = "",
): Promise<void> {
  const keys = Array.from(names, (name) => [name, slot ? `${name}/${slot}` : name]);
  const missing = keys.map(([, key]) => key).filter((key) => !reader.has(key));
  if (missing.length > 0) {
    const advice = slot
      ? "was it trained with moving_average_decay? Without it the variables themselves are restored"
      : "build the net that it was trained with";
    throw new Error(
      `Cannot restore from "${reader.prefix}": it lacks ${firstOf(missing, 10)}; ${advice}`,
    );
  }
  for (const [name, key] of keys) {
    parameters.write(
      name,
      (await reader.readAs(key, "float32", parameters.shape(name), { cast: true })).data,
    );
  }
}

/** The step of a checkpoint; 0 if it has none. */
export async function checkpointStep(reader: CheckpointReader): Promise<number> {
  if (!reader.has(GLOBAL_STEP)) return 0;
  const { dtype, data }: Tensor = await reader.read(GLOBAL_STEP);
  if (dtype !== "int64" && dtype !== "int32") {
    throw new TypeError(
      `Cannot resume from "${reader.prefix}": ${GLOBAL_STEP} is ${dtype}, it must be int64 or int32`,
    );
  }
  return Number(data[0]);
}

/**
 * Takes up a training where a checkpoint left it: variables, slots, step. Slots that the checkpoint lacks stay at their
 * initial values, as after a change of optimizer, and moving averages begin at the variables; their names are returned.
 */
export async function restoreTraining(
  reader: CheckpointReader,
  trainer: Trainer,
): Promise<{ missing: string[] }> {
  const { parameters, slots } = trainer.compiled, missing: string[] = [];
  const names = parameters.names.filter((name) => reader.has(name) || !isOfLossScale(name));
  await restoreVariables(reader, parameters, names);
  trainer.compiled.startMovingAverages();
  for (const [name, slot] of slots) {
    const key = `${name}/${slot}`;
    if (reader.has(key)) {
      parameters.write(
        name,
        (await reader.readAs(key, "float32", parameters.shape(name), { cast: true })).data,
        slot,
      );
    } else missing.push(key);
  }
  trainer.step = await checkpointStep(reader);
  return { missing };
}
