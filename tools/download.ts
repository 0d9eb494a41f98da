/**
 * Downloads the original files of a data set, or takes them from where they are already.
 *
 * Usage: deno run --allow-net --allow-read=DIR,/usr/share/datasets --allow-write=DIR tools/download.ts
 *          --dataset_name=fashion_mnist --dataset_dir=DIR
 *
 * With `--from=OTHER` it needs no network and `--allow-read=DIR,OTHER`. Debian's package `dataset-fashion-mnist` is found by
 * itself. Run it again after an interruption: it goes on where it stopped.
 *
 * @module
 */

import { namesOf, type OriginalFile, type Originals, originals } from "../datasets/downloads.ts";
import { joinPath } from "../formats/paths.ts";
import { downloadOriginal, type FetchOptions, type Progress } from "./_download.ts";
import { defineFlags, runTool } from "./_flags.ts";
import { copyOriginal, DownloadError, findOriginal } from "./_originals.ts";

const flags = defineFlags("Downloads the original files of a data set.", {
  dataset_name: {
    type: "choice",
    choices: Object.keys(originals),
    required: true,
    help: "Which data set; ImageNet has a task of its own: imagenet",
  },
  dataset_dir: { type: "path", required: true, help: "Directory for the files; made if missing" },
  from: { type: "path", help: "Take the files, gzipped or plain, from this directory; no network is used" },
  mirror: {
    type: "string",
    help: "Address to try before the known ones; the names of the files are appended",
  },
});

/** How {@linkcode obtainOriginals} gets files and tells about it. */
export interface ObtainOptions extends Partial<FetchOptions> {
  /** The one directory to take files from; without it the system's folders, then the mirrors. */
  from?: string;
  /** Called with one line on each file. */
  report: (line: string) => void;
}

/**
 * Puts the original files of a data set into a directory; those that are there are checked and kept.
 *
 * @throws {DownloadError} if a file cannot be had, or one that is there is not the published one
 */
export async function obtainOriginals(
  { files, mirrors, systemFolders }: Originals,
  directory: string,
  { from, report, ...options }: ObtainOptions,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const file of files) {
    const present = await findOriginal(file, directory);
    if (present !== undefined) {
      report(`${joinPath(directory, present)} is there already`);
      continue;
    }
    const copy = await copyFromFirst(
      from === undefined ? await readable(systemFolders) : [from],
      file,
      directory,
    );
    if (copy !== undefined) {
      report(copy);
    } else if (from !== undefined) {
      throw new DownloadError(
        `Cannot find ${
          allNames(file).join(" or ")
        } in ${from}; name another directory, or leave --from out to download`,
      );
    } else {
      report(`${await downloadEither(file, directory, { mirrors, ...options })} downloaded`);
    }
  }
}

/** The names of a file and of its alternative. */
function allNames(file: OriginalFile): string[] {
  return [...namesOf(file), ...file.alternative ? allNames(file.alternative) : []];
}

/** Downloads a file, or its alternative where no mirror has it. */
async function downloadEither(file: OriginalFile, directory: string, options: FetchOptions): Promise<string> {
  try {
    return await downloadOriginal(file, directory, options);
  } catch (thrown) {
    if (!(thrown instanceof DownloadError) || !file.alternative) throw thrown;
    options.onFailure?.(`${thrown.message}\ntrying ${file.alternative.name}`);
    return await downloadEither(file.alternative, directory, options);
  }
}

async function copyFromFirst(
  folders: readonly string[],
  file: OriginalFile,
  directory: string,
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = await copyOriginal(file, folder, directory);
    if (path !== undefined) return `${path} copied from ${folder}`;
  }
  return undefined;
}

/** The folders that may be read without asking the user. */
async function readable(folders: readonly string[]): Promise<string[]> {
  const allowed: string[] = [];
  for (const path of folders) {
    if ((await Deno.permissions.query({ name: "read", path })).state === "granted") allowed.push(path);
  }
  return allowed;
}

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { dataset_name, dataset_dir, from, mirror } = flags.parse(args);
  const known = originals[dataset_name as keyof typeof originals];
  const line = progressLine();
  await obtainOriginals(known, dataset_dir, {
    from,
    mirrors: mirror === undefined ? known.mirrors : [mirror, ...known.mirrors],
    onProgress: line.show,
    onFailure: (message) => {
      line.clear();
      console.error(message);
    },
    report: (text) => {
      line.clear();
      console.log(text);
    },
  });
  return 0;
}

/** One line on the terminal that is written over and over; nothing where stderr is no terminal. */
function progressLine(): { show: (progress: Progress) => void; clear: () => void } {
  if (!Deno.stderr.isTerminal()) return { show: () => {}, clear: () => {} };
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
  let shown = 0;
  return {
    show({ name, received, total }) {
      if (performance.now() - shown < 100) return;
      shown = performance.now();
      const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
      const share = total === undefined
        ? ""
        : ` of ${megabytes(total)} (${Math.floor(100 * received / total)}%)`;
      write(`${name}: ${megabytes(received)}${share} MB`);
    },
    clear: () => write(""),
  };
}

if (import.meta.main) await runTool(main);
