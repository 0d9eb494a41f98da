/**
 * Tells whether measurements of kernels still hold.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { kernels as columns } from "./columns.ts";
import { kernels as gemm } from "./gemm.ts";
import { kernels as winograd } from "./winograd.ts";

/** A word that changes with the text of any kernel that choices are between, or that their ways take along. */
export async function kernelsVersion(): Promise<string> {
  const text = [...columns, ...gemm, ...winograd].map(({ code }) => code).join("\n");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash.slice(0, 8)).toHex();
}
