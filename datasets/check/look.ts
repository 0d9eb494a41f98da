/**
 * What is remembered of a picture after one look at it: its kind and size, a digest, and a thumbnail to compare it with others.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type PictureHeader, readPictureHeader } from "../../formats/picture_header.ts";
import type { Picture } from "../../formats/png.ts";
import type { PictureDecoder } from "../decode_picture.ts";
import type { PictureSource, StoredPicture } from "./picture_sources.ts";

/** Rows and columns of a thumbnail. */
export const THUMBNAIL_SIDE = 16;

/** One picture that could be read. */
export interface Look {
  readonly source: PictureSource;
  readonly label: number;
  readonly header: PictureHeader;
  /** SHA-256 of its file, in hexadecimal digits. */
  readonly digest: string;
  /** Mean brightness of each tile, 0 to 255, `[16, 16]`. */
  readonly thumbnail: Uint8Array;
  /** What is odd about its format, each a sentence without its subject; empty for most. */
  readonly remarks: readonly string[];
}

/**
 * Reads and decodes a picture.
 *
 * @throws {Error} if it cannot be read or decoded
 */
export async function lookAt(source: PictureSource, decode: PictureDecoder): Promise<Look> {
  const stored = await source.read(), { encoded, label } = stored, header = readPictureHeader(encoded);
  const picture = await decode(encoded, { channels: 3 });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoded.slice()));
  return {
    source,
    label,
    header,
    digest: digest.toHex(),
    thumbnail: brightness(shrink(picture, THUMBNAIL_SIDE, THUMBNAIL_SIDE)),
    remarks: remarksOn(stored, header),
  };
}

function remarksOn({ claims }: StoredPicture, header: PictureHeader): string[] {
  const { kind, channels, depth, orientation, isAnimated, height, width } = header, remarks: string[] = [];
  if (kind === "jpeg" && channels === 4) remarks.push("is of inks (CMYK), which are converted roughly");
  if (kind === "png" && (channels === 2 || channels === 4)) {
    remarks.push("has transparency, which is dropped");
  }
  if (depth === 16) remarks.push("has 16 bits a value, of which 8 are dropped");
  if (orientation !== 1) {
    remarks.push(`is to be turned by its EXIF data (${orientation}), which training does not`);
  }
  if (isAnimated) remarks.push("is animated; only its first picture is used");
  if (!claims) return remarks;
  if (kindOf(claims.format) !== kind) {
    remarks.push(`is a ${kind.toUpperCase()} where the record says "${claims.format}"`);
  }
  if ((claims.height ?? height) !== height || (claims.width ?? width) !== width) {
    remarks.push(`has ${height} x ${width} pixels where the record says ${claims.height} x ${claims.width}`);
  }
  return remarks;
}

function kindOf(format: string): string {
  const name = format.toLowerCase();
  return name === "jpg" ? "jpeg" : name;
}

/** Scales a picture down by the mean of each tile; a side that is shorter already repeats its pixels. */
export function shrink({ data, height, width, channels }: Picture, rows: number, columns: number): Picture {
  const out = new Uint8Array(rows * columns * channels);
  for (let y = 0; y < rows; y++) {
    const top = Math.floor(y * height / rows),
      bottom = Math.max(top + 1, Math.floor((y + 1) * height / rows));
    for (let x = 0; x < columns; x++) {
      const left = Math.floor(x * width / columns),
        right = Math.max(left + 1, Math.floor((x + 1) * width / columns));
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (
            let at = (row * width + left) * channels + c;
            at < (row * width + right) * channels;
            at += channels
          ) sum += data[at];
        }
        out[(y * columns + x) * channels + c] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { data: out, height: rows, width: columns, channels };
}

/** Brightness of red, green and blue, by the weights of ITU-R BT.601. */
function brightness({ data }: Picture): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, i) => {
    return Math.round(0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2]);
  });
}
