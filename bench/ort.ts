/**
 * Nets in inference on onnxruntime-web with its WebGPU backend.
 *
 * @module
 */
import type { NetCase } from "./cases.ts";
import { converted, withChannelsFirst } from "./converted.ts";
import type { Engine, Start } from "./engine.ts";
import { encodeModel } from "./onnx.ts";
import { onnxModel } from "./onnx_rules.ts";

/** A tensor on the device, freed by hand. */
interface OrtTensor {
  getData(): Promise<Float32Array>;
  dispose(): void;
}
/** A loaded model. */
interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
}
/** What the bench uses of `onnxruntime-web`; written down here so that checking it downloads nothing. */
interface Ort {
  readonly env: {
    readonly wasm: { numThreads: number };
    readonly webgpu: { readonly device: Promise<GPUDevice & { readonly adapterInfo: GPUAdapterInfo }> };
    logLevel: string;
  };
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
  readonly Tensor: {
    fromGpuBuffer(buffer: GPUBuffer, of: { dataType: "float32"; dims: readonly number[] }): OrtTensor;
  };
}

/** Loads onnxruntime-web. @throws {Error} where the package cannot be loaded or finds no adapter */
export async function ortWebgpu(): Promise<Engine> {
  const address = "onnxruntime-web/webgpu", ort: Ort = await import(address);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const nothing = {
    nodes: [{ type: "Relu", inputs: ["x"], output: "y", attributes: {} }],
    constants: new Map(),
  };
  const [input, output] = ["x", "y"].map((name) => ({ name, shape: [1] }));
  await load(ort, encodeModel({ ...nothing, input, output })); // the device comes with the first model and goes with the last
  const device = await ort.env.webgpu.device;
  return {
    adapter: device.adapterInfo.description,
    prepare: (c) => prepare(ort, device, c as NetCase),
  };
}

function load(ort: Ort, model: Uint8Array): Promise<OrtSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
    graphOptimizationLevel: "all",
  });
}

function prepare(ort: Ort, device: GPUDevice, c: NetCase): Start {
  const net = withChannelsFirst(converted(c)), { shape: dims, data } = net.values.get("images")!;
  const model = onnxModel(net), bytes = encodeModel(model), { input, output } = model;
  return async () => {
    const session = await load(ort, bytes);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ label: c.name, size: data.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    const feeds = { [input.name]: ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims }) };
    let logits: OrtTensor | undefined;
    return {
      run: async () => {
        logits?.dispose();
        ({ [output.name]: logits } = await session.run(feeds));
      },
      sync: () => device.queue.onSubmittedWorkDone().then(() => {}),
      results: async () => new Map([["logits", Float32Array.from(await logits!.getData())]]),
    };
  };
}
