/**
 * How a profile is told: rates, shares of the adapter's peaks, totals by kernel; as tables.
 *
 * @module
 */
import type { Peaks } from "../gpu/peaks.ts";
import { shapesText } from "../tape/origin.ts";
import type { LaunchProfile, Profile } from "../tape/profile.ts";
import { formatTable } from "./_table.ts";

/** Time and cost of one launch or of many. */
export interface Measured {
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
  /** What the adapter needs at least, at its peaks; for many launches the sum. */
  readonly leastMs: number;
  readonly gflops: number;
  readonly gigabytes: number;
  /** Share of the adapter's peak: `leastMs` of `ms`. */
  readonly share: number;
}

/** A launch, its place in the order from 1 on, and which peak bounds it. */
export type Row = LaunchProfile & Measured & {
  readonly number: number;
  readonly bound: "compute" | "memory";
};

/** All launches of a kernel. */
export interface KernelTotal extends Measured {
  readonly kernel: string;
  readonly launches: number;
}

/** A profile in figures. */
export interface Report {
  readonly launches: readonly Row[];
  /** The slowest first. */
  readonly kernels: readonly KernelTotal[];
  readonly total: Measured;
}

/** Computes the figures. */
export function reportOf(profile: Profile, peaks: Peaks): Report {
  const launches = profile.launches.map((launch, i): Row => {
    const compute = launch.flops / peaks.gflops / 1e6, memory = launch.bytes / peaks.gigabytes / 1e6;
    const bound = compute > memory ? "compute" : "memory";
    return { number: i + 1, ...launch, ...rates(launch, Math.max(compute, memory)), bound };
  });
  const kernels = [...Map.groupBy(launches, ({ kernel }) => kernel)].map(([kernel, rows]) => {
    return { kernel, launches: rows.length, ...sum(rows) };
  });
  return { launches, kernels: kernels.sort((a, b) => b.ms - a.ms), total: sum(launches) };
}

function rates({ ms, flops, bytes }: Pick<Measured, "ms" | "flops" | "bytes">, leastMs: number): Measured {
  const per = (amount: number) => ms > 0 ? amount / ms : 0; // a coarse clock may see nothing of a short launch
  return {
    ms,
    flops,
    bytes,
    leastMs,
    gflops: per(flops / 1e6),
    gigabytes: per(bytes / 1e6),
    share: per(leastMs),
  };
}

function sum(rows: readonly Measured[]): Measured {
  const of = (field: "ms" | "flops" | "bytes" | "leastMs") => rows.reduce((all, row) => all + row[field], 0);
  return rates({ ms: of("ms"), flops: of("flops"), bytes: of("bytes") }, of("leastMs"));
}

/** All launches in order, or the `top` slowest of them, the slowest first. */
export function listed(launches: readonly Row[], top?: number): readonly Row[] {
  return top === undefined ? launches : launches.toSorted((a, b) => b.ms - a.ms).slice(0, top);
}

/** The peaks in a line. */
export function formatPeaks({ gflops, gigabytes }: Peaks): string {
  return `peaks of the adapter: ${gflops.toFixed(1)} GFLOP/s in registers, ` +
    `${gigabytes.toFixed(1)} GB/s read and written by copies`;
}

/** The launches, totals by kernel, and the whole. */
export function formatReport(report: Report, { method, rounds, runMs }: Profile, top?: number): string {
  const { total, launches, kernels } = report;
  const columns = (row: Measured) => ({
    ms: row.ms.toFixed(3),
    time: percent(row.ms / total.ms),
    "GFLOP/s": row.flops > 0 ? row.gflops.toFixed(1) : "-",
    "GB/s": row.gigabytes.toFixed(1),
    "of peak": percent(row.share),
  });
  return [
    formatTable(
      listed(launches, top).map((row) => ({
        launch: row.number,
        scope: row.scope || ".",
        operation: row.operation,
        kernel: row.kernel,
        shapes: shapesText(row),
        ...columns(row),
        bound: row.bound,
      })),
    ),
    formatTable([
      ...kernels.map((row) => ({ kernel: row.kernel, launches: row.launches, ...columns(row) })),
      { kernel: "all", launches: launches.length, ...columns(total) },
    ]),
    `${total.ms.toFixed(2)} ms launch by launch (${method}, median of ${rounds} rounds), ` +
    `${runMs.toFixed(2)} ms as one step; ${total.leastMs.toFixed(2)} ms at the adapter's peaks.\n` +
    "Bytes are those of the buffers that a launch binds, each once; of peak is the larger of both rates' shares.",
  ].join("\n\n");
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : "-";
}
