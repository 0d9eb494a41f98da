/**
 * A worker that decodes pictures, one after another as it is told to.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Picture } from "../formats/pixels.ts";
import { type DecodeOptions, decodePicture } from "./decode_picture.ts";

/** What a worker is told to decode. */
export interface DecodeTask {
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
}

/** What became of it; `ready` comes once, before the first picture. */
export type DecodeAnswer = "ready" | { picture: Picture } | { failure: { name: string; message: string } };

/** The part of a worker's global scope that is used. */
const scope = self as unknown as {
  onmessage: (message: MessageEvent<DecodeTask>) => void;
  postMessage: (answer: DecodeAnswer, transfer?: Transferable[]) => void;
};

scope.onmessage = ({ data: { bytes, options } }) => {
  try {
    const picture = decodePicture(bytes, options);
    scope.postMessage({ picture }, [picture.data.buffer as ArrayBuffer]);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    scope.postMessage({ failure: { name, message } });
  }
};
scope.postMessage("ready");
