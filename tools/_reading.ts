/**
 * How training and evaluation read their images: workers that decode, and what becomes of damaged records.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import type { DatasetOptions } from "../datasets/dataset_factory.ts";
import { DecodePool } from "../datasets/decode_pool.ts";
import { denoFiles } from "../host/files.ts";
import { mayStartWorker } from "../host/workers.ts";

/** Flags about reading. */
export const readingFlags = {
  cache: {
    type: "int",
    default: 256,
    min: 0,
    group: "Data",
    help: "MiB of decoded images to keep in memory; a data set that needs more is decoded anew in each epoch",
  },
  exif_orientation: {
    type: "boolean",
    group: "Data",
    help: "Turn photos upright as their EXIF data say; TF-Slim takes them as they are stored",
  },
  strict: {
    type: "boolean",
    group: "Data",
    help: "Stop at the first damaged image; without it such images are left out and listed",
  },
} as const;

/** Values of {@linkcode readingFlags}. */
export interface ReadingValues {
  readonly cache: number;
  readonly exif_orientation?: boolean;
  readonly strict?: boolean;
}

/** Damaged records that are named at once, and those that are named in the end. */
const NAMED_AT_ONCE = 3, NAMED_IN_ALL = 20;

/** What the data sets of a run share. */
export class Reading implements Disposable {
  readonly #pool = new DecodePool(mayDecodeInWorkers() ? {} : { workers: 0 });
  /** Why each damaged record was left out, by where it is. */
  readonly #damaged = new Map<string, string>();

  /** @param print takes one line */
  constructor(readonly values: ReadingValues, readonly print: (line: string) => void) {}

  /** How data sets are to be opened. */
  get options(): Pick<DatasetOptions, "decoder" | "orientation" | "cacheBytes"> {
    const { cache, exif_orientation } = this.values;
    return { decoder: this.#pool.decode, orientation: exif_orientation, cacheBytes: cache * 2 ** 20 };
  }

  /** What to do about the damaged records of a data set; `undefined` where they are errors. */
  damagedOf({ source }: Dataset): ((record: number, reason: Error) => void) | undefined {
    if (this.values.strict) return undefined;
    return (record, { message }) => {
      const where = source.describe(record);
      if (this.#damaged.has(where)) return;
      this.#damaged.set(where, message);
      if (this.#damaged.size <= NAMED_AT_ONCE) this.print(`Left out: ${message}`);
      else if (this.#damaged.size === NAMED_AT_ONCE + 1) {
        this.print("More images are damaged; the end lists them");
      }
    };
  }

  /**
   * Lists the damaged records, and forgets them.
   *
   * @param path file for the whole list
   */
  async report(path?: string): Promise<void> {
    const reasons = [...this.#damaged.values()], { length } = reasons;
    this.#damaged.clear();
    if (length === 0) return;
    this.print(
      `${length} damaged ${
        length === 1 ? "image was" : "images were"
      } left out (--strict stops at the first):`,
    );
    for (const reason of reasons.slice(0, NAMED_IN_ALL)) this.print(`  ${reason}`);
    if (length > NAMED_IN_ALL) this.print(`  ... and ${length - NAMED_IN_ALL} more`);
    if (path === undefined) return;
    await denoFiles.write(path, [new TextEncoder().encode(reasons.map((reason) => `${reason}\n`).join(""))]);
    this.print(`The list is in ${path}`);
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    this.#pool.close();
  }
}

/** Whether pictures can be decoded in workers. */
export function mayDecodeInWorkers(): boolean {
  return mayStartWorker(new URL("../datasets/decode_worker.ts", import.meta.url));
}
