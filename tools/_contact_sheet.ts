/**
 * A page that shows what was found in a data set: one file, with everything inside.
 *
 * @module
 */

import {
  type CheckedSet,
  type Finding,
  type FindingKind,
  findingKinds,
  nameOfClass,
} from "../datasets/check/findings.ts";
import { shrink } from "../datasets/check/look.ts";
import type { PictureSource } from "../datasets/check/picture_sources.ts";
import type { PictureDecoder } from "../datasets/decode_picture.ts";
import { encodePng } from "../formats/png.ts";

/** Longer side of the pictures on the page, in pixels. */
const SIDE = 96;
/** Findings of a kind that are shown with pictures; the others are listed. */
const MOST_SHOWN = 40;
/** Findings of a kind that are listed. */
const MOST_LISTED = 1000;
/** Samples of a class, and classes that are shown. */
const SAMPLES = 6, MOST_CLASSES = 100;

/** What the page is made of. */
export interface ContactSheet extends CheckedSet {
  /** What was checked. */
  title: string;
  classNames: ReadonlyMap<number, string>;
  decode: PictureDecoder;
}

/** Writes the page, piece by piece. */
export async function* contactSheet(
  { title, findings, looks, classNames, decode }: ContactSheet,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder(), kinds = Map.groupBy(findings, ({ kind }) => kind);
  yield encoder.encode(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escape(title)}</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; } td, th { padding: .1rem .8rem .1rem 0; text-align: left; }
td.number { text-align: right; }
figure { display: inline-block; vertical-align: top; width: 13rem; margin: .4rem; font-size: 12px; overflow-wrap: anywhere; }
img { image-rendering: pixelated; background: #ccc; margin-right: 2px; }
</style>
<h1>${escape(title)}</h1>
<p>${looks.length} pictures, ${findings.length} findings</p>
<table><tr><th>kind</th><th>found</th><th>meaning</th></tr>
${
    [...kinds].map(([kind, { length }]) =>
      `<tr><td><a href="#${kind}">${kind}</a></td><td class="number">${length}</td><td>${
        findingKinds[kind]
      }</td></tr>`
    ).join("\n")
  }
</table>
`);
  for (const [kind, members] of kinds) yield encoder.encode(await section(kind, members, decode));
  yield encoder.encode("<h2>Classes</h2>\n");
  const classes = Map.groupBy(looks, ({ label }) => label);
  for (const label of [...classes.keys()].sort((a, b) => a - b).slice(0, MOST_CLASSES)) {
    const members = classes.get(label)!, splits = Map.groupBy(members, ({ source }) => source.split);
    const counts = [...splits].map(([split, { length }]) => `${split} ${length}`).sort().join(", ");
    const step = Math.max(1, Math.floor(members.length / SAMPLES));
    const samples = members.filter((_, i) => i % step === 0).slice(0, SAMPLES);
    const images = await Promise.all(samples.map(({ source }) => image(source, decode)));
    yield encoder.encode(
      `<h3>${escape(nameOfClass(classNames, label))}</h3><p>${escape(counts)}</p>${images.join("")}\n`,
    );
  }
}

async function section(
  kind: FindingKind,
  members: readonly Finding[],
  decode: PictureDecoder,
): Promise<string> {
  const figures = await Promise.all(
    members.slice(0, MOST_SHOWN).map(async ({ where, what, pictures }) => {
      const images = await Promise.all(pictures.map((source) => image(source, decode)));
      return `<figure>${images.join("")}<figcaption><b>${escape(where)}</b> ${
        escape(what)
      }</figcaption></figure>`;
    }),
  );
  const rest = members.slice(MOST_SHOWN, MOST_LISTED).map(({ where, what }) =>
    `<li>${escape(where)}: ${escape(what)}</li>`
  );
  const more = members.length > MOST_LISTED ? `<p>... and ${members.length - MOST_LISTED} more</p>` : "";
  const list = rest.length > 0 ? `<ul>${rest.join("\n")}</ul>` : "";
  return `<h2 id="${kind}">${kind}: ${findingKinds[kind]}</h2>\n${figures.join("\n")}\n${list}${more}\n`;
}

/** A small copy of a picture inside of the page; its place in words if it can no longer be read. */
async function image(source: PictureSource, decode: PictureDecoder): Promise<string> {
  try {
    const picture = await decode((await source.read()).encoded, { channels: 3 });
    const scale = Math.min(1, SIDE / Math.max(picture.height, picture.width));
    const rows = Math.max(1, Math.round(picture.height * scale)),
      columns = Math.max(1, Math.round(picture.width * scale));
    const data = encodePng(shrink(picture, rows, columns)).toBase64();
    return `<img src="data:image/png;base64,${data}" width="${columns}" height="${rows}" title="${
      escape(source.where)
    }">`;
  } catch {
    return escape(source.where);
  }
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
