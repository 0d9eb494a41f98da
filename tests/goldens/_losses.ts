/** Softmax cross-entropy, l2 regularization and the total of both, from losses.json. */
import type { Gpu } from "../../gpu/gpu.ts";
import { compile } from "../../tape/compile.ts";
import { gradients } from "../../tape/gradients.ts";
import { mean, softmax, softmaxCrossEntropy } from "../../tape/ops/losses.ts";
import { scale } from "../../tape/ops/pointwise.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape, type Value } from "../../tape/tape.ts";
import { Layers } from "../../layers/layers.ts";
import { sum, weightedMean } from "../../training/losses.ts";
import { Comparison } from "./_comparison.ts";
import { randomValues } from "./_formula.ts";

interface CrossEntropyCase {
  case: string;
  /** The two libraries that have it; they agree. */
  function: string;
  label_smoothing: number;
  /** Of all examples, or of each. */
  weights: number | number[];
  logits_shape: [rows: number, classes: number];
  labels: number[];
  loss: number;
  grad: number[];
}
interface ExampleLossesCase {
  case: string;
  logits: number[];
  labels: number[];
  /** Of each example. */
  loss: number[];
  softmax: number[];
}
export interface LossesFile {
  salt: string;
  softmax_cross_entropy: (CrossEntropyCase | ExampleLossesCase)[];
  l2_regularizer: { scale: number; value: number | null; grad_first3: number[] | null }[];
  /** What a small net adds to its collections, by name, and the sum. */
  collections: { losses: [string, number][]; regularization_losses: [string, number][]; total: number };
}
/** A case by name. */
type LossCase = [name: string, run: (gpu: Gpu) => Promise<Comparison>];

const TOLERANCE = { relative: 1e-6 };

/** Runs what is recorded once, and reads it. */
async function evaluate(
  gpu: Gpu,
  record: (tape: Tape) => Record<string, Value>,
  feeds: Record<string, Float32Array | Int32Array> = {},
): Promise<Record<string, Float32Array>> {
  const tape = new Tape(), fetches = record(tape), parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches, parameters });
  try {
    parameters.initialize(0);
    for (const [name, data] of Object.entries(feeds)) program.feed(name, data);
    program.run();
    const results: Record<string, Float32Array> = {};
    for (const name of Object.keys(fetches)) results[name] = await program.fetch(name);
    return results;
  } finally {
    program.destroy();
    parameters.destroy();
  }
}

async function runCrossEntropy(gpu: Gpu, salt: string, c: CrossEntropyCase): Promise<Comparison> {
  const report = new Comparison(),
    { logits_shape: [rows, classes], label_smoothing: labelSmoothing, weights } = c;
  const { loss, gradient } = await evaluate(gpu, (tape) => {
    const logits = tape.feed("logits", [rows, classes]), labels = tape.feed("labels", [rows], "i32");
    const losses = softmaxCrossEntropy(logits, labels, { labelSmoothing });
    const loss = typeof weights === "number" ? scale(mean(losses), weights) : weightedMean(losses, weights);
    return { loss, gradient: gradients(loss, [logits])[0]! };
  }, {
    logits: randomValues(`${salt}/loss/logits`, rows * classes, 5),
    labels: Int32Array.from(c.labels),
  });
  report.number("loss", loss[0], c.loss, TOLERANCE);
  report.list("gradient", gradient, c.grad, { largest: 1e-6 });
  return report;
}

async function runExampleLosses(gpu: Gpu, c: ExampleLossesCase): Promise<Comparison> {
  const report = new Comparison(), rows = c.labels.length, shape = [rows, c.logits.length / rows];
  const results = await evaluate(gpu, (tape) => {
    const logits = tape.feed("logits", shape), labels = tape.feed("labels", [rows], "i32");
    return { losses: softmaxCrossEntropy(logits, labels), softmax: softmax(logits) };
  }, { logits: Float32Array.from(c.logits), labels: Int32Array.from(c.labels) });
  report.list("loss", results.losses, c.loss, TOLERANCE);
  report.list("softmax", results.softmax, c.softmax, TOLERANCE);
  return report;
}

/** Without a decay there must be no loss at all. */
async function runRegularizer(
  gpu: Gpu,
  salt: string,
  { scale: decay, value, grad_first3 }: LossesFile["l2_regularizer"][number],
): Promise<Comparison> {
  const report = new Comparison();
  const { loss, gradient } = await evaluate(gpu, (tape) => {
    const scope = Layers.root(tape, 0), initialize = () => randomValues(`${salt}/reg`, 15, 1);
    const w = scope.variable("weights", [5, 3], { initialize, decay }), [loss] = scope.regularizationLosses;
    const fetches: Record<string, Value> = {};
    if (loss) Object.assign(fetches, { loss: loss.value, gradient: gradients(loss.value, [w])[0] });
    return fetches;
  });
  if (value === null || grad_first3 === null) {
    report.names("loss", loss ? ["weights"] : [], []);
    return report;
  }
  report.list("loss", loss ?? [], [value], TOLERANCE);
  report.list("gradient", gradient?.subarray(0, 3) ?? [], grad_first3, TOLERANCE);
  return report;
}

async function runCollections(gpu: Gpu, c: LossesFile["collections"]): Promise<Comparison> {
  const report = new Comparison();
  const parts = [...c.losses, ...c.regularization_losses].map(([, value]) => Float32Array.of(value));
  const { total } = await evaluate(
    gpu,
    (tape) => ({ total: sum(parts.map((_, i) => tape.feed(`part${i}`, []))) }),
    Object.fromEntries(parts.map((value, i) => [`part${i}`, value])),
  );
  report.number("total", total[0], c.total, TOLERANCE);
  return report;
}

/** The cases of the file. */
export function* lossCases({ salt, ...file }: LossesFile): Generator<LossCase> {
  for (const c of file.softmax_cross_entropy) {
    yield "grad" in c
      ? [`${c.function}, ${c.case}`, (gpu) => runCrossEntropy(gpu, salt, c)]
      : [c.case, (gpu) => runExampleLosses(gpu, c)];
  }
  for (const c of file.l2_regularizer) {
    yield [`l2_regularizer ${c.scale}`, (gpu) => runRegularizer(gpu, salt, c)];
  }
  yield ["collections", (gpu) => runCollections(gpu, file.collections)];
}
