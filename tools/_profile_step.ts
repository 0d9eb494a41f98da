/**
 * The step of a net that tools/profile.ts measures, with random weights, images and labels.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { uniforms } from "../random/philox.ts";
import { compile } from "../tape/compile.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Precision } from "../tape/plan.ts";
import type { Program } from "../tape/program.ts";
import { type Shape, Tape } from "../tape/tape.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { TrainingStep } from "../training/step.ts";

/** What to compile. */
export interface StepOptions {
  readonly modelName: string;
  readonly mode: "inference" | "training";
  readonly batchSize: number;
  /** Left out: the net's own. */
  readonly imageSize?: number;
  /** Of the training. */
  readonly optimizer: string;
  readonly precision: Precision;
}

/** A program with what it needs on the device. */
export interface Step {
  readonly program: Program;
  /** Shape of the images. */
  readonly input: Shape;
}

/** As in tools/train.ts. */
const WEIGHT_DECAY = 0.00004;

/** Compiles a step and feeds it. The device's memory is freed with the device. */
export async function compileStep(gpu: Gpu, options: StepOptions): Promise<Step> {
  const { modelName, mode, batchSize, optimizer, precision } = options, isTraining = mode === "training";
  const net = getNet(modelName), side = options.imageSize ?? net.defaultImageSize;
  const input = [batchSize, side, side, net.channels], tape = new Tape();
  const built = buildNet(tape, net, tape.feed("images", input), {
    numClasses: net.numClasses,
    isTraining,
    weightDecay: WEIGHT_DECAY,
  });
  const next = uniforms(0, 0),
    images = Float32Array.from({ length: batchSize * side * side * net.channels }, () => 2 * next() - 1);
  if (!isTraining) {
    const parameters = new Parameters(gpu, tape.variables);
    const program = await compile(gpu, tape, {
      fetches: { logits: built.logits },
      parameters,
      precision,
      label: modelName,
    });
    parameters.initialize(0);
    program.feed("images", images);
    return { program, input };
  }
  const labels = tape.feed("labels", [batchSize], "i32");
  const step = await TrainingStep.compile(gpu, {
    tape,
    clones: [{ ...built, labels }],
    optimizer: configureOptimizer({ optimizer }),
    precision,
  });
  const { program } = step;
  step.parameters.initialize(0);
  program.feed("images", images);
  program.feed("labels", Int32Array.from({ length: batchSize }, (_, i) => i % net.numClasses));
  program.feed("rate", new Float32Array(2)); // however often it runs, the weights stay what they are
  if (program.takes("step")) program.feed("step", Uint32Array.of(0));
  return { program, input };
}
