/**
 * Tar archives, read from front to back without holding them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { ByteStream } from "./byte_stream.ts";
import { DataLossError } from "./errors.ts";
import { isAbsolutePath } from "./paths.ts";
import { isEndOfTar, parsePaxFields, parseTarHeader, TAR_BLOCK, textField } from "./tar_header.ts";

/** One entry of an archive. */
export interface TarEntry {
  /** What it is; only files have data. */
  readonly kind: "file" | "folder" | "link" | "device" | "other";
  /** Where it belongs, relative and inside: `a/b`, with neither `..` nor `.` nor empty parts. */
  readonly path: string;
  /** Bytes of data. */
  readonly size: number;
  /** Where its data begin, in bytes of the archive when unpacked. */
  readonly offset: number;
  /** The data of a file in pieces; what is not read until the next entry is asked for is passed over. */
  readonly data: AsyncIterable<Uint8Array>;
}

/** How to read an archive. */
export interface TarOptions {
  /** The archive's name, for error messages. */
  path: string;
  /** Most bytes that it may have when unpacked. */
  maxBytes: number;
}

/** Most bytes of a long name or of a header's additional fields. */
const maxFieldBytes = 2 ** 16;

/**
 * Gives the entries of an archive one after another.
 *
 * @param chunks the archive, not gzipped: {@linkcode readUnpacked}
 * @throws {DataLossError} if it is cut or damaged
 * @throws {RangeError} if an entry would lie outside of the folder that the archive is unpacked to, or the archive is too large
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  { path: archive, maxBytes }: TarOptions,
): AsyncGenerator<TarEntry> {
  const stream = new ByteStream(chunks);
  const damaged = (offset: number) =>
    new DataLossError(
      `Cannot read "${archive}": the header at byte ${offset} of the unpacked archive is damaged, or the archive is cut; ` +
        "download it again",
      { path: archive, offset },
    );
  let next: { path?: string; size?: number } = {};
  try {
    for (;;) {
      const offset = stream.position;
      const block = await stream.read(TAR_BLOCK);
      if (block.length === TAR_BLOCK && isEndOfTar(block)) break;
      const header = parseTarHeader(block);
      if (header === undefined) throw damaged(offset);
      const size = next.size ?? header.size;
      if (size > maxBytes - stream.position) {
        throw new RangeError(
          `Cannot unpack "${archive}": it becomes more than ${maxBytes} bytes; check that it is the right file`,
        );
      }
      const end = stream.position + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
      if (header.kind === "name" || header.kind === "fields") {
        if (size > maxFieldBytes) throw damaged(offset);
        const data = await stream.read(size);
        const fields = header.kind === "name" ? { path: textField(data) } : parsePaxFields(data);
        if (fields === undefined) throw damaged(offset);
        next = { ...next, ...fields };
      } else {
        const path = insidePath(next.path ?? header.path, archive);
        next = {};
        yield { kind: header.kind, path, size, offset: stream.position, data: stream.parts(size) };
      }
      const rest = end - stream.position;
      if (await stream.skip(rest) < rest) throw damaged(stream.position);
    }
    for (let padding = TAR_BLOCK; padding > 0 && stream.position < maxBytes;) {
      padding = await stream.skip(2 ** 20);
    }
  } finally {
    await stream.close();
  }
}

/** A path of an archive, tidied; refused if it leads out of the folder that the archive is unpacked to. */
function insidePath(written: string, archive: string): string {
  const parts = written.split("/").filter((part) => part !== "" && part !== ".");
  // A backslash and a colon separate parts on Windows, where "a\..\..\b" and "C:b" lead outside as well.
  const leadsOut = isAbsolutePath(written) || parts.includes("..") || /\\|^[A-Za-z]:|\0/.test(written);
  if (!leadsOut) return parts.join("/");
  throw new RangeError(
    `Cannot unpack "${archive}": its entry "${
      written.slice(0, 100)
    }" leads outside of the folder it belongs to; ` +
      "do not trust this archive",
  );
}
