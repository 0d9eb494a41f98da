/**
 * What TensorBoard shows of a training: activations, sparsity, variables, losses, images, the graph.
 *
 * Nothing of it is computed until it is due: then the net runs once more, forwards, on the last batch.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Batch } from "../datasets/reader.ts";
import { imageSummaries, type PictureBatch } from "../formats/events/image_summary.ts";
import { histogramSummary, scalarSummary, type SummaryValue } from "../formats/events/summary.ts";
import { compile } from "../tape/compile.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { recordClassifier } from "./classifier.ts";
import { cloneLoss } from "./losses.ts";
import { cropSummaries } from "./picture_summaries.ts";
import { type SummaryTag, summaryTags } from "./summary_tags.ts";
import type { Trainer } from "./trainer.ts";

/** Names of the losses of a clone, as TF-Slim calls their operations. */
const LOSS = "softmax_cross_entropy_loss/value", AUXILIARY_LOSS = "aux_loss/value";

/**
 * The summaries of the last step under TF-Slim's tags, and the first images of its batch, as the net got them.
 *
 * @param totalLoss of that step
 * @param batch of that step
 * @returns what could be shown, and the tags whose numbers are not all finite
 */
export async function summarize(
  trainer: Trainer,
  totalLoss: number,
  batch: Batch,
): Promise<{ values: SummaryValue[]; nonFinite: string[] }> {
  const { gpu, compiled, options, step } = trainer, { parameters } = compiled, tape = new Tape();
  const { numClones = 1 } = options;
  const [first] = recordClassifier(tape, trainer.classifier);
  const loss = cloneLoss(first, { ...options, numClones });
  const losses = new Map([[LOSS, loss.crossEntropy]]);
  if (loss.auxiliaryLoss) losses.set(AUXILIARY_LOSS, loss.auxiliaryLoss);
  const fetches: Record<string, Value> = { "clone loss": loss.value, images: first.images };
  for (const [name, value] of losses) fetches[`loss ${name}`] = value;
  for (const [name, value] of first.endPoints) fetches[`end point ${name}`] = value;
  for (const { variable, value } of first.regularizationLosses) {
    fetches[`regularization ${variable}`] = value;
  }
  const program = await compile(gpu, tape, {
    label: "summaries",
    fetches,
    parameters,
    precision: options.precision,
  });
  try {
    trainer.feed(program, batch);
    if (program.takes("step")) program.feed("step", Uint32Array.of(step - 1));
    program.run();
    const scalar = async (name: string) => (await program.fetch(name))[0];
    const numbersOf = async (tag: SummaryTag): Promise<ArrayLike<number>> => {
      switch (tag.of) {
        case "activations":
          return await program.fetch(`end point ${tag.name}`);
        case "sparsity":
          return [fractionOfZeros(await program.fetch(`end point ${tag.name}`))];
        case "variable":
          return await parameters.read(tag.name);
        case "loss":
          return [await scalar(`loss ${tag.name}`)];
        case "clone_loss":
          return [await scalar("clone loss")];
        case "regularization_loss": {
          const parts = first.regularizationLosses.map((r) => scalar(`regularization ${r.variable}`));
          return [(await Promise.all(parts)).reduce((a, b) => a + b, 0)];
        }
        case "learning_rate":
          return [options.learningRate(step - 1)];
        case "total_loss":
          return [totalLoss];
      }
    };
    const tags = summaryTags({
      endPoints: first.endPoints.keys(),
      variables: compiled.variables,
      losses: losses.keys(),
      hasRegularization: first.regularizationLosses.length > 0,
      numClones,
    });
    const values: SummaryValue[] = [], nonFinite: string[] = [];
    for (const tag of tags) {
      const numbers = await numbersOf(tag);
      if (!Array.prototype.every.call(numbers, Number.isFinite)) nonFinite.push(tag.tag);
      else if (tag.kind === "scalar") values.push(scalarSummary(tag.tag, numbers[0]));
      else values.push(histogramSummary(tag.tag, numbers));
    }
    const images = {
      shape: first.images.shape as PictureBatch["shape"],
      data: await program.fetch("images"),
    };
    const pictures = [...imageSummaries("images", images), ...cropSummaries(batch, trainer.feeder)];
    return { values: [...values, ...pictures], nonFinite };
  } finally {
    program.destroy();
  }
}

function fractionOfZeros(values: Float32Array): number {
  return values.reduce((count, v) => count + (v === 0 ? 1 : 0), 0) / values.length;
}
