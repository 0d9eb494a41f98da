/**
 * What a program does once instead of in every run: launches that depend on nothing but parameters and constants, such as the
 * transformation of weights, and copies of such operands into textures. What it gains is memory kept from run to run, so there
 * is a bound for it.
 *
 * Feeds that are read as textures are copied there once each time they are fed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Launch } from "../kernels/kernel.ts";
import type { Part } from "./memory.ts";
import type { Value } from "./tape.ts";
import { bytesOfTextures, sharedTextures, type TextureSlot, type TextureUse } from "./textures.ts";

/** What a program does once. */
export interface Preparation {
  /** Launches, by index. */
  readonly launches: ReadonlySet<number>;
  /** Textures that hold one operand for good. */
  readonly textures: ReadonlySet<TextureSlot>;
}

/** No preparation. */
export const NOTHING: Preparation = { launches: new Set(), textures: new Set() };

/** A copy of a value into the texture that keeps it. */
export interface Fill {
  readonly value: Value;
  readonly slot: TextureSlot;
  /** Index of the preparing launch that it follows; -1: it precedes all. */
  readonly after: number;
}

/** Most bytes by which a program may grow, as a share of the parameters and constants that it reads. */
export const KEPT_SHARE = 0.65;

/** Something to keep: what need not run again then, and what it takes. */
interface Candidate {
  readonly launches: readonly number[];
  readonly textures: readonly TextureSlot[];
  /** Bytes of buffers. */
  readonly bytes: number;
}

/**
 * Chooses what to keep: results of launches first, those of the most work a byte before others; then parameters and constants
 * in textures, the largest first.
 *
 * @param needed values of which the buffers are needed after a run
 */
export function planPreparation(
  launches: readonly Launch<Value>[],
  uses: readonly TextureUse<Value>[],
  needed: Iterable<Value>,
  partOf: (value: Value) => Part,
): Preparation {
  const root = (value: Value) => partOf(value).root, changing = changingValues(launches, root);
  const isConstant = launches.map(({ buffers }) => buffers.every((value) => !changing.has(root(value))));
  const groups = groupsOf(launches, isConstant, root);
  const textures = new Map<Value, Set<TextureSlot>>(), buffers = new Set<Value>([...needed].map(root));
  for (const { launch, value, own } of uses) {
    const from = root(value);
    if (isConstant[launch] || changing.has(from)) continue;
    textures.set(from, (textures.get(from) ?? new Set()).add(own));
  }
  launches.forEach(({ kernel, buffers: values, unused }, i) => {
    if (isConstant[i]) return;
    values.forEach((value, b) =>
      kernel.textures.includes(b + 1) || unused?.includes(b) || buffers.add(root(value))
    );
  });
  const sources = new Set(launches.flatMap(({ buffers }) => buffers.map(root)).filter(isGiven));
  const results = groups.map(({ launches: indices, results }) => {
    const bytes = [...results].reduce((sum, v) => sum + (buffers.has(v) ? partOf(v).size : 0), 0);
    const own = [...results].flatMap((value) => [...textures.get(value) ?? []]);
    const work = indices.reduce((sum, i) => sum + launches[i].work, 0);
    return { launches: indices, textures: own, bytes, gain: work / (bytes + bytesOfTextures(own)) };
  }).sort((a, b) => b.gain - a.gain);
  const operands = [...sources].flatMap((value) => [...textures.get(value) ?? []])
    .sort((a, b) => b.rows - a.rows).map((own) => ({ launches: [], textures: [own], bytes: 0 }));
  const parameters = [...sources].reduce((sum, value) => sum + partOf(value).size, 0);
  const room = KEPT_SHARE * parameters + bytesOfTextures(sharedTextures(uses, new Set()).values());
  return choose([...results, ...operands], uses, room);
}

/** What fills textures that are kept, after these launches: each as soon as its value is there, so that its buffer serves others again. */
export function fillsOf(
  launches: readonly Launch<Value>[],
  uses: readonly TextureUse<Value>[],
  textures: ReadonlySet<TextureSlot>,
  partOf: (value: Value) => Part,
): Fill[] {
  const values = new Map(uses.map(({ own, value }) => [own, value]));
  const lastWrites = lastWritesOf(launches, (value) => partOf(value).root);
  return [...textures].map((slot) => {
    const value = values.get(slot)!;
    return { value, slot, after: lastWrites.get(partOf(value).root) ?? -1 };
  });
}

/** Takes what fits, one after another, into so many bytes for all textures and what is kept in buffers. */
function choose(
  candidates: readonly Candidate[],
  uses: readonly TextureUse<Value>[],
  room: number,
): Preparation {
  const launches = new Set<number>(), textures = new Set<TextureSlot>();
  let taken = 0;
  for (const candidate of candidates) {
    for (const texture of candidate.textures) textures.add(texture);
    const own = taken + candidate.bytes + bytesOfTextures(candidate.textures);
    if (own + bytesOfTextures(sharedTextures(uses, textures).values()) <= room) {
      taken = own;
      for (const launch of candidate.launches) launches.add(launch);
    } else for (const texture of candidate.textures) textures.delete(texture);
  }
  return { launches, textures };
}

/** Whether a value is there before any launch, and stays unless one writes to it. */
export function isGiven({ source }: Value): boolean {
  return source?.kind === "variable" || source?.kind === "constant";
}

/** Index of the last launch that writes to each value. */
export function lastWritesOf(
  launches: readonly Launch<Value>[],
  root: (value: Value) => Value,
): Map<Value, number> {
  return new Map(
    launches.flatMap(({ buffers, writes }, i) => writes.map((b) => [root(buffers[b]), i] as const)),
  );
}

/**
 * Values that may be others in each run: feeds, states, what is computed from them, and what is read before it is written for
 * the last time, as nothing may change its place among the launches.
 */
function changingValues(launches: readonly Launch<Value>[], root: (value: Value) => Value): Set<Value> {
  const lastWrites = lastWritesOf(launches, root), changing = new Set<Value>();
  launches.forEach(({ buffers, writes }, i) =>
    buffers.map(root).forEach((value, b) => {
      const last = lastWrites.get(value),
        isFixed = value.source ? isGiven(value) && last === undefined : last !== undefined;
      if (!isFixed || (!writes.includes(b) && i < last!)) changing.add(value);
    })
  );
  for (let known = -1; known < changing.size;) {
    known = changing.size;
    for (const { buffers, writes } of launches) {
      const touched = buffers.map(root);
      if (touched.some((value) => changing.has(value))) writes.forEach((b) => changing.add(touched[b]));
    }
  }
  return changing;
}

/** Constant launches that have a value in common are done together, or not. */
function groupsOf(
  launches: readonly Launch<Value>[],
  isConstant: readonly boolean[],
  root: (value: Value) => Value,
): { launches: number[]; results: Set<Value> }[] {
  const groups = new Set<{ launches: number[]; results: Set<Value> }>();
  launches.forEach(({ buffers }, i) => {
    if (!isConstant[i]) return;
    const group = { launches: [i], results: new Set(buffers.map(root).filter((value) => !value.source)) };
    for (const other of groups) {
      if (other.results.isDisjointFrom(group.results)) continue;
      group.launches.unshift(...other.launches);
      group.results = group.results.union(other.results);
      groups.delete(other);
    }
    groups.add(group);
  });
  return [...groups];
}
