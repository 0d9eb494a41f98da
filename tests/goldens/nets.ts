/** Topic `nets`: every net at weights, images and labels made by formulas, in Deno or in a browser; see _net_comparison.ts. */
import { openGpu, wishedVariant } from "../../host/drivers.ts";
import { compareNet } from "./_net_comparison.ts";
import type { NetFile } from "./_net_file.ts";
import { type GoldenCase, listDirectory, type Outcome, readText, type Topic } from "./report.ts";

/** Compares the net of a file with its numbers. */
type Compare = (json: string) => Promise<Outcome>;

async function compareInDeno(json: string): Promise<Outcome> {
  const gpu = await openGpu();
  try {
    return await compareNet(JSON.parse(json) as NetFile, gpu);
  } finally {
    gpu.close();
  }
}

async function* casesWith(compare: Compare, directory: string): AsyncGenerator<GoldenCase> {
  for (const entry of await listDirectory(directory)) {
    if (entry === "README.md") continue;
    yield {
      name: entry.replace(/\.json(\.gz)?$/, ""),
      run: async () => await compare(await readText(`${directory}/${entry}`)),
    };
  }
}

/** The cases of a directory of this topic: one for each file. */
export const cases: Topic = (directory) => casesWith(compareInDeno, directory);

/** Gives cases that compute in a page of Chromium, which is open as long as they run. */
export async function inBrowser<T>(run: (cases: Topic) => Promise<T>): Promise<T> {
  const { withNetPage } = await import("./_net_browser.ts"), forced = wishedVariant(undefined);
  return await withNetPage((compare) =>
    run((directory) => casesWith((json) => compare(json, forced), directory))
  );
}
