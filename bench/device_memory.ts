/**
 * Counts the device memory of every library in this process, by the buffers that it makes.
 *
 * @module
 */

/** Bytes in buffers that are alive. */
export interface DeviceMemory {
  readonly live: number;
  /** The most that there were since the last call of `mark`. */
  readonly peak: number;
  /** Starts a new peak. */
  mark(): void;
}

/** Watches all devices whose class has this prototype, from now on. */
export function watchDeviceMemory(prototype: Pick<GPUDevice, "createBuffer">): DeviceMemory {
  const create = prototype.createBuffer;
  let live = 0, peak = 0;
  prototype.createBuffer = function (descriptor) {
    const buffer = create.call(this, descriptor), destroy = buffer.destroy;
    let size = descriptor.size;
    live += size;
    peak = Math.max(peak, live);
    buffer.destroy = function () {
      live -= size;
      size = 0; // destroying twice is allowed
      return destroy.call(this);
    };
    return buffer;
  };
  return {
    get live() {
      return live;
    },
    get peak() {
      return peak;
    },
    mark() {
      peak = live;
    },
  };
}
