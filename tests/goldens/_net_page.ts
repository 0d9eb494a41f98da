/** What a page runs to compare a net with a reference file; bundled for the browser by _net_browser.ts. */
import { requestGpu } from "../../gpu/open.ts";
import { compareNet } from "./_net_comparison.ts";
import type { NetFile } from "./_net_file.ts";
import type { Outcome } from "./report.ts";

/** Compares the net of a file; the forced ways are taken where several kernels compute the same. */
async function compareFile(json: string, forced: readonly string[]): Promise<Outcome> {
  const gpu = await requestGpu({ preferences: { forced } });
  try {
    return await compareNet(JSON.parse(json) as NetFile, gpu);
  } finally {
    gpu.close();
  }
}

Object.assign(globalThis, { compareFile });
