/**
 * Keeps what tuning found, adapter by adapter, until the kernels change.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { AdapterSummary } from "../gpu/adapter.ts";
import { kernelsVersion } from "../kernels/version.ts";

/** Where texts are kept: a page's `localStorage`, or in Deno the user's cache directory (host/choice_storage.ts). */
export interface ChoiceStorage {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void | Promise<void>;
}

/** The fastest ways by operation and shape class, as programs take them. */
export type Choices = ReadonlyMap<string, string>;

/** What one adapter has, as JSON. */
interface Entry {
  /** Version of the kernels that were measured. */
  readonly kernels: string;
  readonly choices: Readonly<Record<string, string>>;
}

/** Name of the text that holds all adapters. */
const ITEM = "wgslim-choices";

/** Tells adapters and their drivers apart. */
export function adapterName(adapter: AdapterSummary): string {
  const { vendor, architecture, device, description, driverSource } = adapter;
  return [vendor, architecture, device, description, driverSource].filter(Boolean).join(" ");
}

/** The choices stored for an adapter. None where there are none, they are damaged, or the kernels have changed since. */
export async function loadChoices(storage: ChoiceStorage, adapter: AdapterSummary): Promise<Choices> {
  const entry = readEntries(storage, await kernelsVersion()).get(adapterName(adapter));
  return new Map(Object.entries(entry?.choices ?? {}));
}

/** Replaces the choices stored for an adapter; none removes it. Those that older kernels left behind are dropped. */
export async function saveChoices(
  storage: ChoiceStorage,
  adapter: AdapterSummary,
  choices: Choices,
): Promise<void> {
  const kernels = await kernelsVersion(),
    entries = readEntries(storage, kernels),
    name = adapterName(adapter);
  if (choices.size > 0) entries.set(name, { kernels, choices: Object.fromEntries(choices) });
  else entries.delete(name);
  await storage.setItem(ITEM, JSON.stringify(Object.fromEntries(entries), null, 2) + "\n");
}

/** The entries that fit a version of the kernels. */
function readEntries(storage: ChoiceStorage, kernels: string): Map<string, Entry> {
  let found: unknown;
  try {
    found = JSON.parse(storage.getItem(ITEM) ?? "{}");
  } catch {
    return new Map(); // damaged: what was measured can be measured again
  }
  if (!isRecord(found)) return new Map();
  const entries = Object.entries(found).filter((pair): pair is [string, Entry] => isEntry(pair[1]));
  return new Map(entries.filter(([, entry]) => entry.kernels === kernels));
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && typeof value.kernels === "string" && isRecord(value.choices) &&
    Object.values(value.choices).every((way) => typeof way === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
