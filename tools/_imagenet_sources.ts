/**
 * Where ImageNet's originals are: archives or unpacked folders on this machine, else archives to be downloaded.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Archive, archiveAddresses, archives } from "../datasets/imagenet/archives.ts";
import { NotFoundError } from "../formats/errors.ts";
import { joinPath } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { formatDuration, ProgressLine } from "../host/terminal.ts";
import { authorization, type Credentials, obtainCredentials } from "./_credentials.ts";
import { downloadFile } from "./_download.ts";
import { seldom } from "./_imagenet.ts";
import { ChecksumError } from "./_originals.ts";

/** One of the originals. */
export type Part = keyof typeof archives;

/** An original that is on this machine. */
export interface Source {
  path: string;
  kind: "archive" | "folder";
}

/** What the folder of each part is called where TF-Slim's script has unpacked it. */
const folderNames: Readonly<Record<Part, string>> = {
  boxes: "bounding_boxes",
  validation: "validation",
  train: "train",
};

/** Looks for a part in folders: its archive, else what it was unpacked to. */
export async function findSource(part: Part, folders: readonly string[]): Promise<Source | undefined> {
  for (const folder of folders) {
    const path = joinPath(folder, archives[part].name);
    if (await denoFiles.size(path) !== undefined) return { path, kind: "archive" };
  }
  for (const folder of folders) {
    const path = joinPath(folder, folderNames[part]);
    if ((await denoFiles.list(path)).length > 0) return { path, kind: "folder" };
  }
}

/** The error for a part that a folder does not have. */
export function missingSource(part: Part, folder: string): NotFoundError {
  return new NotFoundError(
    `Cannot find ${archives[part].name} or a folder ${
      folderNames[part]
    } in "${folder}"; put it there, or leave --from out ` +
      "to download it",
    folder,
  );
}

/** Downloads archives into a folder; asks for the account once, before the first. */
export class ArchiveDownloader {
  readonly #directory: string;
  readonly #mirror: string | undefined;
  #credentials: Credentials | undefined;

  /** @param mirror an address to try before ImageNet's own; what it gives may differ from the published archive */
  constructor(directory: string, mirror?: string) {
    this.#directory = directory;
    this.#mirror = mirror;
  }

  /**
   * Downloads the archive of a part; an interrupted download goes on.
   *
   * @throws {DownloadError} if it cannot be had
   */
  async download(part: Part): Promise<Source> {
    const mirror = this.#mirror;
    const credentials = this.#credentials ??= await obtainCredentials(
      "IMAGENET",
      "ImageNet gives its pictures to registered users only: create an account at https://image-net.org, which gets you a\n" +
        "username and an access key. Set IMAGENET_USERNAME and IMAGENET_ACCESS_KEY, or enter them here.",
    );
    const archive = archives[part], line = new ProgressLine(), started = performance.now();
    let before: number | undefined;
    await Deno.mkdir(this.#directory, { recursive: true });
    const path = await downloadFile(
      { ...archive, check: (path, url) => checkMd5(archive, path, url, isOwn(url, mirror), line) },
      this.#directory,
      {
        mirrors: mirror === undefined ? archiveAddresses : [mirror, ...archiveAddresses],
        headers: (url) => authorization(credentials, url),
        onFailure: (message) => line.print(message),
        onProgress: seldom(({ received, total }) => {
          before ??= received;
          const rate = (received - before) / (performance.now() - started) * 1000;
          line.update(`${archive.name}: ${describeProgress(received, total, rate)}`);
        }),
      },
    );
    line.end(false);
    return { path, kind: "archive" };
  }
}

function isOwn(url: string, mirror: string | undefined): boolean {
  return mirror !== undefined && url.startsWith(mirror);
}

function describeProgress(received: number, total: number | undefined, bytesPerSecond: number): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  if (total === undefined) return megabytes(received);
  const left = formatDuration((total - received) / bytesPerSecond);
  return `${megabytes(received)} of ${megabytes(total)} (${
    Math.floor(100 * received / total)
  }%), ${left} left`;
}

/** Compares an archive with the published one. From the user's own mirror another is taken, with a note. */
async function checkMd5(
  { name, md5 }: Archive,
  path: string,
  url: string,
  isOwnMirror: boolean,
  line: ProgressLine,
): Promise<void> {
  const hash = createHash("md5");
  const show = seldom(() => line.update(`${name}: checking, ${(bytes / 1e6).toFixed(1)} MB`));
  let bytes = 0;
  for await (const chunk of (await Deno.open(path)).readable) {
    hash.update(chunk);
    bytes += chunk.length;
    show();
  }
  const got = hash.digest("hex");
  if (got === md5) return;
  if (isOwnMirror) return line.print(`Note: ${url} is not the published ${name}; its MD5 is ${got}`);
  throw new ChecksumError(
    `Cannot use ${url}: it is not the published ${name}: expected MD5 ${md5}, got ${got}`,
  );
}
