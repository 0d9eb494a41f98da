/** Compares nets with reference files in a page of headless Chromium. */
import { bundle, serveScripts } from "../_bundled_page.ts";
import { withPage } from "../_chromium.ts";
import type { Outcome } from "./report.ts";

/** Compares the net of a file in the page; the forced ways are taken where several kernels compute the same. */
export type ComparePage = (json: string, forced?: readonly string[]) => Promise<Outcome>;

/** Opens a page that compares nets, for as long as `run` takes; fails if the page reports an error. */
export async function withNetPage<T>(run: (compare: ComparePage) => Promise<T>): Promise<T> {
  await using server = serveScripts({ "/page.js": await bundle(new URL("_net_page.ts", import.meta.url)) });
  return await withPage((page) =>
    run(async (json, forced = []) => {
      await page.goto(`http://127.0.0.1:${server.addr.port}`); // anew for every net, which frees what the last one held
      return await page.evaluate<Outcome>(`compareFile(${JSON.stringify(json)}, ${JSON.stringify(forced)})`);
    })
  );
}
