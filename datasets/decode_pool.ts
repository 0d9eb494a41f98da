/**
 * Workers that decode pictures beside the calling thread.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError } from "../formats/errors.ts";
import type { Picture } from "../formats/pixels.ts";
import { type DecodeOptions, decodePicture } from "./decode_picture.ts";
import type { DecodeAnswer, DecodeTask } from "./decode_worker.ts";

/** What {@linkcode DecodePool} takes. */
export interface DecodePoolOptions {
  /** Workers. @default {one for each core} */
  workers?: number;
  /** Starts one; a bundled page gives its own. @default {a worker of `decode_worker.ts`} */
  startWorker?: () => Worker;
}

/** Smaller files are decoded at once: sending them to and fro would take longer. */
const SMALL = 2048;
/** Pictures that a worker has at a time: the next one lies ready when one is done. */
const AHEAD = 2;
/** A picture that took so many workers down is given up. */
const MOST_CRASHES = 2;

/** A picture that was not decoded yet. */
interface Job {
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
  readonly resolve: (picture: Picture) => void;
  readonly reject: (reason: Error) => void;
  crashes: number;
}

/** A worker, and what it was given, in this order. */
interface Lane {
  readonly worker: Worker;
  readonly jobs: Job[];
  /** Whether it ever said something. */
  isAlive: boolean;
}

/**
 * Decodes pictures in workers, first come, first served.
 *
 * Where workers cannot be made, the calling thread decodes. A worker that crashes is replaced, and what it had is decoded anew.
 * The pool holds what it is asked for and nothing else, so its memory is bounded by how much the caller asks for at a time.
 *
 * @example
 * ```ts ignore
 * using pool = new DecodePool();
 * const dataset = await getDataset({ name: "flowers", splitName: "train", datasetDir, files, decoder: pool.decode });
 * ```
 */
export class DecodePool implements Disposable {
  readonly #count: number;
  readonly #startWorker: () => Worker;
  readonly #waiting: Job[] = [];
  #lanes: Lane[] | undefined;
  #isClosed = false;

  /** Workers start with the first picture. */
  constructor(
    { workers = navigator.hardwareConcurrency, startWorker = startDecodeWorker }: DecodePoolOptions = {},
  ) {
    if (!Number.isInteger(workers) || workers < 0) {
      throw new RangeError(`Cannot decode with ${workers} workers: it must be a number of at least 0`);
    }
    this.#count = workers;
    this.#startWorker = startWorker;
  }

  /** How many workers there are; 0 before the first picture and where they cannot be made. */
  get workers(): number {
    return this.#lanes?.length ?? 0;
  }

  /**
   * Decodes a picture; takes and throws what `decodePicture` does.
   *
   * @throws {DataLossError} also if the picture crashed workers
   * @throws {Error} if the pool was closed
   */
  readonly decode = (bytes: Uint8Array, options: DecodeOptions): Promise<Picture> =>
    new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      const job = { bytes, options, resolve, reject, crashes: 0 };
      if (bytes.length < SMALL) decodeNow(job);
      else {
        this.#waiting.push(job);
        this.#dispatch();
      }
    });

  /** Ends the workers; pictures that were not decoded yet are given up. */
  close(): void {
    this.#isClosed = true;
    const lanes = this.#lanes ?? [];
    for (const { worker } of lanes) worker.terminate();
    for (const { reject } of [...lanes.flatMap(({ jobs }) => jobs), ...this.#waiting]) reject(closed());
    this.#lanes = [];
    this.#waiting.length = 0;
  }

  /** Closes the pool at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives workers what waits. */
  #dispatch(): void {
    if (this.#isClosed) return;
    if (!this.#lanes) {
      this.#lanes = [];
      for (let i = 0; i < this.#count; i++) this.#start();
    }
    while (this.#waiting.length > 0) {
      const [lane] = this.#lanes.toSorted((a, b) => a.jobs.length - b.jobs.length);
      if (lane && lane.jobs.length >= AHEAD) return;
      const job = this.#waiting.shift()!;
      if (!lane) decodeNow(job);
      else {
        lane.jobs.push(job);
        const bytes = job.bytes.slice(); // what is transferred is gone here
        lane.worker.postMessage({ bytes, options: job.options } satisfies DecodeTask, [bytes.buffer]);
      }
    }
  }

  #start(): void {
    let worker: Worker;
    try {
      worker = this.#startWorker();
    } catch {
      return; // decoding goes on without it
    }
    const lane: Lane = { worker, jobs: [], isAlive: false };
    worker.onmessage = ({ data }: MessageEvent<DecodeAnswer>) => {
      lane.isAlive = true;
      if (data === "ready") return;
      const job = lane.jobs.shift();
      if ("picture" in data) job?.resolve(data.picture);
      else job?.reject(errorOf(data.failure));
      this.#dispatch();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#replace(lane, event.message);
    };
    this.#lanes!.push(lane);
  }

  /** A worker has crashed, or could not be loaded. */
  #replace(lane: Lane, reason: string): void {
    lane.worker.terminate();
    if (this.#isClosed) return;
    this.#lanes = this.#lanes!.filter((other) => other !== lane);
    if (lane.isAlive) {
      const [suspect] = lane.jobs;
      if (suspect && ++suspect.crashes === MOST_CRASHES) {
        lane.jobs.shift();
        const message =
          `Cannot decode the picture: it crashed ${MOST_CRASHES} workers (${reason}); replace it`;
        suspect.reject(new DataLossError(message));
      }
      this.#start();
    }
    this.#waiting.unshift(...lane.jobs);
    this.#dispatch();
  }
}

function startDecodeWorker(): Worker {
  return new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module" });
}

function decodeNow({ bytes, options, resolve, reject }: Job): void {
  try {
    resolve(decodePicture(bytes, options));
  } catch (thrown) {
    reject(thrown as Error);
  }
}

function closed(): Error {
  return new Error("Cannot decode the picture: the pool of decoders was closed");
}

const errorKinds = { DataLossError, RangeError, SyntaxError, TypeError };

/** An error as it was thrown in a worker: of its own class, where that says something. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  return new (name in errorKinds ? errorKinds[name as keyof typeof errorKinds] : Error)(message);
}
