/**
 * Preprocessing families by name, as TF-Slim's `preprocessing_factory`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { cifarnetPreprocessing } from "./cifarnet_preprocessing.ts";
import { inceptionPreprocessing, xceptionPreprocessing } from "./inception_preprocessing.ts";
import { lenetPreprocessing } from "./lenet_preprocessing.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { vggPreprocessing } from "./vgg_preprocessing.ts";

const families: Readonly<Record<string, Preprocessing>> = {
  cifarnet: cifarnetPreprocessing,
  inception: inceptionPreprocessing,
  lenet: lenetPreprocessing,
  vgg: vggPreprocessing,
  xception: xceptionPreprocessing,
};

/**
 * Names of nets that TF-Slim's factory knows as well, by family. A net's own record may differ: for the published weights of
 * ResNet V2 "inception" is right.
 */
const netNames: Readonly<Record<string, readonly string[]>> = {
  inception: [
    ...["inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"],
    ...["mobilenet_v1", "mobilenet_v2", "mobilenet_v2_035", "mobilenet_v2_140"],
    ...["nasnet_mobile", "nasnet_large", "pnasnet_mobile", "pnasnet_large", "shufflenet", "shufflenet_v2"],
  ],
  vgg: [
    ...["resnet_v1_50", "resnet_v1_101", "resnet_v1_152", "resnet_v1_200"],
    ...["resnet_v2_50", "resnet_v2_101", "resnet_v2_152", "resnet_v2_200"],
    ...["vgg_a", "vgg_16", "vgg_19"],
  ],
};

const byName: ReadonlyMap<string, Preprocessing> = new Map([
  ...Object.entries(families),
  ...Object.entries(netNames).flatMap(([family, names]) =>
    names.map((name): [string, Preprocessing] => [name, families[family]])
  ),
]);

/** Names of the families. */
export const preprocessingFamilies: readonly string[] = Object.keys(families);

/** Names that {@linkcode getPreprocessing} knows: those of the families, then those of nets. */
export const preprocessingNames: readonly string[] = [...byName.keys()];

/** The family of that name; throws a RangeError that lists the families. */
export function getPreprocessing(name: string): Preprocessing {
  const family = byName.get(name);
  if (!family) {
    throw new RangeError(
      `Cannot find preprocessing ${name}: the families are ${preprocessingFamilies.join(", ")}`,
    );
  }
  return family;
}
