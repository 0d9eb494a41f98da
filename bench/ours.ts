/**
 * The bench's cases on this project's programs.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/drivers.ts";
import { compile } from "../tape/compile.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { depthwiseConv2d } from "../tape/ops/depthwise_conv2d.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { maxPool2d } from "../tape/ops/pool.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Program } from "../tape/program.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { TrainingStep } from "../training/step.ts";
import { type Case, isNet, type NetCase, operands, type OperationCase, type Tensor } from "./cases.ts";
import type { Engine, Start, Workload } from "./engine.ts";
import { dataOf, type NetData, optimizer, recordNet } from "./nets.ts";

/** This project on the adapter of that kind. */
export async function ours(kind?: string): Promise<Engine> {
  const gpu = await openGpu({ adapter: kind });
  return {
    adapter: gpu.adapter.description,
    prepare: (c) => prepare(gpu, c),
  };
}

function prepare(gpu: Gpu, c: Case): Start {
  if (!isNet(c)) return prepareOperation(gpu, c);
  const data = dataOf(c);
  return () => c.kind === "train" ? startTraining(gpu, c, data) : startInference(gpu, c, data);
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
  switch (c.kind) {
    case "maxPool":
      return { y: maxPool2d(of.x, kernel, { stride, padding: "VALID" }) };
    case "maxPoolGradient": {
      const y = maxPool2d(of.x, kernel, { stride, padding: "VALID" });
      return { y, dx: backward(y, of.dy)[0]! };
    }
    case "depthwiseConv2d":
      return { y: depthwiseConv2d(of.x, of.w, { stride, padding: "SAME" }) };
    case "conv2d":
      return { y: conv2d(of.x, of.w, { stride, padding: "SAME" }) };
    case "conv2dGradients": {
      const [dx, dw] = backward(conv2d(of.x, of.w, { stride, padding: "SAME" }), of.dy);
      return { dx: dx!, dw: dw! };
    }
  }
}

function prepareOperation(gpu: Gpu, c: OperationCase): Start {
  const tensors = operands(c);
  return () => {
    const tape = new Tape();
    const feeds = Object.entries(tensors).map(([name, { shape }]) => [name, tape.feed(name, shape)] as const);
    const fetches = record(c, Object.fromEntries(feeds));
    return startProgram(gpu, tape, fetches, { feeds: tensors, label: c.name });
  };
}

function startInference(gpu: Gpu, c: NetCase, { images, variables }: NetData): Promise<Workload> {
  const { tape, net: { logits } } = recordNet(c);
  return startProgram(gpu, tape, { logits }, { feeds: { images }, variables, label: c.name });
}

/** A compiled tape with its operands on the device. */
async function startProgram(
  gpu: Gpu,
  tape: Tape,
  fetches: Record<string, Value>,
  { feeds, variables = new Map(), label }: {
    feeds: Record<string, Tensor>;
    variables?: ReadonlyMap<string, Tensor>;
    label: string;
  },
): Promise<Workload> {
  const parameters = new Parameters(gpu, tape.variables);
  const program = await compile(gpu, tape, { fetches, parameters, label });
  for (const [name, { data }] of Object.entries(feeds)) program.feed(name, data);
  for (const [name, { data }] of variables) parameters.write(name, data);
  return {
    run: () => program.run(),
    sync: () => gpu.idle(),
    results: () => fetchAll(program, Object.keys(fetches)),
  };
}

async function startTraining(
  gpu: Gpu,
  c: NetCase,
  { images, labels, variables }: NetData,
): Promise<Workload> {
  const { tape, net } = recordNet(c);
  const step = await TrainingStep.compile(gpu, {
    tape,
    clones: [{ ...net, movingAverages: [], labels: tape.feed("labels", [c.batch], "i32") }],
    optimizer: configureOptimizer({ optimizer: "momentum", momentum: optimizer.momentum }),
  });
  step.program.feed("images", images.data);
  step.program.feed("labels", labels);
  for (const [name, { data }] of variables) step.parameters.write(name, data);
  let steps = 0;
  return {
    run: () => step.run(steps++, optimizer.learningRate),
    sync: () => gpu.idle(),
    results: async () => {
      await step.program.ready; // else the rounds would begin without some of its kernels
      const results = await fetchAll(step.program, ["loss"]);
      for (const name of step.trained) results.set(name, await step.parameters.read(name));
      return results;
    },
  };
}

async function fetchAll(program: Program, names: readonly string[]): Promise<Map<string, Float32Array>> {
  const results = new Map<string, Float32Array>();
  for (const name of names) results.set(name, await program.fetch(name));
  return results;
}
