/**
 * Times this project side by side with other libraries on one adapter.
 *
 * Usage: deno task bench --help. The libraries come from npm when they are first asked for; bench/deno.json pins them.
 *
 * @module
 */
import { cpus } from "node:os";
import { measurePeaks, type Peaks } from "../gpu/peaks.ts";
import { openGpu } from "../host/drivers.ts";
import { defineFlags, runTool, UsageError } from "../tools/_flags.ts";
import { cases, isNet } from "./cases.ts";
import packages from "./deno.json" with { type: "json" };
import { OURS, peers } from "./peers.ts";
import { entries, startTable, timesTable, withSection } from "./report.ts";
import { runRow } from "./row_process.ts";
import type { Row } from "./rounds.ts";

const flags = defineFlags(
  "Times this project beside other libraries, in alternating rounds on one adapter; each row in its own process.",
  {
    only: { type: "string", help: "Only the rows whose name contains this, in any case" },
    rounds: {
      type: "int",
      default: 5,
      min: 1,
      help: "Rounds an engine, each of about 0.4 s; the table gives their median",
    },
    peers: { type: "list", default: Object.keys(peers), help: "Libraries to compare with" },
    adapter: {
      type: "choice",
      choices: ["auto", "gpu", "system", "embedded"],
      help: "Adapter to compute on; without it WGSLIM_ADAPTER, else auto",
    },
    json: {
      type: "path",
      help: "File for [{name, ours_ms, peer, peer_ms, ratio, ...}], one entry a row and peer",
    },
    write: { type: "boolean", help: "Write the tables to the adapter's section of bench/RESULTS.md" },
  },
);

/** Prints the tables; 1 if a row could not be timed, or a peer failed or computed something else than we did. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args), { only = "", rounds, adapter } = values;
  const unknown = values.peers.find((peer) => !Object.hasOwn(peers, peer));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot use --peers=${unknown}: the known ones are ${Object.keys(peers).join(", ")}`,
    );
  }
  const chosen = cases.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (chosen.length === 0) {
    throw new UsageError(
      `Cannot use --only=${only}: the rows are ${cases.map(({ name }) => name).join("; ")}`,
    );
  }
  const peaks = await peaksOf(adapter);
  const rows: Row[] = [], nets: Row[] = [], untimed: string[] = [];
  for (const c of chosen) {
    const takingPart = values.peers.filter((peer) => peers[peer].takes(c));
    try {
      const row = await runRow({ name: c.name, rounds, peers: takingPart, adapter });
      rows.push(row);
      if (isNet(c)) nets.push(row);
    } catch (error) { // the other rows are worth keeping
      untimed.push(error instanceof Error ? error.message : String(error));
      console.error(untimed.at(-1));
    }
  }
  if (rows.length === 0) return 1;
  const names = values.peers.filter((peer) => chosen.some((c) => peers[peer].takes(c)));
  const text = [
    timesTable(rows, names, peaks),
    ...nets.length > 0 ? [startTable(nets, [OURS, ...names])] : [],
    ...rows.flatMap(({ name, failures }) =>
      failures.map(({ engine, reason }) => `${engine} failed on ${name}: ${reason}`)
    ),
    ...untimed,
  ].join("\n\n");
  const [{ adapter: description }] = rows, facts = describeRun(peaks, rounds);
  console.log(`Adapter: ${description}\n${facts.join("\n")}\n\n${text}`);
  if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(entries(rows), null, 2) + "\n");
  if (values.write) await writeResults(description, facts, text);
  return untimed.length > 0 || rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** What the adapter can do at most. */
async function peaksOf(adapter?: string): Promise<Peaks> {
  const gpu = await openGpu({ adapter });
  try {
    return await measurePeaks(gpu);
  } finally {
    gpu.close();
  }
}

function describeRun({ gflops, gigabytes }: Peaks, rounds: number): string[] {
  const versions = Object.values(packages.imports).map((specifier) => specifier.replace("npm:", ""));
  const [cpu] = cpus(), { os, arch } = Deno.build;
  return [
    `Machine: ${cpus().length} cores of ${cpu?.model.trim() ?? "an unknown processor"}, ${os} ${arch}`,
    `Deno: ${Deno.version.deno}`,
    `Peaks: ${gflops.toFixed(0)} GFLOP/s of multiply-adds, ${
      gigabytes.toFixed(0)
    } GB/s of copies, measured before the rows`,
    `Peers: ${versions.join(", ")}; tfjs-wasm computes on one core without WebGPU`,
    `Median milliseconds an iteration, over ${rounds} alternating rounds; ratio = the peer's / ours, best ratio = that of the fastest peer with WebGPU`,
    "First iteration: from the open device and the converted net, shaders not cached; memory: device buffers, and growth of the process with the library",
  ];
}

async function writeResults(adapter: string, facts: readonly string[], text: string): Promise<void> {
  const file = new URL("RESULTS.md", import.meta.url), date = new Date().toISOString().slice(0, 10);
  const list = [`Date: ${date}`, ...facts].map((fact) => `- ${fact}`).join("\n");
  await Deno.writeTextFile(file, withSection(await Deno.readTextFile(file), adapter, `${list}\n\n${text}`));
}

if (import.meta.main) await runTool(main);
