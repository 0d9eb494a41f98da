/**
 * One device with its buffers, pipelines and failures.
 *
 * WebGPU reports most mistakes late and without saying whose they are. A {@linkcode Gpu} checks sizes before it asks, runs
 * every named operation inside error scopes, and throws the first failure, with the operation's label, at the next call.
 *
 * This module is browser compatible.
 * @module
 */
import { type AdapterSummary, type DriverSource, requestDevice, summarizeAdapter } from "./adapter.ts";
import { Allocations, type BufferRequest, type MemoryUse, type TextureRequest } from "./allocations.ts";
import type { Compiler } from "./compiler.ts";
import { GpuError } from "./errors.ts";
import { Failures } from "./failures.ts";
import { PipelineCache, type PipelineProgress, type PipelineSource } from "./pipeline_cache.ts";
import { Transfers } from "./transfers.ts";

export type { AdapterSummary, DriverSource } from "./adapter.ts";
export type { BufferRequest, MemoryUse, TextureRequest } from "./allocations.ts";
export type { PipelineProgress, PipelineSource } from "./pipeline_cache.ts";

/** Which of several kernels to use, where they compute the same. */
export interface KernelPreferences {
  /** Ways taken wherever there is a choice. */
  readonly forced?: readonly string[];
  /** The fastest way by operation and shape class, as measured on this adapter. */
  readonly measured?: ReadonlyMap<string, string>;
}

/** Options of {@linkcode Gpu.open}. */
export interface GpuOptions {
  /** Who brought the driver. @default {"browser"} */
  driverSource?: DriverSource;
  /** Called as pipelines are asked for and finished, for a progress line. */
  onPipeline?: PipelineProgress;
  preferences?: KernelPreferences;
  /** Starts a compiler on the same driver; given where drivers compile late and slowly, see warm_up.ts. */
  startCompiler?: () => Compiler;
}

/** A buffer, a part of one, or a texture, as an entry of a bind group. */
export type Binding = GPUBuffer | { buffer: GPUBuffer; offset?: number; size?: number } | {
  view: GPUTextureView;
};

/** A device, its memory account, its pipelines, and the first thing that went wrong on it. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterSummary;
  readonly preferences: KernelPreferences;
  /** Starts a compiler on the same driver, where that helps; it ends with the device. */
  readonly startCompiler?: () => Compiler;
  /** Whether a subgroup holds at least eight invocations, and kernels may use it. */
  readonly subgroups: boolean;
  /** Everything the adapter offers; all of it was requested. */
  readonly limits: GPUSupportedLimits;
  /** Resolves when the device is gone, also after {@linkcode Gpu.close}. */
  readonly lost: Promise<GPUDeviceLostInfo>;
  #failures: Failures;
  #allocations: Allocations;
  #transfers: Transfers;
  #pipelines: PipelineCache;
  #closing = new AbortController();

  private constructor(
    device: GPUDevice,
    adapter: AdapterSummary,
    listsSubgroups: boolean,
    options: GpuOptions,
  ) {
    this.device = device;
    this.adapter = adapter;
    this.preferences = options.preferences ?? {};
    const { startCompiler } = options;
    this.startCompiler = startCompiler && (() => {
      const compiler = startCompiler();
      this.#closing.signal.addEventListener("abort", () => compiler.close());
      return compiler;
    });
    this.limits = device.limits;
    this.subgroups = device.features.has("subgroups");
    this.#failures = new Failures(device, adapter.description || adapter.vendor);
    this.#allocations = new Allocations(device, this.#failures);
    this.#transfers = new Transfers(device, this.#failures);
    this.#pipelines = new PipelineCache(device, listsSubgroups, options.onPipeline);
    this.lost = device.lost;
  }

  /**
   * Requests a device with all limits of the adapter, and with the features that kernels can use.
   *
   * @throws {GpuError} where the adapter refuses, for example because it has been used before
   */
  static async open(adapter: GPUAdapter, options: GpuOptions = {}): Promise<Gpu> {
    const summary = summarizeAdapter(adapter, options.driverSource ?? "browser");
    try {
      const device = await requestDevice(adapter);
      return new Gpu(device, summary, adapter.features.has("subgroups"), options);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const name = summary.description || summary.vendor || "the adapter";
      throw new GpuError("internal", "device", `Cannot open a device on ${name}: ${reason}`, { cause });
    }
  }

  /** Bytes and count of the buffers now alive, and the most bytes that ever were. */
  get memory(): MemoryUse {
    return this.#allocations.use;
  }

  /** Labels of the buffers now alive, in the order of their making. */
  get liveLabels(): string[] {
    return this.#allocations.labels;
  }

  /**
   * Makes a buffer, after checking its size against the device's limits.
   *
   * @throws {RangeError} where the buffer, or the storage binding made of it, is larger than the device allows
   */
  createBuffer(request: BufferRequest): GPUBuffer {
    this.throwIfFailed();
    return this.#allocations.createBuffer(request);
  }

  /** Makes a texture of four floats a texel, which kernels read and buffers are copied to. */
  createTexture(request: TextureRequest): GPUTexture {
    this.throwIfFailed();
    return this.#allocations.createTexture(request);
  }

  /** Frees a buffer or a texture at once; a second call does nothing. */
  destroyBuffer(buffer: GPUBuffer | GPUTexture): void {
    this.#allocations.destroy(buffer);
  }

  /**
   * Compiles a compute pipeline, or returns the one already made from the same text and constants.
   *
   * @throws {GpuError} of kind "shader", with the label and the compiler's messages
   */
  async pipeline(source: PipelineSource): Promise<GPUComputePipeline> {
    this.throwIfFailed();
    try {
      return await this.#pipelines.get(source);
    } catch (error) {
      throw await this.#failures.underlying(error);
    }
  }

  /**
   * Binds buffers and textures to bindings 0, 1, 2... of one group of a pipeline.
   *
   * @throws {RangeError} where a storage binding is larger than the device allows
   */
  bindGroup(label: string, pipeline: GPUComputePipeline, bindings: Binding[], group = 0): GPUBindGroup {
    this.throwIfFailed();
    const entries = bindings.map((entry, binding) => {
      if ("view" in entry) return { binding, resource: entry.view };
      const resource = "buffer" in entry ? entry : { buffer: entry };
      const { buffer, offset = 0, size = buffer.size - offset } = resource;
      if (buffer.usage & GPUBufferUsage.STORAGE) {
        this.#allocations.checkBinding(`${label}, binding ${binding} (${buffer.label})`, size);
      }
      return { binding, resource };
    });
    return this.#failures.scoped(`bind group ${label}`, () => {
      const layout = this.#pipelines.layout(pipeline, group);
      return this.device.createBindGroup({ label, layout, entries });
    });
  }

  /**
   * Writes host data into a buffer; a tail shorter than four bytes is padded with zeros.
   *
   * @throws {RangeError} where the data does not fit or the offset is no multiple of four
   */
  upload(buffer: GPUBuffer, data: ArrayBufferView, offset = 0): void {
    this.throwIfFailed();
    this.#transfers.upload(buffer, data, offset);
  }

  /**
   * Reads a buffer, or `size` bytes of it, once all work submitted before has run. Several may be in flight.
   *
   * Deno 2.9 holds the thread up in this call until that work is done: what the host has to do meanwhile comes first.
   *
   * @throws {RangeError} where the range is outside the buffer or no multiple of four
   * @throws {GpuError} where any operation up to now failed
   */
  async download(buffer: GPUBuffer, offset = 0, size = buffer.size - offset): Promise<ArrayBuffer> {
    this.throwIfFailed();
    return await this.#transfers.download(buffer, offset, size);
  }

  /** Resolves when all work submitted before has run. @throws {GpuError} where any of it failed */
  async idle(): Promise<void> {
    this.throwIfFailed();
    await this.device.queue.onSubmittedWorkDone();
    await this.settled();
  }

  /**
   * Runs device calls so that what the device reports of them later is known as `operation`.
   *
   * `explain` may look closer at a failure, and answers the label of the part that is to blame.
   */
  scoped<T>(operation: string, call: () => T, explain?: () => Promise<string>): T {
    return this.#failures.scoped(operation, call, explain);
  }

  /** Waits until every operation asked for so far was accepted or refused. @throws {GpuError} the first failure */
  settled(): Promise<void> {
    return this.#failures.settled();
  }

  /** Throws the first failure known so far, if any; cheap enough to call before each step. */
  throwIfFailed(): void {
    if (this.#failures.first) throw this.#failures.first;
  }

  /** Frees every buffer and the device, and closes the compilers. */
  close(): void {
    this.#closing.abort();
    this.#failures.close();
    this.#allocations.clear();
    this.#transfers.clear();
    this.device.destroy();
  }
}
