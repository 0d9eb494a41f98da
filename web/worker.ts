/**
 * Trains LeNet on the embedded sample, beside the page: decoding and encoding steps never hold up its drawing.
 *
 * @module
 */
import { type Zippable, zipSync } from "npm:fflate@0.8.3";
import {
  CheckpointManager,
  checkpointTensors,
  configureLearningRate,
  configureOptimizer,
  type Dataset,
  Evaluator,
  getSampleSplit,
  type Gpu,
  memoryFiles,
  type Metrics,
  requestGpu,
  Trainer,
} from "../mod.ts";
import type { Command, Example, Notice, Settings } from "./protocol.ts";

/** Reports a second, and test images to show. */
const REPORT_RATE = 5, EXAMPLES = 18;

/** Images of a test batch. */
const TEST_BATCH = 100;

const sampleUrl = new URL("/sample/", location.href);

/** Pending while the visitor wants a pause. */
let pause: PromiseWithResolvers<void> | undefined;
let trainer: Trainer | undefined;

function tell(notice: Notice, transfer: Transferable[] = []): void {
  postMessage(notice, { transfer });
}

async function openDevice(variant: readonly string[]): Promise<Gpu> {
  const gpu = await requestGpu({
    onPipeline: (done, of) => tell({ kind: "compiling", done, of }),
    preferences: { forced: variant },
  });
  const { description, vendor, architecture, kind } = gpu.adapter;
  const adapter = description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  tell({ kind: "opened", adapter, isSoftware: kind === "software" });
  return gpu;
}

/** Training as `tools/train.ts` does it without flags, then evaluation. */
async function train(settings: Settings): Promise<void> {
  const { steps, batchSize, learningRate, seed, testImages, variant } = settings;
  const [gpu, dataset] = await Promise.all([
    openDevice(variant),
    getSampleSplit("train", { baseUrl: sampleUrl }),
  ]);
  const net = { modelName: "lenet", numClasses: dataset.numClasses };
  trainer = await Trainer.create(gpu, dataset, {
    ...net,
    batchSize,
    seed,
    weightDecay: 0.00004,
    optimizer: configureOptimizer({ optimizer: "adam" }),
    learningRate: configureLearningRate({ learning_rate: learningRate }, dataset.numSamples, batchSize),
  });
  let nextReport = 1; // a step: the clock says nothing, as steps are only submitted until a report waits for them
  const isDue = () => pause !== undefined || trainer!.step >= nextReport;
  for await (const report of trainer.train({ until: steps, reportEvery: steps, pause: isDue })) {
    const { step, losses, imagesPerSecond } = report;
    tell({ kind: "trained", step, losses, imagesPerSecond });
    nextReport = step + Math.ceil(imagesPerSecond / batchSize / REPORT_RATE);
    if (!pause || step === steps) continue;
    tell({ kind: "paused" });
    await pause.promise;
  }
  const test = await getSampleSplit("test", { baseUrl: sampleUrl });
  const evaluator = await Evaluator.compile(
    gpu,
    test,
    { ...net, batchSize: TEST_BATCH },
    trainer.compiled.parameters,
  );
  const metrics = await evaluator.run({
    maxBatches: testImages / TEST_BATCH,
    onBatch: (done, of) => tell({ kind: "evaluating", done, of }),
  });
  evaluator.destroy();
  const { accuracy, count } = metrics;
  tell({ kind: "evaluated", accuracy, images: count, examples: await exampleImages(test, metrics) });
}

function exampleImages(test: Dataset, { predictions }: Metrics): Promise<Example[]> {
  const nameOf = (label: number) => test.labelsToNames.get(label) ?? String(label);
  return Promise.all(Array.from({ length: EXAMPLES }, async (_, i) => {
    const { data, height, label } = await test.source.get(i);
    return { pixels: data, side: height, label: nameOf(label), prediction: nameOf(predictions[i]) };
  }));
}

/** The training as a directory that `tools/train.ts` and `tools/eval.ts` take, in a ZIP file. */
async function save(trainer: Trainer): Promise<void> {
  const directory = "lenet", files = memoryFiles(), entries: Zippable = {};
  const manager = await CheckpointManager.open(files, directory);
  await manager.save(trainer.step, checkpointTensors(trainer));
  for (const name of await files.list(directory)) {
    const path = `${directory}/${name}`;
    entries[path] = await files.read(path);
  }
  const zip = zipSync(entries, { level: 0 }); // weights hardly get smaller
  tell({ kind: "saved", name: `lenet-${trainer.step}.zip`, zip }, [zip.buffer]);
}

async function obey(command: Command): Promise<void> {
  try {
    if (command.kind === "train") await train(command.settings);
    if (command.kind === "pause") pause ??= Promise.withResolvers();
    if (command.kind === "resume") {
      pause?.resolve();
      pause = undefined;
    }
    if (command.kind === "save" && trainer) await save(trainer);
  } catch (error) {
    tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

addEventListener("message", ({ data }: MessageEvent<Command>) => void obey(data));
