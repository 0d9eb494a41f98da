/**
 * Profiles as traces that chrome://tracing and Perfetto show: trace-event JSON.
 *
 * @module
 */
import { shapesText } from "../tape/origin.ts";
import type { Row } from "./_profile_report.ts";

/** One event; times are microseconds. */
interface TraceEvent {
  readonly name: string;
  /** "X" has a duration, "M" names a process or a thread. */
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/** A trace: the launches one after another, without the gaps between them. */
export function traceOf(title: string, launches: readonly Row[]): { traceEvents: TraceEvent[] } {
  const place = { pid: 1, tid: 1 };
  let end = 0;
  const events = launches.map((row): TraceEvent => {
    const ts = end;
    end += 1000 * row.ms;
    return {
      ...place,
      name: `${row.scope || "."}/${row.operation}`,
      ph: "X",
      cat: row.kernel,
      ts,
      dur: 1000 * row.ms,
      args: {
        kernel: row.kernel,
        shapes: shapesText(row),
        "GFLOP/s": row.gflops,
        "GB/s": row.gigabytes,
        "share of peak": row.share,
        bound: row.bound,
      },
    };
  });
  return { traceEvents: [{ ...place, name: "process_name", ph: "M", args: { name: title } }, ...events] };
}
