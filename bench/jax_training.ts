/**
 * Training steps on jax-js: one jitted function from variables and momentum to the next ones.
 *
 * @module
 */
import { lrn, netLayers, optimizer, type TrainCase, training } from "./cases.ts";
import type { Workload } from "./engine.ts";
import type { Arrays, Jax, JaxArray } from "./jax_api.ts";
import { download, Pending, upload } from "./jax_arrays.ts";
import type { Layout } from "./layouts.ts";

/** Layouts of a net's variables; the layer after the flattening meets its inputs channel by channel. */
function layouts(c: TrainCase): (name: string, shape: readonly number[]) => Layout {
  const { layers, flattened } = netLayers[c.net],
    after = layers[layers.findIndex((l) => l.type === "flatten") + 1];
  const convolutions = layers.flatMap((l) => l.type === "conv2d" ? [`${l.scope}/biases`] : []);
  return (name, shape) => {
    if (shape.length === 4) return { order: [3, 2, 0, 1] };
    if (convolutions.includes(name)) return { shape: [shape[0], 1, 1] };
    if (!("scope" in after) || name !== `${after.scope}/weights`) return {};
    return { view: [...flattened, shape[1]], order: [2, 0, 1, 3], shape };
  };
}

function normalize(jax: Jax, x: JaxArray): JaxArray {
  const { numpy } = jax,
    { depthRadius: radius, bias, alpha, beta } = lrn,
    channels = x.shape[1];
  const padded = numpy.pad(x.ref.mul(x.ref), [[0, 0], [radius, radius], [0, 0], [0, 0]]);
  let sum = padded.ref.slice([], [0, channels]);
  for (let i = 1; i <= 2 * radius; i++) {
    sum = sum.add(padded.ref.slice([], [i, i + channels]));
  }
  padded.dispose();
  return x.mul(numpy.exp(numpy.log(sum.mul(alpha).add(bias)).mul(-beta)));
}

function loss(jax: Jax, c: TrainCase, variables: Arrays, images: JaxArray, targets: JaxArray): JaxArray {
  const { lax, nn, numpy } = jax;
  let x = images;
  for (const layer of netLayers[c.net].layers) {
    switch (layer.type) {
      case "maxPool":
        x = lax.reduceWindow(x, numpy.max, [2, 2], [2, 2]);
        break;
      case "lrn":
        x = normalize(jax, x);
        break;
      case "flatten":
        x = x.reshape([c.batch, -1]);
        break;
      default: {
        const w = variables[`${layer.scope}/weights`],
          b = variables[`${layer.scope}/biases`];
        x = (layer.type === "conv2d" ? lax.convGeneralDilated(x, w, [1, 1], "SAME") : numpy.dot(x, w)).add(b);
        if (layer.relu) {
          x = nn.relu(x);
        }
      }
    }
  }
  return nn.logSoftmax(x).mul(targets).sum().mul(-1 / c.batch);
}

/** A training step with its batch, variables and momentum on the device. */
export function prepareTraining(jax: Jax, c: TrainCase): Workload {
  const { numpy, tree } = jax, data = training(c), layoutOf = layouts(c);
  const images = upload(jax, data.images, { order: [0, 3, 1, 2] });
  const onehot = new Float32Array(c.batch * 10);
  data.labels.forEach((label, i) => onehot[i * 10 + label] = 1);
  const targets = numpy.array(onehot).reshape([c.batch, 10]);
  let variables: Arrays = {}, momentum: Arrays = {};
  for (const [name, tensor] of data.variables) {
    variables[name] = upload(jax, tensor, layoutOf(name, tensor.shape));
    momentum[name] = numpy.zeros(variables[name].shape);
  }
  const differentiate = jax.valueAndGrad((
    variables: Arrays,
    images: JaxArray,
    targets: JaxArray,
  ) => loss(jax, c, variables, images, targets));
  const step = jax.jit(
    (variables: Arrays, momentum: Arrays, images: JaxArray, targets: JaxArray) => {
      const [value, gradients] = differentiate(tree.ref(variables), images, targets);
      const next = tree.map((m, g) => m.mul(optimizer.momentum).add(g), momentum, gradients);
      const update = (v: JaxArray, m: JaxArray) => v.sub(m.mul(optimizer.learningRate));
      return { value, variables: tree.map(update, variables, tree.ref(next)), momentum: next };
    },
  );
  const losses = new Pending(jax);
  return {
    run: () => {
      const next = step(variables, momentum, images.ref, targets.ref);
      ({ variables, momentum } = next);
      losses.push({ loss: next.value });
    },
    sync: async () => {
      await jax.blockUntilReady(variables); // the last loss does not need them
      await losses.sync();
    },
    results: async () => {
      const results = new Map([["loss", await download(losses.last.loss, {})]]);
      for (const [name, { shape }] of data.variables) {
        results.set(name, await download(variables[name], layoutOf(name, shape)));
      }
      return results;
    },
    dispose: () => {
      losses.dispose();
      tree.dispose([images, targets, variables, momentum]);
    },
  };
}
