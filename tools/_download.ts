/**
 * Downloads one file of a data set from the first mirror that has it whole.
 *
 * Bytes on their way lie in `NAME.part`. An interrupted download goes on where it stopped (HTTP Range); only a file
 * whose checksum is right gets its name.
 *
 * @module
 */

import { namesOf, type OriginalFile } from "../datasets/downloads.ts";
import { joinPath } from "../formats/paths.ts";
import { reasonOf } from "../formats/errors.ts";
import { checkOriginal, ChecksumError, DownloadError, largestSize } from "./_originals.ts";

/** An answer that another attempt will not change. */
class RefusedError extends DownloadError {}

/** Bytes so far, and all of them if the server said. */
export interface Progress {
  name: string;
  received: number;
  total?: number;
}

/** A file to fetch. */
export interface RemoteFile {
  /** Its name, at the mirrors and here. */
  name: string;
  /** Most bytes that it may have. */
  maxBytes: number;
  /**
   * Looks at the bytes that came, in the file `path`.
   *
   * @throws {ChecksumError} if they are not those of the file; `url` is where they came from
   */
  check(path: string, url: string): Promise<void>;
}

/** How to fetch. */
export interface FetchOptions {
  /** Addresses that the file's name is appended to, in the order to try them. */
  mirrors: readonly string[];
  /** Headers that a mirror wants besides those of the download itself. */
  headers?: (url: string) => Record<string, string>;
  /** Attempts a mirror without a byte more. @default {3} */
  attempts?: number;
  /** Milliseconds before the second attempt; doubles with each. @default {1000} */
  retryDelayMs?: number;
  /** Milliseconds without a byte after which an attempt is given up. @default {30000} */
  stallMs?: number;
  /** Called as bytes arrive. */
  onProgress?: (progress: Progress) => void;
  /** Called before another attempt or mirror, with what went wrong. */
  onFailure?: (message: string) => void;
}

/**
 * Downloads an original file from the first mirror that has it.
 *
 * @returns its path
 * @throws {DownloadError} if no mirror has it whole; says what each answered
 */
export function downloadOriginal(
  file: OriginalFile,
  directory: string,
  options: FetchOptions,
): Promise<string> {
  const remote: RemoteFile = {
    name: namesOf(file)[0],
    maxBytes: largestSize(file),
    check: (path, url) => checkOriginal(file, path, url),
  };
  return downloadFile(remote, directory, options);
}

/**
 * Downloads a file from the first mirror that has it.
 *
 * @returns its path
 * @throws {DownloadError} if no mirror has it whole; says what each answered
 */
export async function downloadFile(
  file: RemoteFile,
  directory: string,
  options: FetchOptions,
): Promise<string> {
  const target = joinPath(directory, file.name);
  const failures: string[] = [];
  for (const mirror of options.mirrors) {
    const url = new URL(file.name, mirror.endsWith("/") ? mirror : `${mirror}/`).href;
    const failure = await downloadFrom(url, file, target, options);
    if (failure === undefined) return target;
    failures.push(failure);
  }
  throw new DownloadError(
    `Cannot download ${file.name}: no mirror gave it\n  ${failures.join("\n  ")}\n` +
      "check the network (HTTPS_PROXY is honoured), name a mirror with --mirror=URL, " +
      "or take files that are already there with --from=DIR",
  );
}

/** Tries one mirror several times; returns what went wrong, `undefined` if `target` is there now. */
async function downloadFrom(
  url: string,
  file: RemoteFile,
  target: string,
  options: FetchOptions,
): Promise<string | undefined> {
  const { attempts = 3, retryDelayMs = 1000, onFailure } = options;
  const part = `${target}.part`;
  let partIsForeign = await sizeOf(part) > 0; // perhaps the first half of another mirror's file
  let failure = "";
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await sizeOf(part);
    try {
      await receive(file, url, part, options);
      await file.check(part, url);
      await Deno.rename(part, target);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotCapable) throw thrown;
      failure = thrown instanceof DownloadError
        ? thrown.message
        : `Cannot read ${url}: ${deepReason(thrown)}`;
      onFailure?.(failure);
      if (thrown instanceof RefusedError) break;
      if (thrown instanceof ChecksumError) {
        await Deno.remove(part);
        if (!partIsForeign) break;
        partIsForeign = false;
        attempt = 0; // start anew, from the first byte
        continue;
      }
    }
    if (await sizeOf(part) > before) attempt = 0; // it came further: a long download may break many times
    if (attempt < attempts) await delay(retryDelayMs * 2 ** (attempt - 1));
  }
  return failure;
}

/** Appends what `part` lacks, or starts again where the server does not know ranges. */
async function receive(file: RemoteFile, url: string, part: string, options: FetchOptions): Promise<void> {
  const { stallMs = 30_000, onProgress } = options;
  const abort = new AbortController();
  const stalled = () => abort.abort(new DownloadError(`Cannot read ${url}: no byte for ${stallMs / 1000} s`));
  let timer = setTimeout(stalled, stallMs);
  try {
    const have = await sizeOf(part);
    const headers: Record<string, string> = { ...options.headers?.(url), "accept-encoding": "identity" };
    if (have > 0) headers.range = `bytes=${have}-`;
    const response = await fetch(url, { headers, signal: abort.signal });
    const { start, total } = await checkAnswer(response, url, have, part);
    if (start === total) return;
    let received = start;
    using output = await Deno.open(part, { write: true, create: true, truncate: start === 0 });
    await output.seek(start, Deno.SeekMode.Start);
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(stalled, stallMs);
      received += chunk.length;
      if (received > file.maxBytes) {
        throw new RefusedError(`Cannot use ${url}: it is larger than ${file.name} can be`);
      }
      for (let at = 0; at < chunk.length;) at += await output.write(chunk.subarray(at));
      onProgress?.({ name: file.name, received, total });
    }
    if (total !== undefined && received < total) {
      throw new DownloadError(`Cannot read ${url}: it ended after ${received} of ${total} bytes`);
    }
    await output.sync();
  } finally {
    clearTimeout(timer);
  }
}

/** Reads status and range of an answer: at which byte its body starts, and how long the whole file is. */
async function checkAnswer(
  response: Response,
  url: string,
  have: number,
  part: string,
): Promise<{ start: number; total?: number }> {
  const range = response.headers.get("content-range") ?? "";
  if (response.status === 206) {
    const [, start, total] = range.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
    if (Number(start) === have) return { start: have, total: total === "*" ? undefined : Number(total) };
  } else if (response.status === 200) {
    const length = response.headers.get("content-length");
    return { start: 0, total: length === null ? undefined : Number(length) };
  }
  await response.body?.cancel();
  if (response.status === 416 && range === `bytes */${have}`) return { start: have, total: have };
  if (response.status === 416 || response.status === 206) {
    await Deno.remove(part);
    throw new DownloadError(`Cannot go on with ${url}: the server gives another range than asked for`);
  }
  const message = `Cannot read ${url}: the server answered ${response.status} ${response.statusText}`
    .trimEnd();
  const mayPass = response.status >= 500 || response.status === 408 || response.status === 429;
  throw mayPass ? new DownloadError(message) : new RefusedError(message);
}

/** The text of an error and of what caused it: `fetch` says why only in its cause. */
function deepReason(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? ` (${reasonOf(thrown.cause)})` : "";
  return reasonOf(thrown) + cause;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return 0;
    throw thrown;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
