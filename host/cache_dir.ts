/**
 * Where this machine keeps what can be made again: unpacked drivers, tuning results, downloads.
 *
 * @module
 */
import { join } from "node:path";

/**
 * The project's directory in the user's cache directory, not yet made.
 *
 * `XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
 *
 * @throws {Error} where the environment names no home
 */
export function cacheDirectory(): string {
  const base = userCache();
  if (!base) {
    throw new Error("Cannot find the cache directory: HOME is not set; set XDG_CACHE_HOME to a directory");
  }
  return join(base, "wgslim");
}

function userCache(): string | undefined {
  if (Deno.build.os === "windows") return Deno.env.get("LOCALAPPDATA");
  const set = Deno.env.get("XDG_CACHE_HOME");
  if (set?.startsWith("/")) return set; // relative paths are to be ignored, says the XDG specification
  const home = Deno.env.get("HOME");
  return home && join(home, Deno.build.os === "darwin" ? "Library/Caches" : ".cache");
}
