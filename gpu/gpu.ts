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
import type { Compiler } from "./compiler.ts";
import { GpuError } from "./errors.ts";
import { Failures, memoryRemedy } from "./failures.ts";
import { PipelineCache, type PipelineProgress, type PipelineSource } from "./pipeline_cache.ts";
import { StagingPool } from "./staging.ts";

export type { AdapterSummary, DriverSource } from "./adapter.ts";
export type { PipelineProgress, PipelineSource } from "./pipeline_cache.ts";

/** Device memory in buffers and textures made by a {@linkcode Gpu}, in bytes. */
export interface MemoryUse {
  readonly liveBytes: number;
  readonly peakBytes: number;
  readonly liveBuffers: number;
}

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

/** What {@linkcode Gpu.createBuffer} makes. */
export interface BufferRequest {
  /** Scope, operation and shape: every error message repeats it. */
  label: string;
  /** Bytes, rounded up to a multiple of four and at least four. */
  size: number;
  /** Bits of `GPUBufferUsage`. */
  usage: number;
  /** Bytes of the largest storage binding made of it; left out where it is bound in parts or not at all. */
  binding?: number;
}

/** A buffer, a part of one, or a texture, as an entry of a bind group. */
export type Binding = GPUBuffer | { buffer: GPUBuffer; offset?: number; size?: number } | {
  view: GPUTextureView;
};

/** What {@linkcode Gpu.createTexture} makes. */
export interface TextureRequest {
  label: string;
  width: number;
  height: number;
  bytesPerTexel: 8 | 16;
}

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
  #buffers = new Map<GPUBuffer | GPUTexture, Pick<BufferRequest, "label" | "size">>();
  #liveBytes = 0;
  #peakBytes = 0;
  #pipelines: PipelineCache;
  #staging: StagingPool;
  #failures: Failures;
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
    this.#pipelines = new PipelineCache(device, listsSubgroups, options.onPipeline);
    this.#staging = new StagingPool(device);
    this.#failures = new Failures(device, adapter.description || adapter.vendor);
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
    return { liveBytes: this.#liveBytes, peakBytes: this.#peakBytes, liveBuffers: this.#buffers.size };
  }

  /** Labels of the buffers now alive, in the order of their making. */
  get liveLabels(): string[] {
    return [...this.#buffers.values()].map((request) => request.label);
  }

  /**
   * Makes a buffer, after checking its size against the device's limits.
   *
   * @throws {RangeError} where the buffer, or the storage binding made of it, is larger than the device allows
   */
  createBuffer(request: BufferRequest): GPUBuffer {
    this.throwIfFailed();
    const { label, usage, binding = 0 } = request;
    if (!Number.isSafeInteger(request.size) || request.size < 0) {
      throw new RangeError(
        `Cannot create buffer ${label}: its size of ${request.size} bytes is no whole number`,
      );
    }
    const size = Math.max(4, Math.ceil(request.size / 4) * 4);
    this.#checkLimit(label, "buffer", size, "maxBufferSize");
    this.#checkLimit(label, "storage binding", binding, "maxStorageBufferBindingSize");
    const buffer = this.#failures.scoped(`buffer ${label} of ${size} bytes`, () => {
      return this.device.createBuffer({ label, size, usage });
    });
    this.#count(buffer, { label, size });
    return buffer;
  }

  /** Makes a texture of four floats a texel, which kernels read and buffers are copied to. */
  createTexture({ label, width, height, bytesPerTexel }: TextureRequest): GPUTexture {
    this.throwIfFailed();
    const { STORAGE_BINDING, COPY_DST } = GPUTextureUsage,
      format = bytesPerTexel === 8 ? "rgba16float" : "rgba32float";
    const texture = this.#failures.scoped(`texture ${label} of ${width} x ${height} texels`, () => {
      return this.device.createTexture({
        label,
        size: [width, height],
        format,
        usage: STORAGE_BINDING | COPY_DST,
      });
    });
    this.#count(texture, { label, size: width * height * bytesPerTexel });
    return texture;
  }

  #count(resource: GPUBuffer | GPUTexture, account: Pick<BufferRequest, "label" | "size">): void {
    this.#buffers.set(resource, account);
    this.#liveBytes += account.size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
  }

  /** Frees a buffer or a texture at once; a second call does nothing. */
  destroyBuffer(buffer: GPUBuffer | GPUTexture): void {
    const request = this.#buffers.get(buffer);
    if (!request) return;
    this.#buffers.delete(buffer);
    this.#liveBytes -= request.size;
    buffer.destroy();
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
        this.#checkLimit(
          `${label}, binding ${binding} (${buffer.label})`,
          "storage binding",
          size,
          "maxStorageBufferBindingSize",
        );
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
    checkRange(`upload ${data.byteLength} bytes to`, buffer, offset, data.byteLength);
    this.#failures.scoped(`upload to ${buffer.label}`, () => {
      const { queue } = this.device;
      const bytes = unsharedBytes(data);
      const whole = bytes.length & ~3;
      if (whole > 0) queue.writeBuffer(buffer, offset, bytes.subarray(0, whole));
      if (whole === bytes.length) return;
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      queue.writeBuffer(buffer, offset + whole, tail);
    });
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
    checkRange(`download ${size} bytes from`, buffer, offset, size);
    if (size % 4 !== 0) {
      throw new RangeError(`Cannot download ${size} bytes from ${buffer.label}: it is no multiple of four`);
    }
    const staging = this.#staging.take(size);
    try {
      this.#failures.scoped(`download from ${buffer.label}`, () => {
        const encoder = this.device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
        this.device.queue.submit([encoder.finish()]);
      });
      await staging.mapAsync(GPUMapMode.READ, 0, size);
      await this.settled();
      const bytes = staging.getMappedRange(0, size).slice(0);
      staging.unmap();
      this.#staging.give(staging);
      return bytes;
    } catch (error) {
      staging.destroy();
      throw await this.#failures.underlying(error);
    }
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
    for (const buffer of this.#buffers.keys()) buffer.destroy();
    this.#buffers.clear();
    this.#liveBytes = 0;
    this.#staging.clear();
    this.device.destroy();
  }

  #checkLimit(
    label: string,
    what: string,
    size: number,
    limit: "maxBufferSize" | "maxStorageBufferBindingSize",
  ) {
    const most = this.limits[limit];
    if (size <= most) return;
    throw new RangeError(
      `Cannot create ${label}: a ${what} of ${size} bytes is larger than this device's ${limit} of ${most}; ${memoryRemedy}`,
    );
  }
}

/** The bytes of a view; those of shared memory as a copy, because not every implementation takes them directly. */
function unsharedBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, byteLength);
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

function checkRange(action: string, buffer: GPUBuffer, offset: number, size: number): void {
  if (offset % 4 === 0 && offset >= 0 && size >= 0 && offset + size <= buffer.size) return;
  throw new RangeError(
    `Cannot ${action} ${buffer.label} at byte ${offset}: it holds ${buffer.size} bytes, and offsets are multiples of four`,
  );
}
