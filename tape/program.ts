/**
 * A compiled tape: write the feeds, run, read the fetches. A run allocates nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Command, type Dispatch, Executor } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { sizeOf } from "../kernels/kernel.ts";
import type { Parameters } from "./parameters.ts";
import type { Plan } from "./plan.ts";
import type { Value } from "./tape.ts";

/** A part of a buffer, in bytes. */
export interface Placement {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A value that the host writes or reads. */
interface Port {
  readonly value: Value;
  place: Placement;
}

/** What a program is made of. */
export interface ProgramParts {
  readonly plan: Plan;
  readonly parameters: Parameters;
  /** The plan's preparation. */
  readonly preparation: readonly Command[];
  /** The plan's intake. */
  readonly intake: readonly Command[];
  readonly commands: readonly Dispatch[];
  /** The plan's outtake. */
  readonly outtake: readonly Dispatch[];
  readonly feeds: ReadonlyMap<string, Port>;
  readonly fetches: ReadonlyMap<string, Port>;
  /** Buffers and textures that go with the program. */
  readonly owned: readonly (GPUBuffer | GPUTexture)[];
  /** Gives a feed that grows a larger buffer, and binds it where it is read. */
  readonly grow: (value: Value, bytes: number) => Placement;
  /** Name of the whole, for messages. */
  readonly label: string;
  readonly ready: Promise<void>;
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array };

/** Runs a fixed list of launches over memory of its own and shared parameters. */
export class Program {
  readonly #gpu: Gpu;
  readonly #executor: Executor;
  readonly #preparer: Executor;
  readonly #taker: Executor;
  readonly #giver: Executor;
  readonly #parameters: Parameters;
  /** Version of the parameters that it is prepared for. */
  #prepared?: number;
  /** Whether something that the intake copies was fed since the last run. */
  #isFed = false;
  /** Whether there was a run since the last outtake. */
  #isComputed = false;
  readonly #feeds: ReadonlyMap<string, Port>;
  readonly #fetches: ReadonlyMap<string, Port>;
  readonly #owned: ProgramParts["owned"];
  readonly #grow: ProgramParts["grow"];
  /** What it was made from, for profiles. */
  readonly plan: Plan;
  /** What comes before the first run, and again where the parameters have changed. */
  readonly preparation: readonly Command[];
  /** What comes before a run where something was fed: copies of feeds in fours, and of those that are read as textures. */
  readonly intake: readonly Command[];
  /** What comes before a fetch: fetches in fours lose the ends of their rows. */
  readonly outtake: readonly Dispatch[];
  /** The launches of a run, for profiles and tests; alone they compute with what preparation and intake have left. */
  readonly commands: readonly Dispatch[];

  /** Resolves when runs use the kernels of the plan; until then some may use others that compile faster and give the same bits. */
  readonly ready: Promise<void>;

  constructor(gpu: Gpu, parts: ProgramParts) {
    const { plan, parameters, preparation, intake, commands, outtake, feeds, fetches, owned, grow, label } =
      parts;
    this.#gpu = gpu;
    this.#parameters = parameters;
    this.#feeds = feeds;
    this.#fetches = fetches;
    this.#owned = owned;
    this.#grow = grow;
    this.plan = plan;
    this.ready = parts.ready;
    this.preparation = preparation;
    this.intake = intake;
    this.commands = commands;
    this.outtake = outtake;
    this.#preparer = new Executor(gpu, preparation, { label });
    this.#taker = new Executor(gpu, intake, { label });
    this.#giver = new Executor(gpu, outtake, { label });
    this.#executor = new Executor(gpu, commands, { label });
  }

  /**
   * Writes a feed for the runs that follow.
   *
   * @throws {TypeError} if type or number of values do not fit
   * @throws {RangeError} if a feed of bytes would be larger than the device allows
   */
  feed(name: string, data: Float32Array | Int32Array | Uint32Array | Uint8Array): void {
    const port = this.#feeds.get(name);
    if (!port) {
      throw new RangeError(`Cannot feed ${name}: the program takes ${[...this.#feeds.keys()].join(", ")}`);
    }
    const { dtype, shape, source } = port.value, grows = source?.kind === "feed" && source.grows;
    if (!(data instanceof ARRAYS[dtype]) || (!grows && data.length !== sizeOf(shape))) {
      throw new TypeError(
        `Cannot feed ${name}: it needs ${dtype} [${shape}], got ${data.constructor.name} of ${data.length} values`,
      );
    }
    if (grows && data.length > port.place.size) port.place = this.#grow(port.value, data.length);
    this.#gpu.upload(port.place.buffer, data, port.place.offset);
    this.#isFed ||= this.plan.isTakenIn(port.value);
  }

  /** Whether there is a feed of that name. */
  takes(name: string): boolean {
    return this.#feeds.has(name);
  }

  /** Submits one run, and before it preparation and intake where they are due, and returns at once. */
  run(): void {
    const { version } = this.#parameters;
    if (this.preparation.length > 0 && this.#prepared !== version) {
      this.#preparer.run();
      this.#prepared = version;
    }
    if (this.#isFed) this.#taker.run();
    this.#isFed = false;
    this.#executor.run();
    this.#isComputed = true;
    if (this.plan.changesParameters) this.#parameters.change();
  }

  /** Reads a fetch as of the runs submitted so far; later runs may be submitted before it resolves. */
  async fetch(name: string): Promise<Float32Array> {
    const port = this.#fetches.get(name);
    if (!port) {
      throw new RangeError(`Cannot fetch ${name}: the program gives ${[...this.#fetches.keys()].join(", ")}`);
    }
    if (this.#isComputed && this.outtake.length > 0) this.#giver.run();
    this.#isComputed = false;
    const { buffer, offset } = port.place;
    return new Float32Array(await this.#gpu.download(buffer, offset, 4 * sizeOf(port.value.shape)));
  }

  /** Frees the program's memory; the parameters stay. */
  destroy(): void {
    for (const buffer of this.#owned) this.#gpu.destroyBuffer(buffer);
  }
}
