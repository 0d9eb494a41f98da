/** Topic `graphdef`: graphs that TF-Slim exports. */
import { exportCases } from "./graphdef_export.ts";
import type { GoldenCase } from "./report.ts";

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  yield* exportCases(directory);
}
