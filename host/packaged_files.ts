/**
 * Files of the npm package that carries Chromium and SwiftShader for x86-64 Linux, unpacked into the user's cache directory.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cacheDirectory } from "./cache_dir.ts";
import { untar } from "./untar.ts";

const packageName = "@sparticuz/chromium";
const packageVersion = "147.0.0";

/** Some of the package's files. */
export interface PackagedFiles {
  /** What they are together, for messages. */
  readonly name: string;
  /** Their directory in the cache, without the version. */
  readonly directory: string;
  /** What else the user can do where they cannot be had. */
  readonly alternative: string;
  /** Where in the package they lie: Brotli files, and tar archives in such. */
  readonly archives: readonly string[];
  /** The files that are unpacked, by their paths in the archives, and the SHA-256 of each. */
  readonly checksums: Readonly<Record<string, string>>;
}

type Checksums = PackagedFiles["checksums"];

/** True where the package's machine code runs. */
export function isPackageSupported(): boolean {
  return Deno.build.os === "linux" && Deno.build.arch === "x86_64";
}

/**
 * Unpacks files into the cache directory, unless they are there already and whole, and returns their directory.
 *
 * Written aside, checked and renamed, so that a process killed midway, or several at once, leave whole files.
 *
 * @throws {Error} where the package cannot be fetched, or the cache cannot be written
 */
export async function installPackagedFiles(wanted: PackagedFiles): Promise<string> {
  const { name, checksums } = wanted;
  const directory = join(cacheDirectory(), `${wanted.directory}-${packageVersion}`);
  if (await isWhole(directory, checksums)) return directory;
  const aside = `${directory}.${crypto.randomUUID()}`, missing = new Set(Object.keys(checksums));
  const archives = await findArchives(wanted);
  try {
    await Deno.mkdir(aside, { recursive: true });
    for (const archive of archives) {
      for (const [path, bytes] of unpack(archive, await Deno.readFile(archive))) {
        if (!missing.has(path) || await sha256(bytes) !== checksums[path]) continue;
        await Deno.mkdir(dirname(join(aside, path)), { recursive: true });
        await Deno.writeFile(join(aside, path), bytes, { mode: 0o755 });
        missing.delete(path);
      }
    }
    for (const path of missing) {
      throw new Error(
        `${path} in ${packageName} ${packageVersion} is not the file this version was made with`,
      );
    }
    await moveInto(aside, directory, checksums);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = "set XDG_CACHE_HOME to a directory that can be written";
    throw new Error(`Cannot unpack ${name} to ${directory}: ${reason}; ${remedy}`, { cause });
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {}); // gone where the rename succeeded
  }
  return directory;
}

/** The files of `x.tar.br`, or the one file of `x.br`. */
function unpack(archive: string, packed: Uint8Array): Map<string, Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(brotliDecompressSync(packed)), name = basename(archive, ".br");
  return name.endsWith(".tar") ? untar(bytes) : new Map([[name, bytes]]);
}

/** Renames a finished directory to its place; another process may have been faster, or an old one may be broken. */
async function moveInto(aside: string, directory: string, checksums: Checksums): Promise<void> {
  try {
    await Deno.rename(aside, directory);
  } catch (error) {
    if (await isWhole(directory, checksums)) return;
    const broken = `${aside}.broken`;
    await Deno.rename(directory, broken).catch(() => {
      throw error;
    });
    await Deno.rename(aside, directory);
    await Deno.remove(broken, { recursive: true });
  }
}

/** True if every file is there with the right contents; reading takes 10 ms for 7 MB. */
async function isWhole(directory: string, checksums: Checksums): Promise<boolean> {
  for (const [name, expected] of Object.entries(checksums)) {
    try {
      if (await sha256(await Deno.readFile(join(directory, name))) !== expected) return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  }
  return true;
}

/** Paths of the archives in Deno's npm cache, after having the package fetched where it is not there yet. */
async function findArchives({ name, alternative, archives }: PackagedFiles): Promise<string[]> {
  let directory = await findPackage(archives[0]);
  if (!directory) {
    const trigger = new URL("./swiftshader_package.ts", import.meta.url).href;
    try {
      await import(trigger);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `Cannot fetch ${name} from npm:${packageName}@${packageVersion}: ${reason}; or ${alternative}`,
        { cause },
      );
    }
    directory = await findPackage(archives[0]);
  }
  if (directory) return archives.map((archive) => join(directory, archive));
  throw new Error(
    `Cannot find npm:${packageName}@${packageVersion} in ${npmCache()}: Deno fetched the package to another place; ` +
      `set DENO_DIR, or ${alternative}`,
  );
}

/** The package in the cache; between the two known parts of its path stands the registry's name. */
async function findPackage(archive: string): Promise<string | null> {
  try {
    for await (const registry of Deno.readDir(npmCache())) {
      const path = join(npmCache(), registry.name, packageName, packageVersion);
      if (await Deno.stat(join(path, archive)).then((info) => info.isFile, () => false)) return path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return null;
}

/** Where Deno keeps npm packages on Linux. */
function npmCache(): string {
  const set = Deno.env.get("DENO_DIR");
  if (set) return join(set, "npm");
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache");
  return join(cache, "deno", "npm");
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
