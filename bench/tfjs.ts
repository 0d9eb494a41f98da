/**
 * The bench's cases on TensorFlow.js, with its WebGPU backend or its WebAssembly backend.
 *
 * @module
 */
import { isNet, operands, type OperationCase } from "./cases.ts";
import type { Engine, Start } from "./engine.ts";
import type { Tf, TfTensor } from "./tfjs_api.ts";
import { prepareNet } from "./tfjs_nets.ts";
import { download, settle, upload } from "./tfjs_tensors.ts";

type Backend = "webgpu" | "wasm";

/** Loads TensorFlow.js with its WebGPU backend. @throws {Error} where it cannot be loaded or finds no adapter */
export async function tfjsWebgpu(): Promise<Engine> {
  const [core, backend] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"];
  const tf: Tf = await import(core);
  await import(backend);
  tf.env().set("WEBGPU_CPU_FORWARD", false); // it would compute small tensors on the CPU
  if (!await tf.setBackend("webgpu")) throw new Error("Cannot start tfjs-webgpu: it found no adapter");
  return { ...engine(tf, "webgpu"), adapter: tf.backend().device.adapterInfo.description };
}

/** Loads TensorFlow.js with its WebAssembly backend. @throws {Error} where it cannot be loaded */
export async function tfjsWasm(): Promise<Engine> {
  const [core, backend] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];
  const tf: Tf = await import(core);
  const { setThreadsCount } = await import(backend);
  setThreadsCount(1);
  if (!await tf.setBackend("wasm")) throw new Error("Cannot start tfjs-wasm: its module does not load");
  return engine(tf, "wasm");
}

function engine(tf: Tf, backend: Backend): Engine {
  /** Both backends share the library, which computes on the one set last; that is at once, after the first time. */
  const select = () => {
    if (tf.getBackend() !== backend) void tf.setBackend(backend);
  };
  return {
    prepare: (c) => {
      const start = isNet(c) ? prepareNet(tf, c) : prepareOperation(tf, c);
      return async () => {
        select();
        const { run, sync, results } = await start();
        return {
          run: () => {
            select();
            return run();
          },
          sync: () => {
            select();
            return sync();
          },
          results,
        };
      };
    },
  };
}

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
    case "depthwiseConv2d":
      return { y: tf.depthwiseConv2d(x, w, stride, "same") };
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

function prepareOperation(tf: Tf, c: OperationCase): Start {
  const tensors = Object.entries(operands(c));
  return () => {
    const inputs = Object.fromEntries(tensors.map(([name, t]) => [name, upload(tf, t)]));
    let last: Record<string, TfTensor> = {};
    return {
      run: () => {
        tf.dispose(last);
        last = tf.tidy(() => compute(tf, c, inputs));
      },
      sync: () => settle(tf, Object.values(last).at(-1)!),
      results: () => download(Object.entries(last)),
    };
  };
}
