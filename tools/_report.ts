/**
 * How the results of an evaluation are printed.
 *
 * @module
 */
import type { Dataset } from "../datasets/dataset.ts";
import type { Metrics } from "../training/metrics.ts";
import { formatTable } from "./_table.ts";

/** A confusion matrix of more classes is not printed: it would be wider than a terminal. */
const MOST_COLUMNS = 20;

function percent(share: number): string {
  return Number.isNaN(share) ? "-" : `${(100 * share).toFixed(1)}%`;
}

/** Names of the net's classes, in order; the number where the data set has no name. */
export function classNames(metrics: Metrics, dataset: Dataset, labelsOffset: number): string[] {
  return metrics.confusion.map((_, c) => dataset.labelsToNames.get(c + labelsOffset) ?? String(c));
}

/** A table with a line a class, the confusion matrix of few classes, the pairs most confused, accuracy and Recall_5. */
export function formatMetrics(metrics: Metrics, dataset: Dataset, labelsOffset: number): string {
  const names = classNames(metrics, dataset, labelsOffset);
  const classes = metrics.perClass.map(({ count, recall, precision }, c) => ({
    class: names[c],
    images: count,
    recall: percent(recall),
    precision: percent(precision),
  }));
  const confused = metrics.mostConfused().map(({ label, prediction, count, share }) => ({
    "most confused": names[label],
    "taken for": names[prediction],
    images: count,
    share: percent(share),
  }));
  const totals = `accuracy ${metrics.accuracy.toFixed(4)}   Recall_5 ${metrics.recall5.toFixed(4)}`;
  return [
    formatTable(classes),
    ...(names.length > MOST_COLUMNS ? [] : [formatConfusion(metrics.confusion, names)]),
    ...(confused.length === 0 ? [] : [formatTable(confused)]),
    `${totals}   (${metrics.count} images)`,
  ].join("\n\n");
}

/** A row a label, a column a prediction. */
function formatConfusion(confusion: readonly (readonly number[])[], names: readonly string[]): string {
  const counts = confusion.map((row) => row.map((count) => count === 0 ? "." : String(count)));
  const cells = [names.map((_, c) => String(c)), ...counts];
  const titles = ["label, taken for", ...names.map((name, c) => `${c} ${name}`)];
  const left = Math.max(...titles.map((title) => title.length));
  const width = 1 + Math.max(...cells.flat().map((cell) => cell.length));
  return cells.map((row, i) => titles[i].padEnd(left) + row.map((cell) => cell.padStart(width)).join(""))
    .join("\n");
}

/** The confusion matrix for spreadsheets: a row a label, a column a prediction, under the names of the classes. */
export function confusionCsv(metrics: Metrics, names: readonly string[]): string {
  const field = (text: string) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const rows = metrics.confusion.map((row, c) => [field(names[c]), ...row].join(","));
  return [["label", ...names.map(field)].join(","), ...rows, ""].join("\n");
}

/** What an evaluation comes to, for machines. */
export function summaryToJson(metrics: Metrics, dataset: Dataset) {
  return {
    dataset: dataset.name,
    split: dataset.splitName,
    images: metrics.count,
    accuracy: metrics.accuracy,
    recall_5: metrics.recall5,
  };
}

/** All of the rest, for machines. */
export function detailsToJson(metrics: Metrics, names: readonly string[]) {
  return {
    classes: metrics.perClass.map((c, i) => ({ name: names[i], ...c })),
    confusion: metrics.confusion,
    most_confused: metrics.mostConfused(),
    predictions: metrics.predictions,
  };
}
