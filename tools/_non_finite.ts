/**
 * What is done when a training's numbers are no longer finite: the batch is kept, and the place named where it began.
 *
 * @module
 */
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { joinPath } from "../formats/paths.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { denoFiles } from "../host/files.ts";
import { diagnose } from "../training/diagnosis.ts";
import type { NonFiniteError, Trainer } from "../training/trainer.ts";

/** Keeps the batch of the step that went bad, and says what is known. */
export async function keepBadBatch(
  trainer: Trainer,
  { step }: NonFiniteError,
  trainDir: string,
  checkpoint: string | undefined,
): Promise<string> {
  const batch = await trainer.batchOf(step), path = joinPath(trainDir, `non_finite-${step}.safetensors`);
  const tensors = new Map<string, Tensor>();
  for (const [i, { data, channels, part, ...whole }] of batch.images.entries()) {
    const { height, width } = part ?? whole;
    tensors.set(`image_${i}`, { dtype: "uint8", shape: [height, width, channels], data });
  }
  tensors.set("labels", { dtype: "int32", shape: [batch.labels.length], data: batch.labels });
  await writeSafetensors(denoFiles, path, tensors);
  const where = await diagnose(trainer, batch);
  return [
    where
      ? `Where it begins: ${where}`
      : "With the variables as they are now, that batch gives finite numbers",
    `The batch is in ${path}`,
    checkpoint ? `The last good checkpoint is ${checkpoint}` : "There is no checkpoint yet",
  ].join("\n");
}
