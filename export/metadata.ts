/**
 * What a model's user has to know beside its weights, as texts that files of all formats have room for.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What there is to know. */
export interface ModelFacts {
  readonly modelName: string;
  readonly numClasses: number;
  /** Side of the images. */
  readonly imageSize: number;
  /** Of the images: 1 grey, 3 red, green and blue. */
  readonly channels: number;
  /** Family of the preprocessing. */
  readonly preprocessing: string;
  /** What was subtracted from the data set's labels. */
  readonly labelsOffset: number;
  /** Names of the data set's classes by label, where they are known. */
  readonly labelsToNames?: ReadonlyMap<number, string>;
}

/** How a family brings pixels of 0 to 255 to the net's range, (pixel - mean) / std; left out: by the image's own statistics. */
const RANGES: Readonly<Record<string, { readonly mean: string; readonly std: string }>> = {
  inception: { mean: "127.5", std: "127.5" },
  lenet: { mean: "128", std: "128" },
  vgg: { mean: "123.68,116.78,103.94", std: "1" },
};

/** Names of the classes in the order of the logits; a class without a name is called by its number. */
function classNames({ numClasses, labelsOffset, labelsToNames }: ModelFacts): string[] | undefined {
  if (!labelsToNames || labelsToNames.size === 0) return undefined;
  return Array.from({ length: numClasses }, (_, i) => labelsToNames.get(i + labelsOffset) ?? `class ${i}`);
}

/** The facts by name. `labels` is a JSON list; `input_mean` and `input_std` are as tools/label_image.ts takes them. */
export function metadataOf(facts: ModelFacts): Map<string, string> {
  const { modelName, numClasses, imageSize, channels, preprocessing, labelsOffset } = facts;
  const range = RANGES[preprocessing], labels = classNames(facts);
  return new Map([
    ["model_name", modelName],
    ["num_classes", `${numClasses}`],
    ["image_size", `${imageSize}`],
    ["channels", `${channels}`],
    ["preprocessing", preprocessing],
    ...range ? [["input_mean", range.mean], ["input_std", range.std]] as const : [],
    ["labels_offset", `${labelsOffset}`],
    ...labels ? [["labels", JSON.stringify(labels)] as const] : [],
  ]);
}
