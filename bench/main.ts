/**
 * Times this project side by side with TensorFlow.js and jax-js on one adapter.
 *
 * Usage: deno task bench --help. Both peers come from npm when they are first asked for; bench/deno.json pins them.
 *
 * @module
 */
import { cpus } from "node:os";
import { openGpu } from "../host/drivers.ts";
import { defineFlags, runTool, UsageError } from "../tools/_flags.ts";
import { cases } from "./cases.ts";
import packages from "./deno.json" with { type: "json" };
import type { Engine } from "./engine.ts";
import { jaxJs } from "./jax.ts";
import { ours } from "./ours.ts";
import { entries, table } from "./report.ts";
import { type Row, runCase } from "./rounds.ts";
import { tfjs } from "./tfjs.ts";

const loaders: Record<string, () => Promise<Engine>> = { tfjs, jax: jaxJs };

const flags = defineFlags(
  "Times this project beside TensorFlow.js and jax-js, in alternating rounds on one adapter.",
  {
    only: { type: "string", help: "Only the rows whose name contains this, in any case" },
    rounds: {
      type: "int",
      default: 5,
      min: 1,
      help: "Rounds an engine, each of about 0.4 s; the table gives their median",
    },
    peers: { type: "list", default: Object.keys(loaders), help: "Libraries to compare with" },
    adapter: {
      type: "choice",
      choices: ["auto", "gpu", "system", "embedded"],
      help: "Adapter to compute on; without it WGSLIM_ADAPTER, else auto",
    },
    json: {
      type: "path",
      help: "File for [{name, ours_ms, peer, peer_ms, ratio}], one entry a row and peer",
    },
    write: { type: "boolean", help: "Write the table to bench/RESULTS.md" },
  },
);

/** Prints the table; 1 if nothing could be compared, or if a peer failed or computed something else than we did. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args), { only = "", rounds } = values;
  const unknown = values.peers.find((peer) => !Object.hasOwn(loaders, peer));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot use --peers=${unknown}: the known ones are ${Object.keys(loaders).join(", ")}`,
    );
  }
  const chosen = cases.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (chosen.length === 0) {
    throw new UsageError(
      `Cannot use --only=${only}: the rows are ${cases.map(({ name }) => name).join("; ")}`,
    );
  }
  const own = ours(await openGpu({ adapter: values.adapter }));
  try {
    const peers = await loadPeers(values.peers, own.adapter), engines = [own, ...peers];
    if (peers.length === 0) return 1;
    const facts = describeRun(own.adapter, rounds);
    console.log(`${facts.join("\n")}\n`);
    const rows: Row[] = [];
    for (const c of chosen) rows.push(await runCase(c, engines, rounds, console.error));
    const text = table(rows, engines.map(({ name }) => name));
    console.log(text);
    if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(entries(rows), null, 2) + "\n");
    if (values.write) await writeResults(facts, text);
    return rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
  } finally {
    own.close();
  }
}

/** The peers that can be loaded and compute on the same adapter as we do. */
async function loadPeers(names: readonly string[], adapter: string): Promise<Engine[]> {
  const peers: Engine[] = [];
  for (const name of names) {
    try {
      const peer = await loaders[name]();
      if (peer.adapter !== adapter) {
        throw new Error(`it computes on ${peer.adapter}, not on ${adapter}`);
      }
      peers.push(peer);
      console.log(`${peer.name} computes on ${peer.adapter}`);
    } catch (error) {
      console.error(`Cannot compare with ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return peers;
}

function describeRun(adapter: string, rounds: number): string[] {
  const versions = Object.values(packages.imports).map((specifier) => specifier.replace("npm:", ""));
  const [cpu] = cpus(), { os, arch } = Deno.build;
  return [
    `Adapter: ${adapter}`,
    `Machine: ${cpus().length} cores of ${cpu?.model.trim() ?? "an unknown processor"}, ${os} ${arch}`,
    `Deno: ${Deno.version.deno}`,
    `Peers: ${versions.join(", ")}`,
    `Milliseconds an iteration, over ${rounds} alternating rounds; ratio = the peer's median / ours`,
  ];
}

async function writeResults(facts: readonly string[], text: string): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const list = [`Date: ${date}`, ...facts].map((fact) => `- ${fact}`);
  const page = ["# Results", "", "Written by `deno task bench --write`.", "", ...list, "", text, ""].join(
    "\n",
  );
  await Deno.writeTextFile(new URL("RESULTS.md", import.meta.url), page);
}

if (import.meta.main) await runTool(main);
