/**
 * Topic `model_deploy`: losses and gradients of LeNet over clones that share a batch, from model_deploy.json.
 *
 * Left out for want of a counterpart: names of operations and summaries, devices, and with them all of `configs` and
 * `deploy`. The scopes of clones serve only to tell their numbers apart.
 */
import { getSampleSplit } from "../../datasets/sample.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { buildNet } from "../../nets/net.ts";
import { getNet } from "../../nets/nets_factory.ts";
import { Tape, type Value } from "../../tape/tape.ts";
import { cloneLoss, sum } from "../../training/losses.ts";
import { configureOptimizer } from "../../training/optimizers.ts";
import { type TrainedClone, TrainingStep } from "../../training/step.ts";
import { Comparison } from "./_comparison.ts";
import { onDevice } from "./_device.ts";
import { randomValues } from "./_formula.ts";
import { type GoldenCase, readJson } from "./report.ts";

type Named = [name: string, value: number];

interface DeployCase {
  num_clones: number;
  weight_decay: number;
  /** What is given in place of the collection: null leaves it, "[]" leaves regularization out. */
  regularization_losses_argument: string | null;
  examples_per_clone: number[];
  clone_scopes: string[];
  losses_collection: Named[];
  regularization_collection: Named[];
  /** Sums that the deployment makes, by name. */
  intermediate: Named[];
  total_loss: number;
  gradients: Record<string, { index: number[]; values: number[]; l2: number }>;
  /** In order of creation. */
  variables: string[];
}

const TOLERANCE = { relative: 1e-5 };
const SIDE = 28, PIXELS = SIDE * SIDE;

/** Values of the variables, by the formula of the reference. */
function valuesOf(salt: string, { parameters }: TrainingStep): Map<string, Float32Array> {
  return new Map(parameters.names.map((name) => {
    const stream = salt === "dev" ? name : `${salt}/${name}`;
    return [name, randomValues(stream, sizeOf(parameters.shape(name)), 0.05)];
  }));
}

/** Whether regularization counts: it does unless an empty list is given in its place. */
function isRegularized({ regularization_losses_argument: argument }: DeployCase): boolean {
  if (argument !== null && argument !== "[]") throw new RangeError(`Cannot regularize by ${argument}`);
  return argument === null;
}

/** Compiles the step of all clones; fetches, beside its own, the sums under the reference's names and "term/NAME". */
async function compileStep(gpu: Gpu, c: DeployCase): Promise<{ step: TrainingStep; clones: TrainedClone[] }> {
  const tape = new Tape(),
    clones: TrainedClone[] = [],
    numClones = c.num_clones,
    isRegular = isRegularized(c);
  function* record() {
    for (const [i, share] of c.examples_per_clone.entries()) {
      const images = tape.feed(`images${i}`, [share, SIDE, SIDE, 1]);
      const options = { numClasses: 10, isTraining: true, dropoutKeepProb: 1, weightDecay: c.weight_decay };
      const built = buildNet(tape, getNet("lenet"), images, options);
      clones.push({ ...built, labels: tape.feed(`labels${i}`, [share], "i32") });
      yield { ...clones[i], regularizationLosses: isRegular ? built.regularizationLosses : [] };
    }
  }
  const sums = (total: Value): Record<string, Value> => {
    const found: Record<string, Value> = { total_loss: total }, [{ regularizationLosses: terms }] = clones;
    for (const [i, clone] of clones.entries()) {
      const { crossEntropy, value } = cloneLoss(clone, { numClones }), scope = c.clone_scopes[i];
      found[`${scope}clone_loss`] = crossEntropy;
      if (numClones > 1) found[`${scope}scaled_clone_loss`] = value;
    }
    for (const { variable, value } of terms) found[`term/${variable}`] = value;
    if (isRegular && terms.length > 0) {
      found[`${c.clone_scopes[0]}regularization_loss`] = sum(terms.map((term) => term.value));
    }
    return found;
  };
  const optimizer = configureOptimizer({ optimizer: "sgd" });
  const step = await TrainingStep.compile(gpu, {
    tape,
    clones: record(),
    numClones,
    optimizer,
    record: sums,
  });
  return { step, clones };
}

/** Feeds each clone its share of the first images of Fashion-MNIST, as LeNet's preprocessing gives them. */
async function feedImages({ program }: TrainingStep, shares: readonly number[]): Promise<void> {
  const { source } = await getSampleSplit("train");
  let first = 0;
  for (const [i, share] of shares.entries()) {
    const images = new Float32Array(share * PIXELS), labels = new Int32Array(share);
    for (let n = 0; n < share; n++) {
      const { data, label } = await source.get(first + n);
      images.set(Float32Array.from(data, (v) => (v - 128) / 128), n * PIXELS);
      labels[n] = label;
    }
    program.feed(`images${i}`, images);
    program.feed(`labels${i}`, labels);
    first += share;
  }
}

async function runCase(gpu: Gpu, salt: string, c: DeployCase): Promise<Comparison> {
  const report = new Comparison(),
    { step, clones: [{ regularizationLosses: terms }] } = await compileStep(gpu, c);
  try {
    const { parameters, program } = step, values = valuesOf(salt, step);
    report.names("variable", parameters.names, c.variables);
    for (const [name, data] of values) parameters.write(name, data);
    await feedImages(step, c.examples_per_clone);
    step.run(0, 0);
    const number = async (what: string, fetch: string, expected: number) =>
      report.number(what, (await program.fetch(fetch))[0], expected, TOLERANCE);
    for (const [name, expected] of c.intermediate) await number(name, name, expected);
    await number("total", "loss", c.total_loss);
    for (const [i, [name, expected]] of c.losses_collection.entries()) {
      await number(name, `crossEntropy${i}`, expected);
    }
    const owners = c.regularization_collection.map((_, i) => terms[i]?.variable);
    report.names("regularized variable", terms.map((term) => term.variable), owners);
    for (const [i, [name, expected]] of c.regularization_collection.entries()) {
      await number(name, `term/${owners[i]}`, expected);
    }
    report.names("gradient", step.trained, Object.keys(c.gradients));
    for (const [name, { index, values: expected, l2 }] of Object.entries(c.gradients)) {
      const decay = isRegularized(c) ? terms.find((term) => term.variable === name)?.decay ?? 0 : 0;
      const gradient = (await program.fetch(`gradient/${name}`)).map((g, i) =>
        g + decay * values.get(name)![i]
      );
      report.list(`gradient of ${name}`, index.map((i) => gradient[i]), expected, { largest: 1e-5 });
      report.number(`l2 of ${name}`, Math.sqrt(gradient.reduce((a, g) => a + g * g, 0)), l2, TOLERANCE);
    }
  } finally {
    step.destroy();
  }
  return report;
}

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const all: { salt: string; cases: DeployCase[] } = await readJson(`${directory}/model_deploy.json`);
  for (const c of all.cases) {
    const instead = c.regularization_losses_argument;
    yield onDevice(
      `${c.examples_per_clone.join(" + ")} examples, weight decay ${c.weight_decay}${
        instead ? `, ${instead}` : ""
      }`,
      (gpu) => runCase(gpu, all.salt, c),
    );
  }
}
