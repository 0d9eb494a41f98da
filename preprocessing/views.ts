/**
 * Views of a picture for evaluation: its middle and its corners, each also from behind.
 *
 * Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Pair, PictureSize, PixelBox, Sampling } from "./sampling.ts";

/** What is looked at. */
export interface View {
  /** Vertically and horizontally: -1 the beginning, 0 where evaluation looks anyway, 1 the end. */
  readonly place: readonly [-1 | 0 | 1, -1 | 0 | 1];
  /** Whether left and right change places. */
  readonly flip: boolean;
}

/** What evaluation sees anyway. */
export const plainView: View = { place: [0, 0], flip: false };

/** The middle and the four corners, and the same from behind. */
export const tenViews: readonly View[] = [false, true].flatMap((flip) =>
  ([[0, 0], [-1, -1], [-1, 1], [1, -1], [1, 1]] as const).map((place) => ({ place, flip }))
);

/** A sampling moved to the view: its crop within the picture, or, where that has no room, its window within the crop. */
export function seenFrom(
  sampling: Sampling,
  { height, width }: PictureSize,
  { place, flip }: View,
): Sampling {
  const { crop, resized, corner, size } = sampling, whole = [height, width];
  const moved = ([0, 1] as const).map((axis) => {
    const at = place[axis], room = whole[axis] - crop[2 + axis], windowRoom = resized[axis] - size[axis];
    const end = (room: number) => at < 0 ? 0 : room;
    if (at === 0) return { crop: crop[axis], corner: corner[axis] };
    if (room > 0) return { crop: end(room), corner: corner[axis] };
    return { crop: crop[axis], corner: windowRoom > 0 ? end(windowRoom) : corner[axis] };
  });
  const [vertical, horizontal] = moved;
  return {
    ...sampling,
    crop: [vertical.crop, horizontal.crop, crop[2], crop[3]] satisfies PixelBox,
    corner: [vertical.corner, horizontal.corner] satisfies Pair,
    flip: sampling.flip !== flip,
  };
}
