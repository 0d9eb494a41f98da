/**
 * Test images with what the net sees in them.
 *
 * @module
 */
import type { Example } from "./protocol.ts";

/** Replaces the items of a list by the examples. */
export function showExamples(list: HTMLElement, examples: readonly Example[]): void {
  list.replaceChildren(...examples.map((example) => {
    const { label, prediction } = example, item = document.createElement("li");
    const isRight = prediction === label;
    item.className = isRight ? "right" : "wrong";
    item.append(picture(example), isRight ? `✓ ${label}` : `✗ ${prediction}, is ${label}`);
    return item;
  }));
}

function picture({ pixels, side, label }: Example): HTMLCanvasElement {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = canvas.height = side;
  canvas.role = "img";
  canvas.ariaLabel = label;
  const rgba = new Uint8ClampedArray(4 * side * side);
  pixels.forEach((value, i) => rgba.set([value, value, value, 255], 4 * i));
  context?.putImageData(new ImageData(rgba, side), 0, 0);
  return canvas;
}
