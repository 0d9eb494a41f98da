/**
 * Names of TF-Slim's nodes where they do not follow from the scope of the variables.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What TF-Slim calls nodes whose name begins or ends in a certain way; all that match apply, in order. */
const RENAMINGS: readonly (readonly [RegExp, string])[] = [
  // The function of the base opens the net's scope once more: for nodes that is a scope inside, for variables the same.
  [/^(InceptionV\d|InceptionResnetV2|MobilenetV1)\/(?!Logits\/|AuxLogits\/|Predictions\/)/, "$1/$1/"],
  // Names that TF-Slim gives where ours say more.
  [/^(MobilenetV1\/Logits\/AvgPool_1a)_\d+x\d+/, "$1"],
  [/^(MobilenetV[23]\/Logits\/)AvgPool\//, "$1"],
  [/^(MobilenetV[23]\/Logits\/)SpatialSqueeze/, "$1Squeeze"],
  [/^(MobilenetV3\/.*\/squeeze_excite\/)AvgPool/, "$1Mean"],
  // NASNet's stem and cells sample without a scope.
  [/\/path\d\/(AvgPool)$/, "/$1"],
  // `conv2d_same` pads outside the scope of its convolution.
  [/^(resnet_v.*)\/conv\d\/(Pad)/, "$1/$2"],
];

/** The name that a node has in TF-Slim's graph. */
export function nodeName(path: string): string {
  return RENAMINGS.reduce((name, [pattern, to]) => name.replace(pattern, to), path);
}

/** Whether softmax of that scope is TF's own instead of `slim.softmax`. */
export function isPlainSoftmax(scope: string): boolean {
  return /^(final_layer\/predictions|Inception(V4|ResnetV2)\/Logits\/Predictions)$/.test(scope);
}

/** Whether the second operand of a sum in that scope is multiplied even by 1. */
export function isScaled(scope: string): boolean {
  return scope.startsWith("InceptionResnetV2/");
}
