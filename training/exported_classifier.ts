/**
 * A model as tools/export.ts writes it with `--format=safetensors`, ready to classify pictures: weights and all that has to be
 * known beside them are in one file.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { decodePicture } from "../datasets/decode_picture.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { restoreVariables } from "./checkpoints.ts";
import { Predictor } from "./predictor.ts";
import { type Score, topScores } from "./scores.ts";

/** How sure a classifier is of a class: its probability. */
export interface ClassScore extends Score {
  /** Name of the class, or `class` and its number where names are not known. */
  readonly name: string;
}

/** A compiled classifier of one picture at a time. */
export class ExportedClassifier {
  private constructor(
    /** Name of the net. */
    readonly modelName: string,
    readonly labels: readonly string[],
    readonly predictor: Predictor,
  ) {}

  /**
   * Compiles a model.
   *
   * @throws {TypeError} if the file does not say which net it is for
   * @throws {RangeError} if the net or its preprocessing is not known here
   */
  static async open(gpu: Gpu, reader: CheckpointReader): Promise<ExportedClassifier> {
    const text = (key: string) => {
      const value = reader.metadata.get(key);
      if (value !== undefined) return value;
      throw new TypeError(
        `Cannot open "${reader.prefix}": it does not say its ${key}; make it with tools/export.ts --format=safetensors`,
      );
    };
    const modelName = text("model_name"), numClasses = Number(text("num_classes"));
    const predictor = await Predictor.ofNet(gpu, {
      modelName,
      numClasses,
      preprocessingName: text("preprocessing"),
      imageSize: Number(text("image_size")),
      channels: text("channels") === "1" ? 1 : 3,
      batchSize: 1,
    });
    try {
      await restoreVariables(reader, predictor.parameters);
      const named: string[] = JSON.parse(reader.metadata.get("labels") ?? "[]");
      const labels = Array.from({ length: numClasses }, (_, i) => named[i] ?? `class ${i}`);
      return new ExportedClassifier(modelName, labels, predictor);
    } catch (error) {
      predictor.destroy();
      throw error;
    }
  }

  /**
   * Classifies a JPEG or PNG, turned upright as its EXIF data say.
   *
   * @returns all classes, the likeliest one first
   * @throws {DataLossError} if the picture is damaged
   * @throws {TypeError} if it is of another kind
   */
  async classify(bytes: Uint8Array): Promise<ClassScore[]> {
    const channels = this.predictor.options.channels === 1 ? 1 : 3;
    const [scores] = await this.predictor.predict([decodePicture(bytes, { channels, orientation: true })]);
    return topScores(scores).map((top) => ({ ...top, name: this.labels[top.index] }));
  }

  /** Frees the device's memory. */
  destroy(): void {
    this.predictor.destroy();
  }
}
