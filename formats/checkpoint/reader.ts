/**
 * Reads TensorFlow checkpoints of both formats; `open.ts` finds them by any path, and SafeTensors as well.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { compareBytes } from "../bytes.ts";
import { NotFoundError } from "../errors.ts";
import type { Files } from "../files.ts";
import { baseName, directoryOf } from "../paths.ts";
import type { Bundle, TensorInfo } from "./bundle.ts";
import { type Dtype, elementsOf, isReal, type RealDtype, type Tensor, toFloat32 } from "./tensor.ts";
import { BundleV1 } from "./v1.ts";
import { BundleV2 } from "./v2.ts";

/** Options of {@linkcode CheckpointReader.readAs}. */
export interface ReadAsOptions {
  /**
   * Accept another shape with the same number of values, as `tf.train.Saver(reshape=True)` does.
   *
   * @default {false}
   */
  reshape?: boolean;
  /**
   * Round real numbers of any other type to float32, where that is the type wanted.
   *
   * @default {false}
   */
  cast?: boolean;
}

/**
 * An open checkpoint.
 *
 * @example Usage
 * ```ts
 * import { CheckpointReader } from "./reader.ts";
 * import { memoryFiles } from "../files.ts";
 * import { writeCheckpoint } from "./writer.ts";
 *
 * const files = memoryFiles();
 * const data = new Float32Array([1, 2]);
 * await writeCheckpoint(files, "run/model.ckpt-7", new Map([["biases", { dtype: "float32", shape: [2], data }]]));
 * const reader = await CheckpointReader.open(files, "run/model.ckpt-7");
 * await reader.read("biases"); // { dtype: "float32", shape: [2], data: Float32Array [1, 2] }
 * ```
 */
export class CheckpointReader {
  /** What was opened. */
  readonly prefix: string;
  readonly #bundle: Bundle;

  /** Takes a checkpoint that is open; {@linkcode CheckpointReader.open} opens one of TensorFlow. */
  constructor(prefix: string, bundle: Bundle) {
    this.prefix = prefix;
    this.#bundle = bundle;
  }

  /**
   * Opens a checkpoint and reads its list of tensors.
   *
   * @param prefix what TensorFlow calls the checkpoint's path: for V2 the files' name before `.index`; for V1 the file, or the
   * name before `-00000-of-00002`, or the pattern `NAME-?????-of-00002`
   * @throws {NotFoundError} if there is no such checkpoint
   * @throws {DataLossError} if the list is damaged
   */
  static async open(files: Files, prefix: string): Promise<CheckpointReader> {
    if (await files.size(prefix + ".index") !== undefined) {
      return new CheckpointReader(prefix, await BundleV2.open(files, prefix));
    }
    const shards = await findV1(files, prefix);
    if (shards.length === 0) {
      throw new NotFoundError(
        `Cannot open checkpoint "${prefix}": there is no "${prefix}.index" and no such V1 file; ` +
          "give the path without .index or .data, such as runs/lenet/model.ckpt-100",
        prefix,
      );
    }
    assertComplete(prefix, shards);
    return new CheckpointReader(prefix, await BundleV1.open(files, shards));
  }

  /** How the checkpoint is stored. */
  get format(): Bundle["format"] {
    return this.#bundle.format;
  }

  /** Texts that come with the tensors (`__metadata__` of SafeTensors). */
  get metadata(): ReadonlyMap<string, string> {
    return this.#bundle.metadata ?? new Map();
  }

  /** The tensors' names, in code point order. */
  names(): string[] {
    const encoder = new TextEncoder();
    const keys = [...this.#bundle.tensors.keys()].map((name) => ({ name, key: encoder.encode(name) }));
    return keys.sort((a, b) => compareBytes(a.key, b.key)).map(({ name }) => name);
  }

  /** Type and shape of every tensor. */
  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.#bundle.tensors;
  }

  /** Tensors that cannot be read because their type is not supported: name and type. */
  get unsupported(): ReadonlyMap<string, string> {
    return this.#bundle.unsupported;
  }

  /** Whether the checkpoint holds a tensor. */
  has(name: string): boolean {
    return this.#bundle.tensors.has(name);
  }

  /**
   * Reads a tensor and checks it; damage in others does not matter.
   *
   * @throws {TypeError} if its type is not supported
   * @throws {NotFoundError} if the checkpoint has no such tensor, or the file of its data is missing
   * @throws {DataLossError} if its data is damaged or cut
   */
  async read(name: string): Promise<Tensor> {
    this.#infoOf(name);
    return await this.#bundle.read(name);
  }

  /**
   * Reads a tensor that must have this type and shape.
   *
   * @throws {TypeError} if it has another type or shape
   * @throws {NotFoundError} if the checkpoint has no such tensor, or the file of its data is missing
   * @throws {DataLossError} if its data is damaged or cut
   */
  async readAs<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    { reshape = false, cast = false }: ReadAsOptions = {},
  ): Promise<Tensor<D>> {
    const info = this.#infoOf(name);
    const cannot = `Cannot restore "${name}" from "${this.prefix}"`;
    const isCast = cast && dtype === "float32" && isReal(info.dtype);
    if (info.dtype !== dtype && !isCast) {
      throw new TypeError(
        `${cannot}: it is ${info.dtype} there but ${dtype} here; restore it into ${info.dtype}`,
      );
    }
    const same = reshape
      ? elementsOf(info.shape) === elementsOf(shape)
      : info.shape.length === shape.length && info.shape.every((size, d) => size === shape[d]);
    if (!same) {
      throw new TypeError(
        `${cannot}: its shape is [${info.shape.join(", ")}] there but [${shape.join(", ")}] here; ` +
          "build the same net, or leave this tensor out of the restoring",
      );
    }
    const tensor = await this.#bundle.read(name);
    const data = isCast ? toFloat32(tensor as Tensor<RealDtype>) : tensor.data;
    return { dtype, shape: [...shape], data } as unknown as Tensor<D>;
  }

  #infoOf(name: string): TensorInfo {
    const info = this.#bundle.tensors.get(name);
    if (info !== undefined) return info;
    const type = this.#bundle.unsupported.get(name);
    if (type !== undefined) {
      throw new TypeError(
        `Cannot read tensor "${name}" from "${this.prefix}": its type ${type} is not supported; leave it out`,
      );
    }
    throw new NotFoundError(
      `Cannot read tensor "${name}" from "${this.prefix}": the checkpoint has no such name; its names() lists what it has`,
      this.prefix,
    );
  }
}

/** Whether there is a checkpoint of either format under this path. */
export async function checkpointExists(files: Files, prefix: string): Promise<boolean> {
  return await files.size(prefix + ".index") !== undefined || (await findV1(files, prefix)).length > 0;
}

/** The files of a V1 checkpoint, sorted; none if there is none. */
async function findV1(files: Files, prefix: string): Promise<string[]> {
  const directory = directoryOf(prefix);
  const [stem, total] = splitPattern(baseName(prefix));
  if (total === undefined && await files.size(prefix) !== undefined) return [prefix];
  const shards = (await files.list(directory === "" ? "." : directory)).filter((name) => {
    const match = /^-\d{5}-of-(\d{5})$/.exec(name.slice(stem.length));
    return name.startsWith(stem) && match !== null && (total === undefined || match[1] === total);
  });
  return shards.map((name) => directory + name);
}

/** Takes `-?????-of-00002` off a name, or the end of one such file's name. */
function splitPattern(name: string): [stem: string, total?: string] {
  const match = /^(.*)-(?:\?{5}|\d{5})-of-(\d{5})$/.exec(name);
  return match === null ? [name] : [match[1], match[2]];
}

/** Checks that the files found are one checkpoint's, and all of them. */
function assertComplete(prefix: string, paths: readonly string[]): void {
  const totals = [...new Set(paths.map((path) => splitPattern(path)[1]))];
  if (totals.length > 1) {
    const stem = splitPattern(paths[0])[0];
    const choices = totals.map((total) => `${stem}-?????-of-${total}`).join(" or ");
    throw new Error(`Cannot open checkpoint "${prefix}": there are several of that name; give ${choices}`);
  }
  const count = Number(totals[0] ?? 1);
  if (paths.length === count) return;
  throw new NotFoundError(
    `Cannot open checkpoint "${prefix}": there are ${paths.length} of its ${count} files; copy the others beside them`,
    prefix,
  );
}
