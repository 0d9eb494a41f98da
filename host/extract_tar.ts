/**
 * Unpacks an archive into a folder: all of it, or nothing.
 *
 * @module
 */

import { readUnpacked } from "../formats/byte_stream.ts";
import { temporaryName } from "../formats/files.ts";
import { directoryOf } from "../formats/paths.ts";
import { readTar } from "../formats/tar.ts";
import { denoFiles } from "./files.ts";

/** What was unpacked, and what not. */
export interface Extraction {
  /** How many files were written. */
  files: number;
  /** Entries that were passed over, since they are links or devices, each with its kind. */
  passedOver: string[];
}

/** How to unpack. */
export interface ExtractOptions {
  /** Most bytes that the archive may become. */
  maxBytes: number;
  /** The folder inside the archive that becomes `directory`; other files are passed over. */
  folder: string;
  /** Called after each file with how many there are. */
  onFile?: (files: number) => void;
}

/**
 * Unpacks the files in one folder of a tar archive, gzipped or not, into `directory`, which must not be there yet.
 *
 * They go to a folder aside that is renamed at the end, so an interrupted call leaves no half of it. Links and devices are
 * never made, and no path leads outside.
 *
 * @throws {DataLossError} if the archive is damaged
 * @throws {RangeError} if an entry leads outside, the archive is too large, or has no such folder
 */
export async function extractTar(
  archive: string,
  directory: string,
  options: ExtractOptions,
): Promise<Extraction> {
  const { maxBytes, folder, onFile } = options;
  const aside = temporaryName(directory.replace(/\/+$/, ""));
  const result: Extraction = { files: 0, passedOver: [] };
  try {
    await Deno.mkdir(aside, { recursive: true });
    for await (const entry of readTar(readUnpacked(denoFiles, archive), { path: archive, maxBytes })) {
      if (!entry.path.startsWith(`${folder}/`) || entry.kind === "folder") continue;
      if (entry.kind !== "file") {
        result.passedOver.push(`${entry.path} (${entry.kind})`);
        continue;
      }
      const target = `${aside}/${entry.path.slice(folder.length + 1)}`;
      await Deno.mkdir(directoryOf(target), { recursive: true });
      using file = await Deno.open(target, { write: true, create: true, truncate: true });
      for await (const part of entry.data) {
        for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
      }
      result.files++;
      onFile?.(result.files);
    }
    if (result.files === 0) {
      throw new RangeError(
        `Cannot unpack "${archive}": it has no files in ${folder}/; check that it is the right file`,
      );
    }
    await Deno.rename(aside, directory);
    return result;
  } catch (thrown) {
    await Deno.remove(aside, { recursive: true }).catch(() => {}); // the first error tells more
    throw thrown;
  }
}
