/**
 * Divides a program's launches into stages: what is done once, when something is fed, in every run, and when something is fetched.
 *
 * Feeds are copied once each time they are fed, where they are read as textures or with rows in fours; fetches lose the ends of
 * their rows when they are fetched.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Launch } from "../kernels/kernel.ts";
import type { LabelledLaunch, Part, PlannedLaunch } from "./memory.ts";
import { type Fill, fillsOf, lastWritesOf, NOTHING, planPreparation } from "./preparation.ts";
import type { Value } from "./tape.ts";
import { planTextures, type TextureSlot, type TextureUse, textureUses } from "./textures.ts";

/** The launches of a program. */
export interface Stages {
  /** Those that come before the first run, and again where the parameters have changed. */
  readonly preparation: readonly PlannedLaunch[];
  /** Copies that belong to the preparation. */
  readonly fills: readonly Fill[];
  /** Those that come before the first run, and again where something was fed: feeds with rows in fours. */
  readonly intake: readonly PlannedLaunch[];
  /** Copies that belong to the intake. */
  readonly intakeFills: readonly Fill[];
  /** Those of a run. */
  readonly launches: readonly PlannedLaunch[];
  /** Those that come before something is fetched: what is fetched, without the ends of its rows. */
  readonly outtake: readonly PlannedLaunch[];
  /** Textures that launches read operands from. */
  readonly textures: readonly TextureSlot[];
}

/** What the stages depend on besides the launches. */
interface Circumstances {
  /** Values that are read after a run. */
  readonly kept: ReadonlySet<Value>;
  readonly changesParameters: boolean;
  readonly partOf: (value: Value) => Part;
  readonly bytesEach: (value: Value) => number;
}

/** The stages of a program of those launches. */
export function divide(
  lowered: readonly LabelledLaunch[],
  { kept, changesParameters, partOf, bytesEach }: Circumstances,
): Stages {
  const launches = lowered.map(({ launch }) => launch), uses = textureUses(launches, partOf, bytesEach);
  const packing = feedPacking(launches, partOf), fed = feedTextures(launches, uses, packing, partOf);
  const others = uses.filter(({ own }) => !fed.has(own));
  const once = changesParameters ? NOTHING : planPreparation(launches, others, kept, partOf);
  const cutting = fetchCutting(launches, kept, partOf).difference(once.launches);
  const { slots, operands } = planTextures(uses, once.textures.union(fed));
  const planned = lowered.map((l, i): PlannedLaunch => ({ ...l, textures: operands.get(i) ?? new Map() }));
  const stage = (indices: ReadonlySet<number>) => planned.filter((_, i) => indices.has(i));
  const preparation = stage(once.launches), intake = stage(packing);
  const apart = once.launches.union(packing).union(cutting);
  const fills = (stage: readonly PlannedLaunch[], textures: ReadonlySet<TextureSlot>) =>
    fillsOf(stage.map(({ launch }) => launch), uses, textures, partOf);
  return {
    preparation,
    fills: fills(preparation, once.textures),
    intake,
    intakeFills: fills(intake, fed),
    launches: planned.filter((_, i) => !apart.has(i)),
    outtake: stage(cutting),
    textures: slots,
  };
}

/** Whether a value is a feed that is fed whole and that no launch writes to, by the last writes of all. */
function isFed(value: Value, lastWrites: ReadonlyMap<Value, number>): boolean {
  return value.source?.kind === "feed" && !value.source.grows && !lastWrites.has(value);
}

/** The launches, by index, that copy feeds to have their rows in fours. */
function feedPacking(
  launches: readonly Launch<Value>[],
  partOf: (value: Value) => Part,
): Set<number> {
  const root = (value: Value) => partOf(value).root, lastWrites = lastWritesOf(launches, root);
  return new Set(
    launches.flatMap(({ fours }, i) => fours && isFed(root(fours.narrow), lastWrites) ? [i] : []),
  );
}

/** The launches, by index, that alone read what they copy to fetches without the ends of rows. */
function fetchCutting(
  launches: readonly Launch<Value>[],
  fetched: Iterable<Value>,
  partOf: (value: Value) => Part,
): Set<number> {
  const root = (value: Value) => partOf(value).root, results = new Set([...fetched].map(root));
  const read = new Set(
    launches.flatMap(({ buffers, writes }) => buffers.filter((_, b) => !writes.includes(b)).map(root)),
  );
  return new Set(launches.flatMap(({ fours, buffers, writes }, i) => {
    const written = writes.map((b) => root(buffers[b]));
    return fours && written.every((value) => results.has(value) && !read.has(value)) ? [i] : [];
  }));
}

/** The textures of feeds, and of those that launches of the intake have copied. */
function feedTextures(
  launches: readonly Launch<Value>[],
  uses: readonly TextureUse<Value>[],
  packing: ReadonlySet<number>,
  partOf: (value: Value) => Part,
): Set<TextureSlot> {
  const root = (value: Value) => partOf(value).root, lastWrites = lastWritesOf(launches, root);
  const packed = new Set([...packing].map((i) => root(launches[i].fours!.wide)));
  const own = uses.filter(({ value }) => packed.has(root(value)) || isFed(root(value), lastWrites));
  return new Set(own.map(({ own }) => own));
}
