/**
 * The bench's cases on this project's programs.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { compile } from "../tape/compile.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { maxPool2d } from "../tape/ops/pool.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Program } from "../tape/program.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { TrainingStep } from "../training/step.ts";
import { operands, type OperationCase, optimizer, type TrainCase, training } from "./cases.ts";
import type { Engine, Workload } from "./engine.ts";

/** This project on an open device. */
export function ours(gpu: Gpu): Engine {
  return {
    name: "wgslim",
    adapter: gpu.adapter.description,
    prepare: (c) => c.kind === "train" ? prepareTraining(gpu, c) : prepareOperation(gpu, c),
    close: () => gpu.close(),
  };
}

/** Gradients of a recorded operation's inputs, given that of its output. */
function backward(y: Value, dy: Value): (Value | undefined)[] {
  const { operation, inputs, outputs, attributes } = y.node!;
  const wanted = inputs.map(() => true);
  return operation.gradient!({ node: y.node!, inputs, outputs, gradients: [dy], attributes, wanted });
}

function record(c: OperationCase, of: Record<string, Value>): Record<string, Value> {
  if (c.kind === "matmul") return { y: matmul(of.a, of.b) };
  const { kernel, stride } = c;
  if (c.kind === "maxPool" || c.kind === "maxPoolGradient") {
    const y = maxPool2d(of.x, kernel, { stride, padding: "VALID" });
    return c.kind === "maxPool" ? { y } : { y, dx: backward(y, of.dy)[0]! };
  }
  const y = conv2d(of.x, of.w, { stride, padding: "SAME" });
  if (c.kind === "conv2d") return { y };
  const [dx, dw] = backward(y, of.dy);
  return { dx: dx!, dw: dw! };
}

async function prepareOperation(gpu: Gpu, c: OperationCase): Promise<Workload> {
  const tape = new Tape(),
    parameters = new Parameters(gpu, tape.variables),
    tensors = Object.entries(operands(c));
  const feeds = tensors.map(([name, { shape }]) => [name, tape.feed(name, shape)] as const);
  const fetches = record(c, Object.fromEntries(feeds));
  const program = await compile(gpu, tape, { fetches, parameters, label: c.name });
  for (const [name, { data }] of tensors) program.feed(name, data);
  return {
    run: () => program.run(),
    sync: () => gpu.idle(),
    results: () => fetchAll(program, Object.keys(fetches)),
    dispose: () => {
      program.destroy();
      parameters.destroy();
    },
  };
}

/** A compiled training step of a case, with its batch and initial values on the device. */
export async function compileTraining(gpu: Gpu, c: TrainCase): Promise<TrainingStep> {
  const { tape, net, labelsFeed, images, labels, variables } = training(c);
  const step = await TrainingStep.compile(gpu, {
    tape,
    clones: [{ logits: net.logits, labels: labelsFeed }],
    regularizationLosses: net.regularizationLosses,
    optimizer: configureOptimizer({ optimizer: "momentum", momentum: optimizer.momentum }),
  });
  step.program.feed("images", images.data);
  step.program.feed("labels", labels);
  for (const [name, { data }] of variables) step.parameters.write(name, data);
  return step;
}

async function prepareTraining(gpu: Gpu, c: TrainCase): Promise<Workload> {
  const step = await compileTraining(gpu, c);
  let steps = 0;
  return {
    run: () => step.run(steps++, optimizer.learningRate),
    sync: () => gpu.idle(),
    results: async () => {
      const results = await fetchAll(step.program, ["loss"]);
      for (const name of step.parameters.names) {
        results.set(name, await step.parameters.read(name));
      }
      return results;
    },
    dispose: () => step.destroy(),
  };
}

async function fetchAll(program: Program, names: readonly string[]): Promise<Map<string, Float32Array>> {
  const results = new Map<string, Float32Array>();
  for (const name of names) results.set(name, await program.fetch(name));
  return results;
}
