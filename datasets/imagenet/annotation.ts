/**
 * ImageNet's annotations: an XML file for each picture that somebody drew boxes into.
 *
 * What is made of a file is what TF-Slim's `process_bounding_boxes.py` makes of it, oddities included: everything is found by
 * the name of its element alone, wherever it stands, and the first `<name>` is the label of all boxes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SaxesParser } from "npm:saxes@6.0.0";
import { reasonOf } from "../../formats/errors.ts";

/** A box as shares of the picture's width and height, each 0 to 1, the smaller ones first. */
export interface RelativeBox {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}

/** What an annotation says. */
export interface Annotation {
  /** The boxes in the file's order; some may be empty. */
  boxes: RelativeBox[];
  /** What all of them show: a synset, or a name in plain words; `undefined` if the file names nothing. */
  label?: string;
}

/** The elements that are read. */
const elements = ["xmin", "ymin", "xmax", "ymax", "width", "height", "filename", "name"] as const;
type Element = typeof elements[number];
/** No annotation is nearly as long; a file that is would fill the memory. */
const maxBytes = 2 ** 20;

/**
 * Reads an annotation.
 *
 * @param xml the file
 * @param path its name, for error messages
 * @throws {SyntaxError} if it is no well-formed XML, a coordinate is no integer, or a size or name that boxes need is wrong
 */
export function parseAnnotation(xml: Uint8Array, path: string): Annotation {
  const texts = readElements(xml, path);
  const boxes: RelativeBox[] = [];
  for (let i = 0; integer("xmin", i) !== -1; i++) { // of -1, too, the original thinks that there are no more
    const [width, height] = [integer("width", 0), integer("height", 0)];
    if (width === 0 || height === 0) {
      throw failure(`its picture has a ${width === 0 ? "width" : "height"} of 0`);
    }
    if (texts.filename.length === 0) throw failure("it has boxes and no <filename>");
    const [xmin, xmax] = range(integer("xmin", i) / width, integer("xmax", i) / width);
    const [ymin, ymax] = range(integer("ymin", i) / height, integer("ymax", i) / height);
    boxes.push({ xmin, ymin, xmax, ymax });
  }
  return { boxes, label: texts.name[0] };

  /** The number in an element, counted from 0; -1 where there are not so many. */
  function integer(element: Element, index: number): number {
    const text = texts[element][index];
    if (text === undefined) return -1;
    if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
    throw failure(`its <${element}> is "${text.slice(0, 40)}", which is no integer`);
  }

  function failure(reason: string): SyntaxError {
    return new SyntaxError(`Cannot read boxes from "${path}": ${reason}; mend or remove the file`);
  }
}

/** Two coordinates in order, cut to the picture. */
function range(a: number, b: number): [number, number] {
  return [clamp(Math.min(a, b)), clamp(Math.max(a, b))];
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/** The texts of the elements that matter, in the file's order, each up to its first child. */
function readElements(xml: Uint8Array, path: string): Record<Element, string[]> {
  const texts = Object.fromEntries(elements.map((name) => [name, [] as string[]])) as Record<
    Element,
    string[]
  >;
  const refuse = (reason: string, cause?: unknown) =>
    new SyntaxError(`Failed to parse "${path}": ${reason}; mend or remove the file`, { cause });
  if (xml.length > maxBytes) {
    throw refuse(`it has ${xml.length} bytes, and no annotation has more than ${maxBytes}`);
  }
  /** Adds text to the element that was opened last, as long as nothing was opened or closed since. */
  let append: ((text: string) => void) | undefined;
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", (definition) => {
    // An entity can stand for gigabytes of text; no annotation has any.
    if (definition.includes("<!")) throw refuse("it declares entities or the like, which annotations do not");
  });
  parser.on("opentag", ({ name }) => {
    append = undefined;
    if (!Object.hasOwn(texts, name)) return;
    const list = texts[name as Element], place = list.push("") - 1;
    append = (text) => list[place] += text;
  });
  parser.on("text", (text) => append?.(text));
  parser.on("cdata", (text) => append?.(text));
  parser.on("closetag", () => append = undefined);
  try {
    parser.write(new TextDecoder("utf-8", { fatal: true }).decode(xml)).close();
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw thrown;
    throw refuse(`it is no well-formed XML (${reasonOf(thrown)})`, thrown);
  }
  return texts;
}
