/**
 * The buffers and textures of a device, checked against its limits before it is asked, and accounted for.
 *
 * This module is browser compatible.
 * @module
 */
import { type Failures, memoryRemedy } from "./failures.ts";

/** Device memory in buffers and textures made by a `Gpu`, in bytes. */
export interface MemoryUse {
  readonly liveBytes: number;
  readonly peakBytes: number;
  readonly liveBuffers: number;
}

/** What `Gpu.createBuffer` makes. */
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

/** What `Gpu.createTexture` makes. */
export interface TextureRequest {
  label: string;
  width: number;
  height: number;
  bytesPerTexel: 8 | 16;
}

/** What was made on a device and is not freed yet. */
export class Allocations {
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #live = new Map<GPUBuffer | GPUTexture, Pick<BufferRequest, "label" | "size">>();
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(device: GPUDevice, failures: Failures) {
    this.#device = device;
    this.#failures = failures;
  }

  /** Bytes and count of what is alive now, and the most bytes that ever were. */
  get use(): MemoryUse {
    return { liveBytes: this.#liveBytes, peakBytes: this.#peakBytes, liveBuffers: this.#live.size };
  }

  /** Labels of what is alive now, in the order of its making. */
  get labels(): string[] {
    return [...this.#live.values()].map(({ label }) => label);
  }

  /** Makes a buffer. Throws a RangeError where it, or the storage binding made of it, is larger than the device allows. */
  createBuffer(request: BufferRequest): GPUBuffer {
    const { label, usage, binding = 0 } = request;
    if (!Number.isSafeInteger(request.size) || request.size < 0) {
      throw new RangeError(
        `Cannot create buffer ${label}: its size of ${request.size} bytes is no whole number`,
      );
    }
    const size = Math.max(4, Math.ceil(request.size / 4) * 4);
    this.#checkLimit(label, "buffer", size, "maxBufferSize");
    this.checkBinding(label, binding);
    const buffer = this.#failures.scoped(`buffer ${label} of ${size} bytes`, () => {
      return this.#device.createBuffer({ label, size, usage });
    });
    this.#count(buffer, { label, size });
    return buffer;
  }

  /** Makes a texture of four floats a texel. */
  createTexture({ label, width, height, bytesPerTexel }: TextureRequest): GPUTexture {
    const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
      format = bytesPerTexel === 8 ? "rgba16float" : "rgba32float";
    const texture = this.#failures.scoped(`texture ${label} of ${width} x ${height} texels`, () => {
      return this.#device.createTexture({ label, size: [width, height], format, usage });
    });
    this.#count(texture, { label, size: width * height * bytesPerTexel });
    return texture;
  }

  /** Frees a buffer or a texture at once; a second call does nothing. */
  destroy(resource: GPUBuffer | GPUTexture): void {
    const account = this.#live.get(resource);
    if (!account) return;
    this.#live.delete(resource);
    this.#liveBytes -= account.size;
    resource.destroy();
  }

  /** Frees everything. */
  clear(): void {
    for (const resource of [...this.#live.keys()]) this.destroy(resource);
  }

  /** Throws a RangeError where a storage binding is larger than the device allows. */
  checkBinding(label: string, size: number): void {
    this.#checkLimit(label, "storage binding", size, "maxStorageBufferBindingSize");
  }

  #count(resource: GPUBuffer | GPUTexture, account: Pick<BufferRequest, "label" | "size">): void {
    this.#live.set(resource, account);
    this.#liveBytes += account.size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
  }

  #checkLimit(
    label: string,
    what: string,
    size: number,
    limit: "maxBufferSize" | "maxStorageBufferBindingSize",
  ) {
    const most = this.#device.limits[limit];
    if (size <= most) return;
    throw new RangeError(
      `Cannot create ${label}: a ${what} of ${size} bytes is larger than this device's ${limit} of ${most}; ${memoryRemedy}`,
    );
  }
}
