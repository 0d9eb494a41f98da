/**
 * The bench's cases on TensorFlow.js with its WebGPU backend.
 *
 * @module
 */
import {
  lrn,
  netLayers,
  operands,
  type OperationCase,
  optimizer,
  type Tensor,
  type TrainCase,
  training,
} from "./cases.ts";
import type { Engine, Workload } from "./engine.ts";
import type { Tf, TfTensor } from "./tfjs_api.ts";

/** Loads TensorFlow.js. @throws {Error} where the package or its WebGPU backend cannot be loaded */
export async function tfjs(): Promise<Engine> {
  const [core, backend] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"];
  const tf: Tf = await import(core);
  await import(backend);
  tf.env().set("WEBGPU_CPU_FORWARD", false); // it would compute small tensors on the CPU
  if (!await tf.setBackend("webgpu")) {
    throw new Error("Cannot start tfjs-webgpu: it found no adapter");
  }
  return {
    name: "tfjs-webgpu",
    adapter: tf.backend().device.adapterInfo.description,
    prepare: (c) => Promise.resolve(c.kind === "train" ? prepareTraining(tf, c) : prepareOperation(tf, c)),
    close: () => {},
  };
}

const upload = (tf: Tf, { data, shape }: Tensor) => tf.tensor(data, shape);

function compute(tf: Tf, c: OperationCase, of: Record<string, TfTensor>): Record<string, TfTensor> {
  if (c.kind === "matmul") return { y: tf.matMul(of.a, of.b) };
  const { kernel, stride } = c, { x, w, dy } = of;
  switch (c.kind) {
    case "maxPool":
      return { y: tf.maxPool(x, kernel, stride, "valid") };
    case "maxPoolGradient": {
      const y = tf.maxPool(x, kernel, stride, "valid");
      const pooling = { filterSize: kernel, strides: stride, pad: "valid" };
      return { y, dx: tf.engine().runKernel("MaxPoolGrad", { dy, input: x, output: y }, pooling) };
    }
    case "conv2d":
      return { y: tf.conv2d(x, w, stride, "same") };
    case "conv2dGradients": {
      const engine = tf.engine(), convolution = { strides: stride, dataFormat: "NHWC", pad: "same" };
      const ofInput = { ...convolution, inputShape: x.shape },
        ofFilter = { ...convolution, filterShape: w.shape };
      return {
        dx: engine.runKernel("Conv2DBackpropInput", { dy, filter: w }, ofInput),
        dw: engine.runKernel("Conv2DBackpropFilter", { x, dy }, ofFilter),
      };
    }
  }
}

/** Waits for a tensor by reading one of its elements; the queue runs in order. */
async function settle(tf: Tf, tensor: TfTensor): Promise<void> {
  const { shape } = tensor;
  const first = shape.length === 0 ? tensor : tf.slice(tensor, shape.map(() => 0), shape.map(() => 1));
  await first.data();
  if (first !== tensor) first.dispose();
}

async function download(tensors: Iterable<readonly [string, TfTensor]>): Promise<Map<string, Float32Array>> {
  const results = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    results.set(name, Float32Array.from(await tensor.data()));
  }
  return results;
}

function prepareOperation(tf: Tf, c: OperationCase): Workload {
  const inputs = Object.fromEntries(Object.entries(operands(c)).map(([name, t]) => [name, upload(tf, t)]));
  let last: Record<string, TfTensor> = {};
  return {
    run: () => {
      tf.dispose(last);
      last = tf.tidy(() => compute(tf, c, inputs));
    },
    sync: () => settle(tf, Object.values(last).at(-1)!),
    results: () => download(Object.entries(last)),
    dispose: () => tf.dispose([inputs, last]),
  };
}

function forward(tf: Tf, c: TrainCase, variables: ReadonlyMap<string, TfTensor>, images: TfTensor): TfTensor {
  let x = images;
  for (const layer of netLayers[c.net].layers) {
    switch (layer.type) {
      case "maxPool":
        x = tf.maxPool(x, 2, 2, "valid");
        break;
      case "lrn":
        x = tf.localResponseNormalization(x, lrn.depthRadius, lrn.bias, lrn.alpha, lrn.beta);
        break;
      case "flatten":
        x = tf.reshape(x, [c.batch, -1]);
        break;
      default: {
        const w = variables.get(`${layer.scope}/weights`)!,
          b = variables.get(`${layer.scope}/biases`)!;
        x = tf.add(layer.type === "conv2d" ? tf.conv2d(x, w, 1, "same") : tf.matMul(x, w), b);
        if (layer.relu) x = tf.relu(x);
      }
    }
  }
  return x;
}

function prepareTraining(tf: Tf, c: TrainCase): Workload {
  const data = training(c), images = upload(tf, data.images);
  const onehot = new Float32Array(c.batch * 10);
  data.labels.forEach((label, i) => onehot[i * 10 + label] = 1);
  const targets = tf.tensor(onehot, [c.batch, 10]);
  const variables = new Map(
    [...data.variables].map(([name, t]) => [name, tf.variable(upload(tf, t), true, `${c.name}/${name}`)]),
  );
  const update = tf.train.momentum(optimizer.learningRate, optimizer.momentum);
  const loss = () => tf.losses.softmaxCrossEntropy(targets, forward(tf, c, variables, images));
  let last: TfTensor | undefined;
  return {
    run: () => {
      last?.dispose();
      last = update.minimize(loss, true, [...variables.values()]);
    },
    sync: () => settle(tf, last!),
    results: () => download([["loss", last!], ...variables]),
    dispose: () => {
      update.dispose();
      tf.dispose([images, targets, last, ...variables.values()]);
    },
  };
}
