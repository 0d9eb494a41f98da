/**
 * Arrays of jax-js between host and device.
 *
 * @module
 */
import type { Tensor } from "./cases.ts";
import type { Arrays, Jax, JaxArray } from "./jax_api.ts";
import { fromLayout, type Layout } from "./layouts.ts";

/** A host tensor on the device. */
export function upload(jax: Jax, { shape, data }: Tensor): JaxArray {
  return jax.numpy.array(data).reshape(shape);
}

/** The values of an array on the host, out of its layout. */
export async function download(array: JaxArray, layout: Layout = {}): Promise<Float32Array> {
  return fromLayout({ shape: array.shape, data: await array.ref.data() }, layout);
}

/** The results of a round, kept until all have run. */
export class Pending {
  readonly #jax: Jax;
  #results: Arrays[] = [];

  constructor(jax: Jax) {
    this.#jax = jax;
  }

  get last(): Arrays {
    return this.#results.at(-1)!;
  }

  push(result: Arrays): void {
    this.#results.push(result);
  }

  async sync(): Promise<void> {
    await this.#jax.blockUntilReady(this.#results);
    for (const result of this.#results.splice(0, this.#results.length - 1)) {
      this.#jax.tree.dispose(result);
    }
  }
}
