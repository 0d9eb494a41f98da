/**
 * Classifies pictures: a net, or whatever else makes scores of images, with its preprocessing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import type { SourcePicture } from "../preprocessing/sampling.ts";
import { compile } from "../tape/compile.ts";
import { softmax } from "../tape/ops/losses.ts";
import { Parameters } from "../tape/parameters.ts";
import type { Precision } from "../tape/plan.ts";
import type { Program } from "../tape/program.ts";
import { Tape, type Value } from "../tape/tape.ts";
import { ImageFeeder, type ImageOptions } from "./feeding.ts";

/** What {@linkcode Predictor} takes. */
export interface PredictorOptions extends Omit<ImageOptions, "isTraining" | "numClones" | "seed"> {
  /** How images lie between operations. @default {"f32"} */
  readonly precision?: Precision;
}

/** A compiled classifier of pictures. */
export class Predictor {
  private constructor(
    readonly program: Program,
    /** Its variables, to be restored. */
    readonly parameters: Parameters,
    readonly numClasses: number,
    readonly options: PredictorOptions,
    readonly feeder: ImageFeeder,
  ) {}

  /**
   * Compiles a classifier.
   *
   * @param classify records how images [n, height, width, channels] get probabilities [n, classes]
   * @throws {RangeError} if the probabilities have another shape
   */
  static async compile(
    gpu: Gpu,
    options: PredictorOptions,
    classify: (images: Value) => Value,
  ): Promise<Predictor> {
    const tape = new Tape(), feeder = new ImageFeeder({ ...options, isTraining: false });
    const probabilities = classify(feeder.record(tape, 0)), { shape } = probabilities;
    if (shape.length !== 2 || shape[0] !== options.batchSize) {
      throw new RangeError(
        `Cannot predict by ${probabilities.label}: its shape is [${shape}], a row of scores for each of ` +
          `${options.batchSize} images is needed`,
      );
    }
    const parameters = new Parameters(gpu, tape.variables), { precision } = options;
    const request = { label: "prediction", fetches: { probabilities }, parameters, precision };
    return new Predictor(await compile(gpu, tape, request), parameters, shape[1], options, feeder);
  }

  /** Compiles a net of TF-Slim in its inference form; its variables have to be restored. */
  static async ofNet(
    gpu: Gpu,
    options: PredictorOptions & { readonly modelName: string; readonly numClasses: number },
  ): Promise<Predictor> {
    const { modelName, numClasses } = options;
    const net = (images: Value) =>
      buildNet(images.tape, getNet(modelName), images, { numClasses, isTraining: false }).logits;
    return await Predictor.compile(gpu, options, (images) => softmax(net(images), { scope: "Predictions" }));
  }

  /**
   * The probabilities of the classes, a row for each picture.
   *
   * @param pictures at most as many as a batch has places, of the channels that the predictor was compiled for
   */
  async predict(pictures: readonly SourcePicture[]): Promise<Float32Array[]> {
    const { numClasses, options: { batchSize } } = this;
    if (pictures.length > batchSize) {
      throw new RangeError(
        `Cannot predict ${pictures.length} pictures at once: a batch has ${batchSize} places`,
      );
    }
    if (this.program.takes("step")) this.program.feed("step", new Uint32Array(1));
    this.feeder.feed(this.program, { index: 0, images: pictures });
    this.program.run();
    const rows = await this.program.fetch("probabilities");
    return pictures.map((_, i) => rows.slice(i * numClasses, (i + 1) * numClasses));
  }

  /** Frees program and variables. */
  destroy(): void {
    this.program.destroy();
    this.parameters.destroy();
  }
}
