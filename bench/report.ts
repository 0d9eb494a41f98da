/**
 * The bench's table and JSON.
 *
 * @module
 */
import { median } from "../gpu/stopwatch.ts";
import { flop } from "./cases.ts";
import type { Row, Timing } from "./rounds.ts";

/** One entry of the JSON: our median beside one peer's. */
export interface Entry {
  name: string;
  /** Median milliseconds an iteration. */
  ours_ms: number;
  peer: string;
  peer_ms: number;
  /** peer_ms / ours_ms: how many times faster ours is. */
  ratio: number;
}

/** One entry for each row and each peer that ran it. */
export function entries(rows: readonly Row[]): Entry[] {
  return rows.flatMap(({ case: { name }, timings: [ours, ...peers] }) =>
    peers.map(({ engine, rounds }) => {
      const ours_ms = median(ours.rounds), peer_ms = median(rounds);
      return { name, ours_ms, peer: engine, peer_ms, ratio: peer_ms / ours_ms };
    })
  );
}

/** A Markdown table, aligned so that it reads well in a terminal too; times are milliseconds an iteration. */
export function table(rows: readonly Row[], engines: readonly string[]): string {
  const [ours, ...peers] = engines;
  const header = [
    "work",
    `${ours} min`,
    "median",
    "GFLOP/s",
    ...peers.flatMap((p) => [`${p} min`, "median", "ratio"]),
  ];
  const lines = rows.map(({ case: c, timings }) => {
    const of = (engine: string) => timings.find((t) => t.engine === engine);
    const times = (timing: Timing | undefined) =>
      timing ? [number(Math.min(...timing.rounds)), number(median(timing.rounds))] : ["-", "-"];
    const own = of(ours)!, middle = median(own.rounds), operations = flop(c);
    return [
      c.name,
      ...times(own),
      operations === undefined ? "" : number(operations / middle / 1e6),
      ...peers.flatMap((peer) => {
        const timing = of(peer);
        return [...times(timing), timing ? number(median(timing.rounds) / middle) : "-"];
      }),
    ];
  });
  const widths = header.map((_, i) => Math.max(...[header, ...lines].map((line) => line[i].length)));
  const format = (line: string[]) =>
    `| ${line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")} |`;
  const rule = `| ${
    widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":").join(" | ")
  } |`;
  return [format(header), rule, ...lines.map(format)].join("\n");
}

/** Three significant digits, no exponent. */
function number(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
