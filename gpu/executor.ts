/**
 * Runs a fixed list of GPU commands again and again with little work on the host.
 *
 * This module is browser compatible.
 * @module
 */
import type { AdapterSummary } from "./adapter.ts";
import type { Gpu } from "./gpu.ts";

/** A part of a buffer that is copied into a texture, row after row; offset in bytes, a multiple of a texel. */
export interface TextureCopy {
  source: GPUBuffer;
  offset: number;
  texels: number;
  bytesPerTexel: number;
  target: GPUTexture;
  /** Texels of a row. */
  width: number;
}

/** One kernel launch. */
export interface Dispatch {
  /** Scope, operation and shapes, for messages. */
  label: string;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  workgroups: [number, number, number];
  /** Estimated floating-point operations or bytes moved, whichever is larger. */
  work: number;
  /** Copied before it runs: what its bind group has as textures. */
  textures?: readonly TextureCopy[];
}

/** A copy between two buffers; offsets and size in bytes, multiples of four. */
export interface Copy {
  label: string;
  copy: { source: GPUBuffer; sourceOffset: number; target: GPUBuffer; targetOffset: number; size: number };
}

/** Zeros for a part of a buffer; offset and size in bytes, multiples of four. */
export interface Clear {
  label: string;
  clear: { buffer: GPUBuffer; offset: number; size: number };
}

/** A part of a buffer that is copied into a texture, which keeps it. */
export interface Fill {
  label: string;
  fill: TextureCopy;
}

/** Anything an {@linkcode Executor} runs. */
export type Command = Dispatch | Copy | Clear | Fill;

/** How an {@linkcode Executor} cuts its list into submissions. */
export interface ExecutorOptions {
  /** Name of the whole, for messages. @default {"program"} */
  label?: string;
  /** Most estimated work a submission. @default what the adapter bears, see {@linkcode mostWork} */
  maxWork?: number;
  /** Most commands a submission. @default {1024} */
  maxCommands?: number;
}

/**
 * Work that an adapter bears at once: a desktop's watchdog kills what takes two seconds, and a page must go on drawing.
 *
 * 2e10 operations are 60 ms on a small integrated GPU; 2e9 are half a second in a browser without one. Outside a browser a
 * software driver has no watchdog, and one submission is best: lavapipe under wgpu blocks the host in each submission until
 * the one before has run.
 */
export function mostWork({ kind, driverSource }: AdapterSummary): number {
  if (kind === "gpu") return 2e10;
  return driverSource === "browser" ? 2e9 : Infinity;
}

/** A list of commands, cut into submissions of bounded length, and run as often as wished. */
export class Executor {
  #gpu: Gpu;
  #label: string;
  #slices: Command[][];

  /** @throws {RangeError} where a dispatch has more workgroups than the device allows */
  constructor(gpu: Gpu, commands: readonly Command[], options: ExecutorOptions = {}) {
    this.#gpu = gpu;
    this.#label = options.label ?? "program";
    const most = gpu.limits.maxComputeWorkgroupsPerDimension;
    for (const command of commands) {
      if (!("workgroups" in command)) continue;
      const { label, workgroups } = command;
      if (workgroups.every((count) => Number.isInteger(count) && count >= 0 && count <= most)) continue;
      throw new RangeError(
        `Cannot dispatch ${label}: [${workgroups}] workgroups are outside 0 to ${most}, this device's ` +
          "maxComputeWorkgroupsPerDimension; spread them over the other dimensions",
      );
    }
    const needed = commands.filter((command) => !("workgroups" in command && command.workgroups.includes(0)));
    this.#slices = cut(needed, options.maxWork ?? mostWork(gpu.adapter), options.maxCommands ?? 1024);
  }

  /** Number of submissions a run. */
  get submissions(): number {
    return this.#slices.length;
  }

  /**
   * Encodes and submits everything, and returns before it has run.
   *
   * @throws {GpuError} where something failed before; what fails now is thrown by the next run, download or `settled()`
   */
  run(): void {
    this.#gpu.throwIfFailed();
    this.#gpu.scoped(this.#label, () => {
      for (const commands of this.#slices) this.#submit(commands);
    }, () => this.#findCulprit());
  }

  #submit(commands: readonly Command[]): void {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder();
    let pass: GPUComputePassEncoder | null = null;
    let pipeline: GPUComputePipeline | null = null;
    for (const command of commands) {
      if ("workgroups" in command) {
        if (command.textures?.length) {
          pass?.end();
          pass = null;
          for (const copy of command.textures) copyToTexture(encoder, copy);
        }
        if (!pass) {
          pass = encoder.beginComputePass();
          pipeline = null;
        }
        if (command.pipeline !== pipeline) pass.setPipeline(pipeline = command.pipeline);
        pass.setBindGroup(0, command.bindGroup);
        pass.dispatchWorkgroups(...command.workgroups);
        continue;
      }
      pass?.end();
      pass = null;
      if ("copy" in command) {
        const { source, sourceOffset, target, targetOffset, size } = command.copy;
        encoder.copyBufferToBuffer(source, sourceOffset, target, targetOffset, size);
      } else if ("fill" in command) {
        copyToTexture(encoder, command.fill);
      } else {
        encoder.clearBuffer(command.clear.buffer, command.clear.offset, command.clear.size);
      }
    }
    pass?.end();
    device.queue.submit([encoder.finish()]);
  }

  /** After a run was refused: submits one command at a time until the device names the one it does not like. */
  async #findCulprit(): Promise<string> {
    const { device } = this.#gpu;
    for (const command of this.#slices.flat()) {
      device.pushErrorScope("validation");
      this.#submit([command]);
      if (await device.popErrorScope()) return command.label;
    }
    return this.#label;
  }
}

/** Encodes the copy of whole rows, and that of the last one. */
export function copyToTexture(encoder: GPUCommandEncoder, copy: TextureCopy): void {
  const { source, offset, texels, bytesPerTexel, target: texture, width } = copy;
  const bytesPerRow = width * bytesPerTexel, rows = Math.floor(texels / width), rest = texels % width;
  if (rows > 0) {
    encoder.copyBufferToTexture({ buffer: source, offset, bytesPerRow }, { texture }, [width, rows]);
  }
  if (rest === 0) return;
  const last = { buffer: source, offset: offset + rows * bytesPerRow, bytesPerRow };
  encoder.copyBufferToTexture(last, { texture, origin: [0, rows] }, [rest, 1]);
}

/** Cuts a list where either bound would be passed; a command heavier than the bound goes alone. */
export function cut<C extends Command>(
  commands: readonly C[],
  maxWork: number,
  maxCommands: number,
): C[][] {
  const slices: C[][] = [];
  let current: C[] = [];
  let sum = 0;
  for (const command of commands) {
    const work = "workgroups" in command ? command.work : 0;
    if (current.length > 0 && (sum + work > maxWork || current.length >= maxCommands)) {
      slices.push(current);
      current = [];
      sum = 0;
    }
    current.push(command);
    sum += work;
  }
  if (current.length > 0) slices.push(current);
  return slices;
}
