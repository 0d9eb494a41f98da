/**
 * Compares all that a net computes with a reference file: variables, logits, end points, losses, gradients, moving averages.
 *
 * The tolerances are those of the reference's own README: multiples of the noise between its float32 and float64 runs.
 *
 * This module is browser compatible.
 */
import type { Gpu } from "../../gpu/gpu.ts";
import type { Net } from "../../nets/net.ts";
import { nets } from "../../nets/nets_factory.ts";
import { gradients } from "../../tape/gradients.ts";
import { classificationLoss } from "../../training/losses.ts";
import { movingAverageUpdates } from "../../training/moving_averages.ts";
import { Comparison } from "./_comparison.ts";
import { record, run } from "./_net_build.ts";
import { labelsOf, type NetFile, type TrainingPass } from "./_net_file.ts";
import { compareForward, compareRecording, forwardFetches } from "./_net_forward.ts";
import { compareGradients, compareLosses, compareMoving } from "./_net_training.ts";
import type { Outcome } from "./report.ts";

async function evaluate(report: Comparison, gpu: Gpu, file: NetFile, net: Net): Promise<void> {
  const pass = file.eval, recording = record(file, net, pass, false);
  compareRecording(report, file, net, pass, recording);
  compareForward(report, pass, await run(gpu, file, pass, recording, { fetches: forwardFetches(recording) }));
}

async function train(
  report: Comparison,
  gpu: Gpu,
  file: NetFile,
  net: Net,
  pass: TrainingPass,
): Promise<void> {
  const recording = record(file, net, pass, true), { tape, built } = recording;
  compareRecording(report, file, net, pass, recording);
  const { logits, auxLogits, regularizationLosses, movingAverages } = built;
  const clones = [{ logits, auxLogits, labels: tape.feed("labels", [pass.batch], "i32") }];
  const loss = classificationLoss(clones, regularizationLosses, { labelSmoothing: pass.label_smoothing });
  const smoothed = classificationLoss(clones, [], { labelSmoothing: 0.1 });
  const trainable = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(loss.total, trainable.map((v) => v.value));
  const results = await run(gpu, file, pass, recording, {
    fetches: {
      ...forwardFetches(recording),
      total: loss.total,
      cross_entropy: loss.crossEntropies[0],
      cross_entropy_ls01: smoothed.crossEntropies[0],
      ...auxLogits ? { aux: loss.auxiliaryLosses[0], aux_ls01: smoothed.auxiliaryLosses[0] } : {},
      ...Object.fromEntries(regularizationLosses.map((r) => [`regularization of ${r.variable}`, r.value])),
      ...Object.fromEntries(
        trainable.flatMap((v, i) => found[i] ? [[`gradient of ${v.name}`, found[i]]] : []),
      ),
    },
    updates: movingAverageUpdates(tape, movingAverages),
  });
  report.list("labels", labelsOf(file, pass.batch), pass.labels, { absolute: 0 });
  compareForward(report, pass, results);
  compareLosses(report, pass, regularizationLosses.map((r) => r.variable), results);
  compareGradients(report, file.net, pass, trainable.map((v) => v.name), results);
  compareMoving(report, file, pass, movingAverages, results);
}

/**
 * Evaluates the net of a file, and trains it where the file has a training pass; the outcome says what was worst for its
 * tolerance, and which adapter computed it.
 */
export async function compareNet(file: NetFile, gpu: Gpu): Promise<Outcome> {
  const net = nets.get(file.net), start = performance.now();
  if (!net) throw new Error(`net ${file.net} is unknown to this runner; teach it, or move the file away`);
  const passes: [string, Comparison][] = [["eval", new Comparison()]];
  await evaluate(passes[0][1], gpu, file, net);
  if (file.train) {
    passes.push(["train", new Comparison()]);
    await train(passes[1][1], gpu, file, net, file.train);
  }
  const [name, worst] = passes.reduce((a, b) => b[1].weight > a[1].weight ? b : a);
  const seconds = (performance.now() - start) / 1000,
    count = passes.reduce((sum, [, c]) => sum + c.count, 0),
    { vendor, architecture, description } = gpu.adapter;
  return {
    error: worst.error,
    tolerance: worst.tolerance,
    detail: `${name}: ${worst.detail}; ${count} numbers, ${seconds.toFixed(1)} s, ` +
      `${(gpu.memory.peakBytes / 2 ** 20).toFixed(0)} MiB at most, ${
        description || `${vendor} ${architecture}`
      }`,
  };
}
