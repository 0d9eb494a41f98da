/** Archives for tests, entry by entry. */

import { concatenateArrays } from "../formats/files.ts";

/** What an entry of {@linkcode tarEntry} may have besides path and content. */
export interface TarFields {
  /** Type flag: "0" file, "2" symbolic link, "5" folder, ... */
  type?: string;
  prefix?: string;
  /** The field of the size as it is written. */
  size?: Uint8Array;
}

const encoder = new TextEncoder();

/** A header and its data, padded. */
export function tarEntry(
  path: string,
  content: string | Uint8Array,
  fields: TarFields = {},
): Uint8Array<ArrayBuffer> {
  const { type = "0", prefix = "", size } = fields;
  const data = typeof content === "string" ? encoder.encode(content) : content;
  const entry = new Uint8Array(512 * (1 + Math.ceil(data.length / 512)));
  const put = (text: string, at: number) => entry.set(encoder.encode(text), at);
  put(path, 0);
  put("0000644\0", 100);
  if (size) entry.set(size, 124);
  else put(data.length.toString(8).padStart(11, "0"), 124);
  put(`        ${type}`, 148);
  put("ustar\x0000", 257);
  put(prefix, 345);
  put(entry.subarray(0, 512).reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0", 148);
  entry.set(data, 512);
  return entry;
}

/** An archive of entries, with its end mark. */
export function tar(...entries: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatenateArrays([...entries, new Uint8Array(1024)]);
}

/** Bytes gzipped. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}
