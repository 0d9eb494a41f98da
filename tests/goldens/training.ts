/** Topic `training`: 30 steps of the real nets, losses and optimizers on fixed data, from trajectories.json and noise.json. */
import { originals } from "../../datasets/downloads.ts";
import { getSampleSplit } from "../../datasets/sample.ts";
import { parseIdxImages } from "../../formats/idx.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { openGpu } from "../../host/drivers.ts";
import { denoFiles } from "../../host/files.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { buildNet, type BuiltNet } from "../../nets/net.ts";
import { getNet } from "../../nets/nets_factory.ts";
import { Tape } from "../../tape/tape.ts";
import { configureLearningRate, type LearningRateFlags } from "../../training/learning_rate.ts";
import { configureOptimizer, type OptimizerFlags } from "../../training/optimizers.ts";
import { findOriginal } from "../../tools/_originals.ts";
import { TrainingStep } from "../../training/step.ts";
import { randomValues } from "./_formula.ts";
import { Comparison, type Samples } from "./_comparison.ts";
import { type GoldenCase, readJson } from "./report.ts";

interface Trajectory {
  model: string;
  flags: OptimizerFlags & LearningRateFlags & { label_smoothing?: number };
  num_clones: number;
  effective_weight_decay: number;
  init_scale: number;
  losses: number[];
  cross_entropy: number[][];
  regularization: number[][];
  learning_rates: number[];
  step0: { logits_first_two_examples: number[]; gradients: Record<string, Samples> };
  initial: Record<string, Samples>;
  final: Record<string, Samples>;
}
interface Noise {
  max_so_far: number[];
  final_variables_max_abs_deviation: Record<string, number>;
}
interface Trajectories {
  salt: string;
  first_image: number;
  num_images: number;
  batch_size: number;
  labels: number[];
  preprocessed_input_samples: Record<string, Samples>;
  cases: Trajectory[];
}

/** Images of a fully recorded training epoch in the script; decides decay_steps. */
const EPOCH_SIZE = 60_000;

/** Reads training image number n of Fashion-MNIST: from the embedded sample, or beyond it from the system's files. */
async function imageReader(end: number): Promise<(n: number) => Promise<Uint8Array>> {
  const { source } = await getSampleSplit("train");
  if (end <= source.size) return async (n) => (await source.get(n)).data;
  const { files: [file], systemFolders } = originals.fashion_mnist;
  for (const folder of systemFolders) {
    const path = await findOriginal(file, folder);
    if (path === undefined) continue;
    const { data, rows, columns } = parseIdxImages(await denoFiles.read(path), path);
    return (n) => Promise.resolve(data.subarray(n * rows * columns, (n + 1) * rows * columns));
  }
  throw new RangeError(
    `Cannot take images up to ${end}: the embedded sample has ${source.size}; install dataset-fashion-mnist`,
  );
}

/** Pixels as the model's preprocessing gives them, without randomness, for `count` images from `first` on. */
async function inputs(
  model: string,
  first: number,
  count: number,
): Promise<{ side: number; channels: number; data: Float32Array }> {
  const read = await imageReader(first + count);
  const [side, channels] = model === "cifarnet" ? [32, 3] : [28, 1], border = (side - 28) / 2;
  const data = new Float32Array(count * side * side * channels);
  for (let n = 0; n < count; n++) {
    const pixels = await read(first + n), at = n * side * side * channels;
    if (model === "lenet") {
      pixels.forEach((v, i) => data[at + i] = (v - 128) / 128);
      continue;
    }
    const sum = pixels.reduce((a, b) => a + b, 0),
      squares = pixels.reduce((a, b) => a + b * b, 0),
      size = side * side;
    const mean = sum / size,
      deviation = Math.max(Math.sqrt(squares / size - mean * mean), 1 / Math.sqrt(size * channels));
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const inside = y >= border && y < side - border && x >= border && x < side - border;
        const v = inside ? pixels[(y - border) * 28 + x - border] : 0;
        data.fill((v - mean) / deviation, at + (y * side + x) * channels, at + (y * side + x + 1) * channels);
      }
    }
  }
  return { side, channels, data };
}

async function runTrajectory(gpu: Gpu, all: Trajectories, t: Trajectory, noise: Noise): Promise<Comparison> {
  const report = new Comparison();
  const { salt, batch_size: batch } = all, clones = t.num_clones;
  const { side, channels, data } = await inputs(t.model, all.first_image, all.num_images);
  report.samples("input", data, all.preprocessed_input_samples[t.model], { absolute: 2e-6 });

  const tape = new Tape(), net = getNet(t.model), share = batch / clones, pixels = side * side * channels;
  const options = {
    numClasses: 10,
    isTraining: true,
    dropoutKeepProb: 1,
    weightDecay: t.effective_weight_decay,
  };
  const built: BuiltNet[] = [];
  function* record() {
    for (let i = 0; i < clones; i++) {
      const images = tape.feed(`images${i}`, [share, side, side, channels]);
      built.push(buildNet(tape, net, images, options));
      yield { ...built[i], labels: tape.feed(`labels${i}`, [share], "i32") };
    }
  }
  const optimizer = configureOptimizer({ opt_epsilon: 1, ...t.flags });
  const step = await TrainingStep.compile(gpu, {
    tape,
    clones: record(),
    numClones: clones,
    optimizer,
    labelSmoothing: t.flags.label_smoothing ?? 0,
    record: () => ({ logits: built[0].logits }),
  });
  try {
    const { parameters, program } = step, initial = new Map<string, Float32Array>();
    const decays = new Map(built[0].regularizationLosses.map((r) => [r.variable, r.decay]));
    for (const name of parameters.names) {
      const stream = salt === "dev" ? name : `${salt}/${name}`;
      const values = randomValues(stream, sizeOf(parameters.shape(name)), t.init_scale);
      report.samples(`initial ${name}`, values, t.initial[name], { absolute: 0 });
      parameters.write(name, values);
      initial.set(name, values);
    }
    const learningRate = configureLearningRate(t.flags, EPOCH_SIZE, batch);
    for (let s = 0; s < t.losses.length; s++) {
      const first = (s * batch) % all.num_images;
      for (let c = 0; c < clones; c++) {
        const from = first + c * share;
        program.feed(`images${c}`, data.slice(from * pixels, (from + share) * pixels));
        program.feed(`labels${c}`, Int32Array.from(all.labels.slice(from, from + share)));
      }
      step.run(s, learningRate(s));
      const tolerance = Math.max(2e-5, 30 * noise.max_so_far[s]);
      report.number(`learning rate of step ${s}`, learningRate(s), t.learning_rates[s], { relative: 1e-6 });
      report.number(`loss of step ${s}`, (await program.fetch("loss"))[0], t.losses[s], {
        relative: tolerance,
      });
      if (s > 0) continue;
      for (const [name, expected] of Object.entries(t.step0.gradients)) {
        const decay = decays.get(name) ?? 0, w = initial.get(name)!;
        const gradient = (await program.fetch(`gradient/${name}`)).map((g, i) => g + decay * w[i]);
        report.samples(`gradient of ${name}`, gradient, expected, { l2: 1e-4 });
      }
      const logits = (await program.fetch("logits")).slice(0, t.step0.logits_first_two_examples.length);
      report.list("logits", logits, t.step0.logits_first_two_examples, { absolute: 1e-5 });
      for (const [i, expected] of t.cross_entropy[0].entries()) {
        report.number(`cross-entropy ${i}`, (await program.fetch(`crossEntropy${i}`))[0], expected, {
          relative: 2e-5,
        });
      }
      const losses = built[0].regularizationLosses;
      if (losses.length !== t.regularization[0].length) report.fail(`${losses.length} regularization losses`);
      for (const [i, { variable }] of losses.entries()) {
        const value = (await program.fetch(`regularization/${variable}`))[0];
        report.number(`regularization of ${variable}`, value, t.regularization[0][i], { relative: 2e-5 });
      }
    }
    const scalars: Record<string, number> = {
      global_step: t.losses.length,
      ...optimizer.scalars(t.losses.length),
    };
    for (const [name, expected] of Object.entries(t.final)) {
      const absolute = Math.max(1e-4, 10 * noise.final_variables_max_abs_deviation[name]);
      const slash = name.lastIndexOf("/"), [variable, slot] = [name.slice(0, slash), name.slice(slash + 1)];
      const values = name in scalars
        ? Float32Array.of(scalars[name])
        : parameters.slots.includes(slot)
        ? await parameters.read(variable, slot)
        : await parameters.read(name);
      report.samples(`final ${name}`, values, expected, { absolute });
    }
  } finally {
    step.destroy();
  }
  return report;
}

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const all: Trajectories = await readJson(`${directory}/trajectories.json`);
  const noise: Noise[] = await readJson(`${directory}/noise.json`);
  for (const [i, t] of all.cases.entries()) {
    const flags = Object.entries(t.flags).map(([name, value]) => `${name}=${value}`).join(" ");
    yield {
      name: `${t.model} ${flags} num_clones=${t.num_clones}`,
      run: async () => {
        const gpu = await openGpu();
        try {
          return await runTrajectory(gpu, all, t, noise[i]);
        } finally {
          gpu.close();
        }
      },
    };
  }
}
