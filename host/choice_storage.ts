/**
 * Keeps what tuning found in the user's cache directory.
 *
 * @module
 */
import { join } from "node:path";
import type { ChoiceStorage } from "../tape/stored_choices.ts";
import { cacheDirectory } from "./cache_dir.ts";
import { denoFiles } from "./files.ts";

function pathOf(name: string): string {
  return join(cacheDirectory(), `${name}.json`);
}

function isGranted(name: "env" | "read"): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** Reading finds nothing where it is not permitted, and never asks. Writing needs `--allow-read` and `--allow-write`. */
export const cacheStorage: ChoiceStorage = {
  getItem(name) {
    if (!isGranted("env") || !isGranted("read")) return null;
    try {
      return Deno.readTextFileSync(pathOf(name));
    } catch {
      return null; // as good as none: it can be measured again
    }
  },

  async setItem(name, text) {
    await denoFiles.write(pathOf(name), [new TextEncoder().encode(text)]);
  },
};
