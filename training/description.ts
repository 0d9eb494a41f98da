/**
 * Describes a net without running it: layers, parameters, multiply-accumulate operations, memory.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet, type BuiltNet, type NetOptions } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { gradients } from "../tape/gradients.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan, type PlanRequest } from "../tape/plan.ts";
import { type Node, type Shape, Tape, type Value } from "../tape/tape.ts";
import { classificationLoss } from "./losses.ts";
import { movingAverageUpdates } from "./moving_averages.ts";
import type { Optimizer } from "./optimizers.ts";

/** What to describe; left out: the net's own. */
export interface DescriptionOptions extends Partial<Omit<NetOptions, "isTraining">> {
  readonly modelName: string;
  readonly imageSize?: number;
  /** @default {1} */
  readonly batchSize?: number;
  /** Decides how many slots a training keeps. */
  readonly optimizer: Optimizer;
  /** Bytes of the largest storage binding; WebGPU's default: 128 MiB. */
  readonly maxBindingSize?: number;
}

/** One layer in inference: its variables and the operations that belong to it. */
export interface LayerDescription {
  /** Scope of the layer. */
  readonly scope: string;
  /** Names of its operations, in order. */
  readonly operations: readonly string[];
  /** Of its last output. */
  readonly shape: Shape;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Multiply-accumulate operations of the whole batch. */
  readonly macs: number;
}

/** Counts of parameters. */
export interface ParameterCounts {
  /** Those that training changes: weights, biases, batch normalization's beta and gamma. */
  readonly trainable: number;
  /** Batch normalization's moving averages, which only follow. */
  readonly moving: number;
}

/** A described net. */
export interface NetDescription {
  readonly name: string;
  /** [batch, height, width, channels] */
  readonly input: Shape;
  readonly numClasses: number;
  readonly layers: readonly LayerDescription[];
  /** The net as it is built in inference. */
  readonly inference: ParameterCounts & { readonly macs: number };
  /** The net as it is built in training: some have an auxiliary head there alone. */
  readonly training: ParameterCounts;
  /** Of the auxiliary head, where there is one. */
  readonly auxiliaryHead?: ParameterCounts;
  /** Bytes of device memory: parameters, activations and all else that the net's program keeps. */
  readonly memory: { readonly inference: number; readonly training: number };
}

/** Describes a net of the registry. Throws a RangeError where the options do not fit it. */
export function describeNet(options: DescriptionOptions): NetDescription {
  const { modelName, imageSize, batchSize = 1, optimizer, maxBindingSize = 2 ** 27, ...rest } = options;
  const net = getNet(modelName),
    side = imageSize ?? net.defaultImageSize,
    numClasses = rest.numClasses ?? net.numClasses;
  const input = [batchSize, side, side, net.channels];
  const record = (isTraining: boolean) => {
    const tape = new Tape(), images = tape.feed("images", input);
    return {
      tape,
      built: buildNet(tape, net, images, { ...rest, numClasses, isTraining, weightDecay: 1e-5 }),
    };
  };
  const inference = record(false), training = record(true), layers = layersOf(inference.tape);
  const bytes = (tape: Tape, request: PlanRequest, arenas: number) => {
    const layout = new ParameterLayout(tape.variables);
    return 4 * arenas * layout.elements + new Plan(tape, request, layout, maxBindingSize).bytes;
  };
  const auxiliary = countParameters(training.tape, (name) => /\/(AuxLogits|aux_\d+)\//.test(name));
  return {
    name: modelName,
    input,
    numClasses,
    layers,
    inference: {
      ...countParameters(inference.tape),
      macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    },
    training: countParameters(training.tape),
    ...auxiliary.trainable > 0 ? { auxiliaryHead: auxiliary } : {},
    memory: {
      inference: bytes(inference.tape, { fetches: { logits: inference.built.logits } }, 1),
      training: numClasses === 0
        ? 0
        : bytes(training.tape, trainingRequest(training, optimizer), 1 + optimizer.rule.slots.length),
    },
  };
}

/** The program of a training step. */
export function trainingRequest(
  { tape, built }: { tape: Tape; built: BuiltNet },
  optimizer: Optimizer,
): PlanRequest {
  const { logits, auxLogits, regularizationLosses, movingAverages } = built;
  const clone = { logits, auxLogits, labels: tape.feed("labels", [logits.shape[0]], "i32") };
  const { total, data } = classificationLoss([clone], regularizationLosses);
  const trainable = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(data, trainable.map((v) => v.value));
  const values = new Map(trainable.flatMap((v, i) => found[i] ? [[v.name, found[i]]] : []));
  const { rule, options } = optimizer, rate = tape.feed("rate", [2]);
  const decays = new Map(regularizationLosses.map((r) => [r.variable, r.decay]));
  const updates = [{ rule, options, rate, values, decays }, ...movingAverageUpdates(tape, movingAverages)];
  return { fetches: { loss: total }, updates };
}

function countParameters(tape: Tape, which: (name: string) => boolean = () => true): ParameterCounts {
  const variables = [...tape.variables.values()].filter((v) => which(v.name));
  const count = (list: typeof variables) => list.reduce((sum, v) => sum + sizeOf(v.shape), 0);
  const trainable = count(variables.filter((v) => v.trainable));
  return { trainable, moving: count(variables) - trainable };
}

/** Groups the operations of a tape by the layer whose scope they have. */
function layersOf(tape: Tape): LayerDescription[] {
  const layers: LayerDescription[] = [], counted = new Set<string>();
  for (const node of tape.nodes) {
    const scope = node.scope.replace(/\/BatchNorm$/, ""),
      { operation: { name }, outputs: [{ shape }] } = node;
    if (name === "l2Loss" || name === "reshape") continue;
    const { parameters, macs } = costs(node, counted), last = layers.at(-1);
    if (!last || last.scope !== scope) layers.push({ scope, operations: [name], shape, parameters, macs });
    else {
      layers[layers.length - 1] = {
        scope,
        operations: [...last.operations, name],
        shape,
        parameters: last.parameters + parameters,
        macs: last.macs + macs,
      };
    }
  }
  return layers;
}

/** Trainable parameters that a node is the first to use, and its multiply-accumulate operations. */
function costs(
  { operation, inputs, outputs, attributes }: Node,
  counted: Set<string>,
): { parameters: number; macs: number } {
  let parameters = 0;
  for (const { source } of inputs) {
    if (source?.kind !== "variable" || !source.variable.trainable || counted.has(source.variable.name)) {
      continue;
    }
    counted.add(source.variable.name);
    parameters += sizeOf(source.variable.shape);
  }
  const shapes = (values: readonly Value[]) => values.map((v) => v.shape);
  return { parameters, macs: operation.macs?.(shapes(inputs), shapes(outputs), attributes) ?? 0 };
}
