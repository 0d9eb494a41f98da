/**
 * Times commands by the device's own clock.
 *
 * This module is browser compatible.
 * @module
 */
import { copyToTexture, cut, type Dispatch, mostWork } from "./executor.ts";
import type { Gpu } from "./gpu.ts";

/** A query set holds 4096 timestamps, and each command takes two. */
const mostCommands = 2048;
/** A range of resolved timestamps begins at a multiple of this many bytes. */
const alignment = 256;
/** How long the clock is watched to find its unit. */
const watchMilliseconds = 200;

/** Writes a timestamp before and after each command. */
export class DeviceClock {
  #gpu: Gpu;
  #queries: GPUQuerySet;
  /** By WebGPU's word timestamps are nanoseconds, but some implementations give the adapter's own ticks. */
  #nanosecondsPerTick = 1;

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#queries = gpu.device.createQuerySet({
      label: "timestamps",
      type: "timestamp",
      count: 2 * mostCommands,
    });
  }

  /** Whether the device has a clock. */
  static isSupported(gpu: Gpu): boolean {
    return gpu.device.features.has("timestamp-query");
  }

  /** Finds out the unit of the clock, which must be supported. */
  static async open(gpu: Gpu): Promise<DeviceClock> {
    const clock = new DeviceClock(gpu);
    const mark = async () => {
      await gpu.idle();
      const now = performance.now(), [ticks] = await clock.#read([[]]);
      return { now, ticks };
    };
    const first = await mark();
    await new Promise((resolve) => setTimeout(resolve, watchMilliseconds));
    const second = await mark();
    const measured = 1e6 * (second.now - first.now) / Number(second.ticks - first.ticks);
    if (Math.abs(measured - 1) > 0.1) clock.#nanosecondsPerTick = measured;
    return clock;
  }

  /** Runs commands once, in order, and tells how many milliseconds each took. */
  async time(commands: readonly Dispatch[]): Promise<number[]> {
    const slices = cut(commands, mostWork(this.#gpu.adapter), mostCommands);
    const ticks = await this.#read(slices);
    return commands.map((_, i) => Number(ticks[2 * i + 1] - ticks[2 * i]) * this.#nanosecondsPerTick / 1e6);
  }

  /** Frees the queries. */
  destroy(): void {
    this.#queries.destroy();
  }

  /** Submits slices and reads the timestamps before and after each command; those of an empty pass where a slice is empty. */
  async #read(slices: readonly (readonly Dispatch[])[]): Promise<BigUint64Array> {
    const gpu = this.#gpu, { QUERY_RESOLVE, COPY_SRC } = GPUBufferUsage;
    const sizes = slices.map((commands) => 16 * Math.max(1, commands.length));
    const offsets: number[] = [];
    let end = 0;
    for (const size of sizes) {
      offsets.push(end);
      end += Math.ceil(size / alignment) * alignment;
    }
    const buffer = gpu.createBuffer({ label: "timestamps", size: end, usage: QUERY_RESOLVE | COPY_SRC });
    try {
      gpu.scoped("timed commands", () => {
        slices.forEach((commands, i) => this.#submit(commands, buffer, offsets[i]));
      });
      const bytes = await gpu.download(buffer);
      const parts = sizes.map((size, i) => [...new BigUint64Array(bytes, offsets[i], size / 8)]);
      return BigUint64Array.from(parts.flat());
    } finally {
      gpu.destroyBuffer(buffer);
    }
  }

  #submit(commands: readonly Dispatch[], buffer: GPUBuffer, offset: number): void {
    const { device } = this.#gpu, encoder = device.createCommandEncoder();
    const passes = commands.length === 0 ? [undefined] : commands;
    const querySet = this.#queries;
    passes.forEach((command, i) => {
      const start = { beginningOfPassWriteIndex: 2 * i }, end = { endOfPassWriteIndex: 2 * i + 1 };
      const copies = command?.textures ?? []; // part of its time
      if (copies.length > 0) encoder.beginComputePass({ timestampWrites: { querySet, ...start } }).end();
      for (const copy of copies) copyToTexture(encoder, copy);
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, ...(copies.length > 0 ? end : { ...start, ...end }) },
      });
      if (command) {
        pass.setPipeline(command.pipeline);
        pass.setBindGroup(0, command.bindGroup);
        pass.dispatchWorkgroups(...command.workgroups);
      }
      pass.end();
    });
    encoder.resolveQuerySet(this.#queries, 0, 2 * passes.length, buffer, offset);
    device.queue.submit([encoder.finish()]);
  }
}
