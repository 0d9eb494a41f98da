/**
 * Topic `nets`: every net at weights, images and labels made by formulas: variables, logits, end points, losses, gradients.
 *
 * The tolerances are those of the reference's own README: multiples of the noise between its float32 and float64 runs.
 */
import type { Gpu } from "../../gpu/gpu.ts";
import { openGpu } from "../../host/drivers.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { buildNet, type BuiltNet, type Net } from "../../nets/net.ts";
import { nets } from "../../nets/nets_factory.ts";
import { hash32 } from "../../random/philox.ts";
import { compile } from "../../tape/compile.ts";
import { gradients } from "../../tape/gradients.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape, type Value } from "../../tape/tape.ts";
import { classificationLoss } from "../../training/losses.ts";
import { randomValues, unit } from "./_formula.ts";
import {
  fill,
  labelsOf,
  type NetFile,
  type Pass,
  rms,
  type TrainingPass,
  type VariableEntry,
} from "./_net_file.ts";
import { Comparison } from "./_comparison.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

/** Nets whose gradients are good to 1e-4; in the others a ReLU may flip within the noise. */
const SMOOTH = ["lenet", "cifarnet"];

/** Records the net of a file for one of its passes. */
function build(file: NetFile, net: Net, pass: Pass, isTraining: boolean): { tape: Tape; built: BuiltNet } {
  const known = ["dropout_keep_prob"], kwargs = { ...file.kwargs, ...pass.kwargs };
  const strange = [
    ...Object.keys(kwargs).filter((name) => !known.includes(name)),
    ...Object.keys(file.hparams ?? {}),
    ...file.via ? [`via ${file.via}`] : [],
  ];
  if (strange.length > 0) throw new Error(`${strange.join(", ")} of the file: unknown to this runner`);
  const tape = new Tape(), images = tape.feed("images", pass.input_shape);
  const options = {
    numClasses: file.num_classes,
    isTraining,
    dropoutKeepProb: 1,
    weightDecay: file.weight_decay,
  };
  return { tape, built: buildNet(tape, net, images, options) };
}

/** Runs a tape once with the file's weights, images and labels; returns the fetches. */
async function run(gpu: Gpu, file: NetFile, pass: Pass, tape: Tape, fetches: Record<string, Value>) {
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches, parameters });
  for (const name of parameters.names) parameters.write(name, fill(file, name, parameters.shape(name)));
  program.feed("images", randomValues(file.input_name, sizeOf(pass.input_shape), 1));
  if (program.takes("labels")) program.feed("labels", labelsOf(file, pass.batch));
  program.run();
  const results = new Map<string, Float32Array>();
  for (const name of Object.keys(fetches)) results.set(name, await program.fetch(name));
  program.destroy();
  parameters.destroy();
  return results;
}

/** Names, shapes, order and count of variables, and the record's own size. */
function checkVariables(file: NetFile, net: Net): ExactChecks {
  const checks = new ExactChecks();
  checks.equal([net.defaultImageSize, net.name], [file.default_image_size, file.net], "image size and name");
  for (const [pass, isTraining] of [[file.eval, false], [file.train, true]] as const) {
    if (!pass) continue;
    const { tape } = build(file, net, pass, isTraining), expected = { ...file, ...pass };
    const entries = [...tape.variables.values()];
    const flat = (list: readonly VariableEntry[]) =>
      list.map(([name, shape, t]) => `${name} [${shape}] ${t}`);
    const actual = entries.map(({ name, shape, trainable }): VariableEntry => [name, [...shape], trainable]);
    checks.equal(flat(actual), flat(expected.variables), "variables");
    const count = (list: typeof entries) => list.reduce((a, v) => a + sizeOf(v.shape), 0);
    checks.equal(
      [count(entries), count(entries.filter((v) => v.trainable))],
      [expected.parameters, expected.trainable_parameters],
      "parameters",
    );
  }
  return checks;
}

/** Logits, predictions and end points of a pass. */
function compareForward(
  report: Comparison,
  pass: Pass,
  built: BuiltNet,
  results: Map<string, Float32Array>,
): void {
  const tolerance = Math.max(2e-5, 8 * pass.noise.end_points_max);
  const whole = (what: string, actual: Float32Array, expected: number[]) =>
    report.list(what, actual, expected, { absolute: tolerance * rms(expected) });
  if (built.logits.shape.join() !== pass.logits_shape.join()) {
    report.fail(`logits have shape [${built.logits.shape}] for [${pass.logits_shape}]`);
  }
  if (pass.update_ops !== 0) report.fail("update operations are unknown to this runner");
  if (pass.logits64) whole("logits", results.get("logits")!, pass.logits64);
  if (pass.Predictions64) whole("Predictions", results.get("end point Predictions")!, pass.Predictions64);
  const shapes = (list: Iterable<readonly [string, readonly number[]]>) =>
    Array.from(list, ([name, shape]) => `${name} [${shape}]`).join(" ");
  const actual = shapes([...built.endPoints].map(([name, { shape }]) => [name, shape] as const));
  const expected = shapes(pass.end_points.map(({ name, shape }) => [name, shape] as const));
  if (actual !== expected) report.fail(`end points ${actual} instead of ${expected}`);
  for (const point of pass.end_points) {
    const values = results.get(`end point ${point.name}`);
    if (!values) continue; // reported above
    const size = Math.hypot(point.mean64, point.std64), absolute = tolerance * size;
    point.idx.forEach((at, i) =>
      report.number(`${point.name}[${at}]`, values[at], point.val64[i], { absolute })
    );
    const mean = values.reduce((a, v) => a + v, 0) / values.length,
      deviation = rms(values.map((v) => v - mean));
    report.number(`mean of ${point.name}`, mean, point.mean64, { absolute });
    report.number(`deviation of ${point.name}`, deviation, point.std64, { absolute });
    report.number(`minimum of ${point.name}`, values.reduce((a, v) => Math.min(a, v)), point.min, {
      absolute,
    });
    report.number(`maximum of ${point.name}`, values.reduce((a, v) => Math.max(a, v)), point.max, {
      absolute,
    });
  }
}

function endPointFetches(built: BuiltNet): Record<string, Value> {
  const points = [...built.endPoints].map(([name, value]) => [`end point ${name}`, value]);
  return { logits: built.logits, ...Object.fromEntries(points) };
}

async function evaluate(gpu: Gpu, file: NetFile, net: Net): Promise<Comparison> {
  const report = new Comparison(), pass = file.eval, { tape, built } = build(file, net, pass, false);
  compareForward(report, pass, built, await run(gpu, file, pass, tape, endPointFetches(built)));
  return report;
}

async function train(gpu: Gpu, file: NetFile, net: Net, pass: TrainingPass): Promise<Comparison> {
  const report = new Comparison(), { tape, built } = build(file, net, pass, true);
  const clones = [{ logits: built.logits, labels: tape.feed("labels", [pass.batch], "i32") }];
  const { regularizationLosses } = built;
  const loss = classificationLoss(clones, regularizationLosses, { labelSmoothing: pass.label_smoothing });
  const smoothed = classificationLoss(clones, [], { labelSmoothing: 0.1 });
  const trainable = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(loss.total, trainable.map((v) => v.value));
  const results = await run(gpu, file, pass, tape, {
    ...endPointFetches(built),
    total: loss.total,
    cross_entropy: loss.crossEntropies[0],
    cross_entropy_ls01: smoothed.total,
    ...Object.fromEntries(regularizationLosses.map((r) => [`regularization of ${r.variable}`, r.value])),
    ...Object.fromEntries(trainable.flatMap((v, i) => found[i] ? [[`gradient of ${v.name}`, found[i]]] : [])),
  });
  report.list("labels", labelsOf(file, pass.batch), pass.labels, { absolute: 0 });
  compareForward(report, pass, built, results);
  compareLosses(report, pass, regularizationLosses.map((r) => r.variable), results);
  compareGradients(report, file.net, pass, trainable.map((v) => v.name), results);
  if (pass.moving.length > 0) report.fail("moving averages are unknown to this runner");
  return report;
}

function compareLosses(
  report: Comparison,
  pass: TrainingPass,
  decayed: string[],
  results: Map<string, Float32Array>,
): void {
  const relative = Math.max(1e-5, 8 * pass.noise.total_loss);
  let sum = 0;
  const expected = pass.regularization_losses.map(([variable]) => variable);
  if (decayed.join() !== expected.join()) report.fail(`decayed are ${decayed} instead of ${expected}`);
  for (const [variable, loss] of pass.regularization_losses) {
    const value = results.get(`regularization of ${variable}`)?.[0] ?? NaN;
    report.number(`regularization of ${variable}`, value, loss, { relative: 1e-5 });
    sum += value;
  }
  for (const [name, value] of Object.entries(pass.losses64)) {
    if (name === "regularization") report.number(name, sum, value, { relative: 1e-5 });
    else if (results.has(name)) report.number(name, results.get(name)![0], value, { relative });
    else report.fail(`the loss ${name} is unknown to this runner`);
  }
}

function compareGradients(
  report: Comparison,
  net: string,
  pass: TrainingPass,
  trainable: string[],
  results: Map<string, Float32Array>,
): void {
  const expected = pass.gradients.map((g) => g.name),
    largest = Math.max(...pass.gradients.map((g) => g.norm64));
  if (trainable.toSorted().join() !== [...expected, ...pass.zero_gradients].sort().join()) {
    report.fail(`gradients of ${trainable} instead of ${expected}`);
  }
  for (const name of pass.zero_gradients) {
    const values = results.get(`gradient of ${name}`) ?? [0];
    report.number(`norm of the gradient of ${name}`, rms(values) * Math.sqrt(values.length), 0, {
      absolute: 1e-3 * largest,
    });
  }
  for (const { name, rms: scale, rel, norm64, sum64, val64 } of pass.gradients) {
    const values = results.get(`gradient of ${name}`);
    if (!values) {
      report.fail(`there is no gradient of ${name}`);
      continue;
    }
    const relative = SMOOTH.includes(net) ? 1e-4 : Math.max(5e-3, 3 * rel, 3 * pass.noise.gradient_rel_p90);
    const size = values.length, seed = hash32(name), absolute = 6 * relative * scale;
    report.number(`norm of the gradient of ${name}`, rms(values) * Math.sqrt(size), norm64, { relative });
    report.number(`sum of the gradient of ${name}`, values.reduce((a, v) => a + v, 0), sum64, {
      absolute: absolute * Math.sqrt(size),
    });
    val64.forEach((value, k) => {
      const at = Math.floor(unit(seed, k) * size);
      report.number(`gradient of ${name}[${at}]`, values[at], value, { absolute });
    });
  }
}

async function onGpu(compare: (gpu: Gpu) => Promise<Comparison>): Promise<Comparison> {
  const gpu = await openGpu();
  try {
    return await compare(gpu);
  } finally {
    gpu.close();
  }
}

/** The cases of a directory of this topic: three for each file. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  for (const entry of await listDirectory(directory)) {
    if (entry === "README.md") continue;
    const file = entry.endsWith(".json") ? await readJson(`${directory}/${entry}`) as NetFile : undefined;
    const net = file && nets.get(file.net);
    if (!file || !net) {
      yield unknownCase(entry, file ? `net ${file.net}` : "this file");
      continue;
    }
    const name = entry.slice(0, -".json".length), { train: pass } = file;
    yield { name: `${name}/variables`, run: () => checkVariables(file, net) };
    yield { name: `${name}/eval`, run: () => onGpu((gpu) => evaluate(gpu, file, net)) };
    if (pass) yield { name: `${name}/train`, run: () => onGpu((gpu) => train(gpu, file, net, pass)) };
  }
}
