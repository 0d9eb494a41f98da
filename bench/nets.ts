/**
 * The nets of the rows: recorded on a tape, with a batch and values for every variable.
 *
 * @module
 */
import { buildNet, type BuiltNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { reachable } from "../tape/fuse.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { type NetCase, random, type Tensor } from "./cases.ts";

/** Learning rate and momentum of the training steps. */
export const optimizer = { learningRate: 0.001, momentum: 0.9 };

/** Records a case's net on a tape of its own, fed with "images". */
export function recordNet({ kind, net: name, batch, size }: NetCase): { tape: Tape; net: BuiltNet } {
  const net = getNet(name), tape = new Tape();
  const built = buildNet(tape, net, tape.feed("images", [batch, size, size, net.channels]), {
    numClasses: net.numClasses,
    isTraining: kind === "train",
    dropoutKeepProb: 1,
  });
  return { tape, net: built };
}

/** What a case's net computes on. */
export interface NetData {
  readonly images: Tensor;
  /** Class of each image. */
  readonly labels: Int32Array;
  /** The labels as rows of a one and zeros. */
  readonly targets: Tensor;
  /** Variables by name. */
  readonly variables: ReadonlyMap<string, Tensor>;
}

let latest: { readonly of: NetCase; readonly data: NetData } | undefined;

/** Draws batch and variables of a case; those of the case asked for last are kept, for the next engine. */
export function dataOf(c: NetCase): NetData {
  if (latest?.of === c) return latest.data;
  const { tape, net: { logits } } = recordNet(c), [batch, classes] = logits.shape;
  const variables = [...tape.variables.values()].map(({ name, shape, initialize }) => {
    const drawn = c.kind === "infer" ? learned(name, shape) : undefined;
    return [name, drawn ?? { shape, data: initialize(shape, 0, name) }] as const;
  });
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  const targets = { shape: [batch, classes], data: new Float32Array(batch * classes) };
  labels.forEach((label, i) => targets.data[i * classes + label] = 1);
  const images = random("images", tape.feeds.get("images")!.shape);
  const data = { images, labels, targets, variables: new Map(variables) };
  latest = { of: c, data };
  return data;
}

/** Values for what is the same in every channel before training; undefined for all else. */
function learned(name: string, shape: readonly number[]): Tensor | undefined {
  const map = (f: (value: number) => number) => ({ shape, data: random(name, shape).data.map(f) });
  if (/\/(gamma|moving_variance)$/.test(name)) return map((v) => 1 + v / 2);
  if (/\/(beta|moving_mean|biases)$/.test(name)) return map((v) => v / 10);
}

/**
 * Floating point operations of a net's products and convolutions, two a multiplication and addition. A training step takes
 * three times as many as the forward pass, less the gradients for what no variable bears on: the images.
 */
export function netFlop(c: NetCase): number {
  const { tape, net: { logits } } = recordNet(c), follows = new Set<Value>();
  const isVariable = (value: Value) => value.source?.kind === "variable" || follows.has(value);
  let macs = 0;
  for (const { operation, inputs, outputs, attributes } of reachable(tape.nodes, [logits])) {
    const shapes = [inputs, outputs].map((values) => values.map(({ shape }) => shape));
    const passes = c.kind === "infer" ? 1 : 1 + inputs.filter(isVariable).length;
    macs += passes * (operation.macs?.(shapes[0], shapes[1], attributes) ?? 0);
    if (inputs.some(isVariable)) outputs.forEach((output) => follows.add(output));
  }
  return 2 * macs;
}
