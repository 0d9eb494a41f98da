/**
 * Labels against the number of classes, before the first step.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dataset, RecordSource } from "../datasets/dataset.ts";
import { DataLossError } from "../formats/errors.ts";

/** What labels mean to a net. */
export interface LabelRange {
  /** Of the net. */
  readonly numClasses: number;
  /** Subtracted from the labels. @default {0} */
  readonly labelsOffset?: number;
}

/** Position of the first label that is no class of the net; -1 if all are. */
export function badLabel(labels: ArrayLike<number>, { numClasses, labelsOffset = 0 }: LabelRange): number {
  return Array.prototype.findIndex.call(
    labels,
    (label) => !(label >= labelsOffset && label - labelsOffset < numClasses),
  );
}

/** The error for a record whose label is no class. */
export function labelError(
  { source }: Dataset,
  record: number,
  label: number,
  { numClasses, labelsOffset = 0 }: LabelRange,
): RangeError {
  return new RangeError(
    `Cannot train on ${
      source.describe(record)
    }: its label is ${label}, and the net's ${numClasses} classes with ` +
      `labels_offset ${labelsOffset} are the labels ${labelsOffset} to ${
        labelsOffset + numClasses - 1
      }; check labels.txt`,
  );
}

/**
 * Reads all labels of a data set whose labels can be had soon; a larger one is checked batch by batch as it is trained on.
 *
 * @throws {RangeError} at the first label that is no class of the net
 */
export async function checkLabels(
  dataset: Dataset,
  range: LabelRange,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<void> {
  const { source } = dataset;
  if (!source.label) return;
  for (let first = 0; first < source.size; first += 1024) {
    onProgress(first, source.size);
    const records = Array.from(
      { length: Math.min(1024, source.size - first) },
      (_, i) => labelOf(source, first + i, range),
    );
    const labels = await Promise.all(records), bad = badLabel(labels, range);
    if (bad >= 0) throw labelError(dataset, first + bad, labels[bad], range);
  }
}

/** Of a damaged record, one that is in order: training finds out what is to be done about it. */
async function labelOf(source: RecordSource, record: number, range: LabelRange): Promise<number> {
  try {
    return await source.label!(record);
  } catch (thrown) {
    if (thrown instanceof DataLossError) return range.labelsOffset ?? 0;
    throw thrown;
  }
}
