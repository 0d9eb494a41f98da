/**
 * A worker that writes files of ImageNet's records, one at a time as it is told to.
 *
 * @module
 */

import { type ShardImage, writeShard } from "../datasets/imagenet/write_shard.ts";
import { reasonOf } from "../formats/errors.ts";
import { denoFiles } from "../host/files.ts";

/** What a worker is told to write. */
export interface ShardTask {
  path: string;
  images: readonly ShardImage[];
}

/** What became of it. */
export type ShardAnswer = { written: boolean } | { failure: string };

/** The part of a worker's global scope that is used. */
const scope = self as unknown as {
  onmessage: (message: MessageEvent<ShardTask>) => Promise<void>;
  postMessage: (answer: ShardAnswer) => void;
};

scope.onmessage = async ({ data: { path, images } }) => {
  try {
    scope.postMessage({ written: await writeShard(denoFiles, path, images) });
  } catch (thrown) {
    scope.postMessage({ failure: reasonOf(thrown) });
  }
};
