/** Damaged copies of files: the same ones for the same seed. */

import { crc32 } from "../formats/crc32.ts";

/** Numbers of a linear congruential generator, 0 to `below` - 1. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** A copy with a few bytes changed, cut out, doubled, put in or cut off. */
export function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let copy = bytes.slice();
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(copy.length), length = 1 + random(1 + random(64));
    const before = copy.subarray(0, at), behind = copy.subarray(at);
    switch (random(7)) {
      case 0:
        copy[at] = random(256);
        break;
      case 1:
        copy[at] ^= 1 << random(8);
        break;
      case 2:
        copy[at] = [0, 0x01, 0x7f, 0x80, 0xff][random(5)];
        break;
      case 3:
        copy = concatenate(before, behind.subarray(length));
        break;
      case 4:
        copy = concatenate(before, behind.subarray(0, length), behind);
        break;
      case 5:
        copy = concatenate(before, Uint8Array.from({ length }, () => random(256)), behind);
        break;
      default: // cuts are mostly noticed at once
        if (random(4) === 0) copy = copy.slice(0, at);
    }
    if (copy.length === 0) break;
  }
  return copy;
}

/** A PNG whose chunks, as far as they can be followed, have the checksums of what they hold now. */
export function withChecksums(png: Uint8Array): Uint8Array {
  const copy = png.slice(), view = new DataView(copy.buffer);
  for (let at = 8; at + 12 <= copy.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > copy.length) break;
    view.setUint32(end, crc32(copy.subarray(at + 4, end)));
    at = end + 4;
  }
  return copy;
}

function concatenate(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
