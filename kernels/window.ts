/**
 * Geometry of sliding windows, shared by convolution and pooling. Pure functions of shapes.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Cells before and after the image. */
type Ends = readonly [before: number, after: number];
/**
 * As in TF: "SAME" puts the odd row and column of padding at the end, "VALID" pads nothing; or rows above and below the image,
 * and columns left and right of it, which other frameworks' nets have.
 */
export type Padding = "SAME" | "VALID" | readonly [rows: Ends, columns: Ends];
/** A number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** Options of every windowed operation. */
export interface WindowOptions {
  /** Step of the window. @default {1} */
  readonly stride?: Pair;
  /** Distance of the window's taps (dilation). @default {1} */
  readonly rate?: Pair;
  readonly padding?: Padding;
}

/** A window sliding over [n, h, w, c]. */
export interface Window {
  readonly n: number;
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly rate: readonly [number, number];
  /** Rows above and columns left of the image. */
  readonly pad: readonly [number, number];
  readonly out: readonly [number, number];
}

/** A matrix [rows, columns] as an image of one line, under a window of one pixel. */
export function matrixWindow(rows: number, columns: number): Window {
  const one = [1, 1] as const, line = [1, rows] as const;
  return { n: 1, size: line, channels: columns, kernel: one, stride: one, rate: one, pad: [0, 0], out: line };
}

/** Both axes of a pair. */
export function pair(p: Pair): readonly [number, number] {
  return typeof p === "number" ? [p, p] : p;
}

function axis(
  size: number,
  kernel: number,
  stride: number,
  rate: number,
  padding: "SAME" | Ends,
): [out: number, pad: number] {
  const reach = (kernel - 1) * rate + 1;
  if (padding !== "SAME") {
    const [before, after] = padding;
    return [Math.max(0, Math.floor((before + size + after - reach) / stride) + 1), before];
  }
  const out = Math.ceil(size / stride);
  return [out, Math.floor(Math.max((out - 1) * stride + reach - size, 0) / 2)];
}

/** Padding of both axes. A window beside the image would see nothing, so less than its reach is padded. */
function endsOf(padding: Padding, reach: readonly [number, number]): readonly ("SAME" | Ends)[] {
  if (padding === "SAME") return ["SAME", "SAME"];
  if (padding === "VALID") return [[0, 0], [0, 0]];
  const isEnd = (size: number, axis: number) => Number.isInteger(size) && size >= 0 && size < reach[axis];
  const fits = Array.isArray(padding) && padding.length === 2 &&
    padding.every((ends, axis) => ends.length === 2 && ends.every((size: number) => isEnd(size, axis)));
  if (fits) return padding;
  throw new RangeError(
    `padding must be "SAME", "VALID", or [[top, bottom], [left, right]] with less than the window's ${
      reach.join("x")
    } each, got ${JSON.stringify(padding)}`,
  );
}

/** Geometry of a window over an image batch; throws a RangeError that says why there is none. */
export function slide(shape: readonly number[], kernel: Pair, options: WindowOptions): Window {
  if (shape.length !== 4) throw new RangeError(`the input needs 4 dimensions [n, height, width, channels]`);
  const [n, h, w, channels] = shape, [kh, kw] = pair(kernel);
  const stride = pair(options.stride ?? 1),
    rate = pair(options.rate ?? 1),
    padding = options.padding ?? "SAME";
  for (const [name, values] of Object.entries({ window: [kh, kw], stride, rate })) {
    if (values.some((v) => !Number.isInteger(v) || v < 1)) {
      throw new RangeError(`the ${name} must be whole numbers of at least 1, got ${values.join("x")}`);
    }
  }
  const [rows, columns] = endsOf(padding, [(kh - 1) * rate[0] + 1, (kw - 1) * rate[1] + 1]);
  const [oh, top] = axis(h, kh, stride[0], rate[0], rows),
    [ow, left] = axis(w, kw, stride[1], rate[1], columns);
  if (oh < 1 || ow < 1) {
    throw new RangeError(
      `a window of ${kh}x${kw} at rate ${
        rate.join("x")
      } does not fit into ${h}x${w} with ${padding} padding: ` +
        `the output would be empty; use "SAME" or a larger image`,
    );
  }
  return { n, size: [h, w], channels, kernel: [kh, kw], stride, rate, pad: [top, left], out: [oh, ow] };
}
