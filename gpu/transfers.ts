/**
 * Data on their way between host and device.
 *
 * This module is browser compatible.
 * @module
 */
import type { Failures } from "./failures.ts";
import { StagingPool } from "./staging.ts";

/** Writes and reads the buffers of a device. */
export class Transfers {
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #staging: StagingPool;

  constructor(device: GPUDevice, failures: Failures) {
    this.#device = device;
    this.#failures = failures;
    this.#staging = new StagingPool(device);
  }

  /** Writes host data into a buffer, see `Gpu.upload`. */
  upload(buffer: GPUBuffer, data: ArrayBufferView, offset: number): void {
    checkRange(`upload ${data.byteLength} bytes to`, buffer, offset, data.byteLength);
    this.#failures.scoped(`upload to ${buffer.label}`, () => {
      const { queue } = this.#device;
      const bytes = unsharedBytes(data);
      const whole = bytes.length & ~3;
      if (whole > 0) queue.writeBuffer(buffer, offset, bytes.subarray(0, whole));
      if (whole === bytes.length) return;
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      queue.writeBuffer(buffer, offset + whole, tail);
    });
  }

  /** Reads bytes of a buffer, see `Gpu.download`. */
  async download(buffer: GPUBuffer, offset: number, size: number): Promise<ArrayBuffer> {
    checkRange(`download ${size} bytes from`, buffer, offset, size);
    if (size % 4 !== 0) {
      throw new RangeError(`Cannot download ${size} bytes from ${buffer.label}: it is no multiple of four`);
    }
    const staging = this.#staging.take(size);
    try {
      this.#failures.scoped(`download from ${buffer.label}`, () => {
        const encoder = this.#device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
        this.#device.queue.submit([encoder.finish()]);
      });
      await staging.mapAsync(GPUMapMode.READ, 0, size);
      await this.#failures.settled();
      const bytes = staging.getMappedRange(0, size).slice(0);
      staging.unmap();
      this.#staging.give(staging);
      return bytes;
    } catch (error) {
      staging.destroy();
      throw await this.#failures.underlying(error);
    }
  }

  /** Frees what is kept for reuse. */
  clear(): void {
    this.#staging.clear();
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
