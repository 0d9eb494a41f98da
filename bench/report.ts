/**
 * The bench's tables and JSON.
 *
 * @module
 */
import type { Peaks } from "../gpu/peaks.ts";
import { OURS, peers } from "./peers.ts";
import type { Row, Timing } from "./rounds.ts";

/** One entry of the JSON: our medians beside one peer's. */
export interface Entry {
  name: string;
  /** Median milliseconds an iteration. */
  ours_ms: number;
  peer: string;
  peer_ms: number;
  /** peer_ms / ours_ms: how many times faster ours is. */
  ratio: number;
  /** Whether the peer computes with WebGPU, as we do. */
  is_webgpu: boolean;
  /** Milliseconds from the open device and the converted net to the end of the first iteration. */
  ours_first_ms: number;
  peer_first_ms: number;
  /** Most bytes of device memory until then. */
  ours_device_bytes: number;
  peer_device_bytes: number;
  /** Growth of the process until then. */
  ours_process_bytes: number;
  peer_process_bytes: number;
}

/** Middle value; the mean of both in an even list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** One entry for each row and each peer that ran it. */
export function entries(rows: readonly Row[]): Entry[] {
  return rows.flatMap(({ name, timings: [ours, ...others] }) =>
    others.map((peer) => {
      const ours_ms = median(ours.rounds), peer_ms = median(peer.rounds);
      return {
        ...{ name, ours_ms, peer: peer.engine, peer_ms, ratio: peer_ms / ours_ms },
        is_webgpu: peers[peer.engine].isWebgpu,
        ...{ ours_first_ms: ours.firstMs, peer_first_ms: peer.firstMs },
        ...{ ours_device_bytes: ours.deviceBytes, peer_device_bytes: peer.deviceBytes },
        ...{ ours_process_bytes: ours.processBytes, peer_process_bytes: peer.processBytes },
      };
    })
  );
}

/** Our timing of a row, that of an engine, and how many times faster ours is. */
function timingOf({ timings }: Row, engine: string): { timing?: Timing; ratio: number } {
  const timing = timings.find((t) => t.engine === engine);
  return { timing, ratio: timing ? median(timing.rounds) / median(timings[0].rounds) : Infinity };
}

/** What stands for the numbers of an engine that has none: it failed, or it does not take part. */
function blank({ failures }: Row, engine: string): string {
  return failures.some((f) => f.engine === engine) ? "failed" : "";
}

/**
 * Median milliseconds an iteration of every engine, how many times faster ours is than each and than the best, and the share of
 * the adapter's multiply-adds that ours takes.
 */
export function timesTable(rows: readonly Row[], names: readonly string[], { gflops }: Peaks): string {
  const header = [
    ...["work", `${OURS} ms`, "least", "GFLOP/s", "of peak", "best ratio"],
    ...names.flatMap((name) => [`${name} ms`, "ratio"]),
  ];
  const lines = rows.map((row) => {
    const { rounds } = row.timings[0], ours = median(rounds);
    const best = Math.min(
      ...names.filter((name) => peers[name].isWebgpu).map((name) => timingOf(row, name).ratio),
    );
    return [
      ...[row.name, number(ours), number(Math.min(...rounds))],
      ...row.flop === undefined
        ? ["", ""]
        : [number(row.flop / ours / 1e6), `${(row.flop / ours / 1e4 / gflops).toFixed(0)}%`],
      best === Infinity ? "" : number(best),
      ...names.flatMap((name) => {
        const { timing, ratio } = timingOf(row, name);
        return timing ? [number(median(timing.rounds)), number(ratio)] : [blank(row, name), ""];
      }),
    ];
  });
  return markdown(header, lines);
}

/** Seconds to the end of the first iteration, device memory and growth of the process of every engine. */
export function startTable(rows: readonly Row[], names: readonly string[]): string {
  const header = ["first iteration", ...names.flatMap((name) => [`${name} s`, "device MiB", "process MiB"])];
  const lines = rows.map((row) => [
    row.name,
    ...names.flatMap((name) => {
      const { timing } = timingOf(row, name);
      if (!timing) return [blank(row, name), "", ""];
      const mebibytes = [timing.deviceBytes, timing.processBytes].map((bytes) =>
        (bytes / 2 ** 20).toFixed(0)
      );
      return [number(timing.firstMs / 1000), ...mebibytes];
    }),
  ]);
  return markdown(header, lines);
}

/** A page of sections, one an adapter, with that of `title` replaced or added. */
export function withSection(page: string, title: string, text: string): string {
  const [head, ...sections] = page.trimEnd().split(/\n+(?=## )/), ours = `## ${title}\n\n${text}`;
  const at = sections.findIndex((section) => section.startsWith(`## ${title}\n`));
  sections.splice(at < 0 ? sections.length : at, at < 0 ? 0 : 1, ours);
  return [head, ...sections].join("\n\n") + "\n";
}

/** A Markdown table, aligned so that it reads well in a terminal too. */
export function markdown(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((_, i) => Math.max(...[header, ...lines].map((line) => line[i].length)));
  const format = (line: readonly string[]) =>
    `| ${line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")} |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [format(header), format(rule), ...lines.map(format)].join("\n");
}

/** Three significant digits, no exponent. */
function number(value: number): string {
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value || 1))));
}
