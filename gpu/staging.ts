/**
 * Buffers through which results travel back to the host, kept for reuse.
 *
 * This module is browser compatible.
 * @module
 */

/** Idle staging memory above this many bytes is freed rather than kept. */
const mostIdleBytes = 64 << 20;

/** Mappable buffers in powers of two; each is with one reader at a time. */
export class StagingPool {
  #device: GPUDevice;
  #idle = new Map<number, GPUBuffer[]>();
  #idleBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of at least `size` bytes to copy to and map. */
  take(size: number): GPUBuffer {
    const rounded = Math.min(
      2 ** Math.ceil(Math.log2(Math.max(256, size))),
      this.#device.limits.maxBufferSize,
    );
    const capacity = Math.max(rounded, size);
    const kept = this.#idle.get(capacity)?.pop();
    if (kept) {
      this.#idleBytes -= capacity;
      return kept;
    }
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.#device.createBuffer({ label: `staging of ${capacity} bytes`, size: capacity, usage });
  }

  /** Takes an unmapped buffer back. */
  give(buffer: GPUBuffer): void {
    if (this.#idleBytes + buffer.size > mostIdleBytes) return buffer.destroy();
    this.#idleBytes += buffer.size;
    const kept = this.#idle.get(buffer.size) ?? [];
    this.#idle.set(buffer.size, kept);
    kept.push(buffer);
  }

  /** Frees what is idle. */
  clear(): void {
    for (const buffers of this.#idle.values()) for (const buffer of buffers) buffer.destroy();
    this.#idle.clear();
    this.#idleBytes = 0;
  }
}
