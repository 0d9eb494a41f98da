/** Cases of the tables of convolutions, dense and depthwise. */
import type { Conv2dOptions } from "../tape/ops/conv2d.ts";
import type { Value } from "../tape/tape.ts";
import { backward, type KernelCase, sums } from "./_kernels.ts";
import { abs, random } from "./reference/tensor.ts";
import { type Convolution, outShape, type Windows } from "./reference/window.ts";

/** What an operation records. */
type Operation = (x: Value, w: Value, options: Conv2dOptions) => Value;

/** Units of rounding that Winograd's way may take of the sum of magnitudes, and all others. */
const UNITS = { winograd: 32, direct: 8 };

/** Output, input gradient and weight gradient of an operation on x [n, h, w, c] and w [kh, kw, ...] equal the definition's. */
export function convolutionCase(
  name: string,
  operation: Operation,
  definition: Convolution,
  xShape: readonly number[],
  channels: readonly [number, number],
  windows: Windows,
): KernelCase {
  const { kernel, ...options } = windows, wShape = [...kernel, ...channels];
  const x = random("x", xShape), w = random("w", wShape);
  const dy = random("dy", outShape(xShape, windows, definition.outputs(wShape)));
  const { forward, inputGradient, weightGradient } = definition;
  const isFiltered = kernel.join() === "3,3" && !options.stride && !options.rate;
  const units = isFiltered ? UNITS.winograd : UNITS.direct;
  return {
    name,
    feeds: { x, w, dy },
    record: ({ x, w, dy }) => {
      const y = operation(x, w, options), [dx, dw] = backward(y, dy);
      return { y, dx: dx!, dw: dw! };
    },
    expect: {
      y: sums(forward(x, w, windows), forward(abs(x), abs(w), windows), units),
      dx: sums(inputGradient(xShape, w, dy, windows), inputGradient(xShape, abs(w), abs(dy), windows), units),
      dw: sums(
        weightGradient(x, wShape, dy, windows),
        weightGradient(abs(x), wShape, abs(dy), windows),
        units,
      ),
    },
  };
}
