/** Topic `metrics`: accuracy and Recall_5 batch after batch, from metrics.json. */
import { argmax, inTopK, Metrics } from "../../training/metrics.ts";
import { randomValues } from "./_formula.ts";
import { ExactChecks, type GoldenCase, numberOf, readJson, unknownCase } from "./report.ts";

interface Values {
  Accuracy: number;
  Recall_5: number;
}
interface BatchRecord {
  batch: number;
  n: number;
  /** A formula, or all values of [n, num_classes]. */
  logits: string | (number | string)[];
  labels: number[];
  argmax: number[];
  in_top_5: boolean[];
  after_update: Values;
}
interface MetricsFile {
  num_classes: number;
  records: (BatchRecord | { before_any_update: Values })[];
}

/** Logits as listed, or as their formula gives them: randf(hash32("NAME")). */
function logitsOf({ logits, n }: BatchRecord, numClasses: number): Float32Array {
  if (typeof logits !== "string") return Float32Array.from(logits, numberOf);
  const name = /^randf\(hash32\("([^"]+)"\)\)$/.exec(logits)?.[1];
  if (name === undefined) throw new SyntaxError(`Cannot make logits by "${logits}": this formula is unknown`);
  return randomValues(name, n * numClasses, 1);
}

/** Running values, in float32 as TF has them. */
function checkValues(checks: ExactChecks, metrics: Metrics, expected: Values, when: string): void {
  checks.equal(Math.fround(metrics.accuracy), Math.fround(expected.Accuracy), `Accuracy ${when}`);
  checks.equal(Math.fround(metrics.recall5), Math.fround(expected.Recall_5), `Recall_5 ${when}`);
}

/** Counts the batches up to one, and compares that one. */
function runBatch(before: readonly BatchRecord[], record: BatchRecord, numClasses: number): ExactChecks {
  const checks = new ExactChecks(), metrics = new Metrics(numClasses);
  for (const earlier of before) {
    metrics.add(logitsOf(earlier, numClasses), Int32Array.from(earlier.labels), earlier.n);
  }
  const logits = logitsOf(record, numClasses);
  const rows = record.labels.map((_, i) => logits.subarray(i * numClasses, (i + 1) * numClasses));
  checks.equal(rows.map(argmax), record.argmax, "argmax");
  checks.equal(rows.map((row, i) => inTopK(row, record.labels[i], 5)), record.in_top_5, "in_top_5");
  metrics.add(logits, Int32Array.from(record.labels), record.n);
  checkValues(checks, metrics, record.after_update, "after the update");
  return checks;
}

/** The cases of a directory of this topic: one a batch. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const { num_classes, records }: MetricsFile = await readJson(`${directory}/metrics.json`);
  const before: BatchRecord[] = [];
  for (const [i, record] of records.entries()) {
    if ("before_any_update" in record) {
      yield {
        name: "before any update",
        run: () => {
          const checks = new ExactChecks();
          checkValues(checks, new Metrics(num_classes), record.before_any_update, "before any update");
          return checks;
        },
      };
    } else if ("after_update" in record) {
      const earlier = [...before];
      before.push(record);
      yield { name: `batch ${record.batch}`, run: () => runBatch(earlier, record, num_classes) };
    } else yield unknownCase(`record ${i}`, "this kind of record");
  }
}
