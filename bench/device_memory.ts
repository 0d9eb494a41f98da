/**
 * Counts the device memory of every library in this process, by the buffers and textures that it makes.
 *
 * @module
 */

/** Bytes in buffers and textures that are alive. */
export interface DeviceMemory {
  readonly live: number;
  /** The most that there were since the last call of `mark`. */
  readonly peak: number;
  /** Starts a new peak. */
  mark(): void;
}

/** Bytes of a texel, for the formats that compute shaders take: so many channels of so many bits. */
function texelBytes(format: string): number {
  const [, channels, bits] = /^([rgba]+)(\d+)/.exec(format) ?? ["", "rgba", "8"];
  return channels.length * Number(bits) / 8;
}

/** Watches all devices whose class has this prototype, from now on. */
export function watchDeviceMemory(
  prototype: Pick<GPUDevice, "createBuffer" | "createTexture">,
): DeviceMemory {
  const { createBuffer, createTexture } = prototype;
  let live = 0, peak = 0;
  const count = (resource: GPUBuffer | GPUTexture, bytes: number) => {
    const destroy = resource.destroy;
    live += bytes;
    peak = Math.max(peak, live);
    resource.destroy = function () {
      live -= bytes;
      bytes = 0; // destroying twice is allowed
      return destroy.call(this as never);
    };
  };
  prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    count(buffer, descriptor.size);
    return buffer;
  };
  prototype.createTexture = function (descriptor) {
    const texture = createTexture.call(this, descriptor);
    const { width, height, depthOrArrayLayers, format } = texture;
    count(texture, width * height * depthOrArrayLayers * texelBytes(format));
    return texture;
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
