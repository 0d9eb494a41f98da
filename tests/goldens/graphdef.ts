/** Topic `graphdef`: graphs that TF-Slim exports, and graphs that are read. */
import { exportCases } from "./graphdef_export.ts";
import { importCases } from "./graphdef_import.ts";
import type { GoldenCase } from "./report.ts";

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  yield* exportCases(directory);
  yield* importCases(directory);
}
