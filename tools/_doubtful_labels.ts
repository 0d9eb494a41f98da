/**
 * Pictures whose label a trained net finds very unlikely: many of them are mislabelled.
 *
 * @module
 */
import { type Finding, nameOfClass } from "../datasets/check/findings.ts";
import type { Look } from "../datasets/check/look.ts";
import type { PictureDecoder } from "../datasets/decode_picture.ts";
import { directoryOf } from "../formats/paths.ts";
import type { ProgressLine } from "../host/terminal.ts";
import { inheritedArgs } from "./_evaluation_flags.ts";
import { labelsOffsetOf, openDevice } from "./_model_flags.ts";
import { modelOfCheckpoint } from "./_prediction.ts";
import { predictionFlags } from "./_prediction_flags.ts";
import { openCheckpoint } from "./_restore.ts";

/** A label is doubted if the net gives it less than the one, and another class more than the other. */
const UNLIKELY = 0.01, SURE = 0.9;

/** What is needed to doubt. */
export interface DoubtOptions {
  /** Checkpoint of the net, or a directory of one. */
  checkpoint: string;
  /** The directory with the pictures. */
  directory: string;
  classNames: ReadonlyMap<number, string>;
  decode: PictureDecoder;
  progress: ProgressLine;
}

/**
 * Has a net classify pictures.
 *
 * @throws {RangeError} if a label is beyond the net's classes
 */
export async function doubtfulLabels(looks: readonly Look[], options: DoubtOptions): Promise<Finding[]> {
  const { checkpoint, directory, classNames, decode, progress } = options;
  const reader = await openCheckpoint(checkpoint);
  const values = predictionFlags.parse([...await inheritedArgs(directoryOf(reader.prefix), []), directory]);
  const { exif_orientation: orientation } = values, found: Finding[] = [];
  const gpu = await openDevice(values, progress);
  try {
    const { predictor, channels } = await modelOfCheckpoint(
      gpu,
      values,
      reader,
      (line) => progress.print(line),
    );
    const { options: { batchSize }, numClasses } = predictor;
    const offset = labelsOffsetOf({ ...values, model_name: values.model_name ?? "lenet" }, {
      numClasses: classNames.size,
    });
    for (let start = 0; start < looks.length; start += batchSize) {
      const batch = looks.slice(start, start + batchSize);
      const pictures = await Promise.all(
        batch.map(async ({ source }) => decode((await source.read()).encoded, { channels, orientation })),
      );
      const rows = await predictor.predict(pictures);
      for (const [i, { source, label }] of batch.entries()) {
        const own = rows[i][label - offset], best = rows[i].indexOf(Math.max(...rows[i]));
        if (own === undefined) {
          throw new RangeError(
            `Cannot doubt ${source.where}: its label is ${label}, but ${checkpoint} has ${numClasses} classes`,
          );
        }
        if (own > UNLIKELY || rows[i][best] < SURE) continue;
        const [labelled, says] = [label, best + offset].map((number) => nameOfClass(classNames, number));
        const what = `labelled ${labelled}, the net says ${says} (${(100 * rows[i][best]).toFixed(1)}%)`;
        found.push({ kind: "doubtful", where: source.where, what, pictures: [source] });
      }
      progress.update(`classifying: ${start + batch.length} of ${looks.length}`);
    }
    predictor.destroy();
  } finally {
    gpu.close();
  }
  return found;
}
