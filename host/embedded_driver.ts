/**
 * The embedded driver: Google's SwiftShader, a Vulkan that runs on any x86-64 Linux, from an npm package.
 *
 * @module
 */
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cacheDirectory } from "./cache_dir.ts";
import { installHint } from "./install_hints.ts";
import { untar } from "./untar.ts";

/** The npm package and the archive inside it. */
const packageName = "@sparticuz/chromium";
const packageVersion = "147.0.0";
const archivePath = "bin/swiftshader.tar.br";

/** The parts of the archive that are unpacked, and the SHA-256 of each. */
const checksums: Readonly<Record<string, string>> = {
  "libvk_swiftshader.so": "5b9e8591c7c2d1c9618c3ad485d0cdffb81f5f1ffd6a982fdb6578c2d8d3213e",
  "libvulkan.so.1": "fe17a77c1f2df38d3b6a935140f746fd80aac564bb44eb3e4f6b75a504295a41",
  "vk_swiftshader_icd.json": "c9eef28b6b984fec220ef0abfecc40b502d46946706e47bfe97707027cb818bd",
};

/** True where the embedded driver's machine code runs. */
export function isEmbeddedDriverSupported(): boolean {
  return Deno.build.os === "linux" && Deno.build.arch === "x86_64";
}

/**
 * Unpacks the driver into the cache directory, unless it is there already and whole, and returns its directory.
 *
 * Written aside, checked and renamed, so that a process killed midway, or several at once, leave a whole driver.
 *
 * @throws {Error} where the machine is another, the package cannot be fetched, or the cache cannot be written
 */
export async function installEmbeddedDriver(): Promise<string> {
  if (!isEmbeddedDriverSupported()) {
    const { os, arch } = Deno.build;
    throw new Error(
      `Cannot use the embedded driver: it is built for x86-64 Linux and this is ${arch} ${os}; use --adapter=gpu or ` +
        "--adapter=system",
    );
  }
  const directory = join(cacheDirectory(), `swiftshader-${packageVersion}`);
  if (await isWhole(directory)) return directory;
  const files = untar(brotliDecompressSync(await readArchive()));
  const aside = `${directory}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(aside, { recursive: true });
    for (const [name, expected] of Object.entries(checksums)) {
      const bytes = files.get(name);
      if (!bytes || await sha256(bytes) !== expected) {
        throw new Error(
          `${name} in ${packageName} ${packageVersion} is not the file this version was made with`,
        );
      }
      await Deno.writeFile(join(aside, name), bytes, { mode: 0o755 });
    }
    await moveInto(aside, directory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = "set XDG_CACHE_HOME to a directory that can be written";
    throw new Error(`Cannot unpack the embedded driver to ${directory}: ${reason}; ${remedy}`, { cause });
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {}); // gone where the rename succeeded
  }
  return directory;
}

/** Renames a finished directory to its place; another process may have been faster, or an old one may be broken. */
async function moveInto(aside: string, directory: string): Promise<void> {
  try {
    await Deno.rename(aside, directory);
  } catch (error) {
    if (await isWhole(directory)) return;
    const broken = `${aside}.broken`;
    await Deno.rename(directory, broken).catch(() => {
      throw error;
    });
    await Deno.rename(aside, directory);
    await Deno.remove(broken, { recursive: true });
  }
}

/** True if every file is there with the right contents; 7 MB are read, which takes 10 ms. */
async function isWhole(directory: string): Promise<boolean> {
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

/** Reads the archive from Deno's npm cache, after having the package fetched where it is not there yet. */
async function readArchive(): Promise<Uint8Array> {
  let found = await findArchive();
  if (!found) {
    const trigger = new URL("./swiftshader_package.ts", import.meta.url).href;
    try {
      await import(trigger);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `Cannot fetch the embedded driver from npm:${packageName}@${packageVersion}: ${reason}; or ${
          installHint("software")
        }`,
        { cause },
      );
    }
    found = await findArchive();
  }
  if (!found) {
    throw new Error(
      `Cannot find ${archivePath} of npm:${packageName}@${packageVersion} in ${npmCache()}: Deno fetched the package ` +
        `to another place; set DENO_DIR, or ${installHint("software")}`,
    );
  }
  return Deno.readFile(found);
}

/** The archive in the cache; between the two known parts of its path stands the registry's name. */
async function findArchive(): Promise<string | null> {
  try {
    for await (const registry of Deno.readDir(npmCache())) {
      const path = join(npmCache(), registry.name, packageName, packageVersion, archivePath);
      if (await Deno.stat(path).then((info) => info.isFile, () => false)) return path;
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
