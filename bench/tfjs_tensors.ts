/**
 * Tensors of TensorFlow.js between host and device.
 *
 * @module
 */
import type { Tensor } from "./cases.ts";
import type { Tf, TfTensor } from "./tfjs_api.ts";

/** A host tensor on the device. */
export function upload(tf: Tf, { data, shape }: Tensor): TfTensor {
  return tf.tensor(data, shape);
}

/** Waits for a tensor by reading one of its elements; the queue runs in order. */
export async function settle(tf: Tf, tensor: TfTensor): Promise<void> {
  const { shape } = tensor;
  const first = shape.length === 0 ? tensor : tf.slice(tensor, shape.map(() => 0), shape.map(() => 1));
  await first.data();
  if (first !== tensor) first.dispose();
}

/** The values of named tensors on the host. */
export async function download(
  tensors: Iterable<readonly [string, TfTensor]>,
): Promise<Map<string, Float32Array>> {
  const results = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) results.set(name, Float32Array.from(await tensor.data()));
  return results;
}
