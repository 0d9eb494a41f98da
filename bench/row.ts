/**
 * Times one row in this process: a process of its own for each row, so that no row finds what another one left behind, and
 * a library that takes the process down takes no other row with it.
 *
 * main.ts runs it and reads what it prints: one JSON message a line.
 *
 * @module
 */
import { cases } from "./cases.ts";
import { watchDeviceMemory } from "./device_memory.ts";
import { ours } from "./ours.ts";
import { OURS, peers } from "./peers.ts";
import { type Row, runCase } from "./rounds.ts";

/** What main.ts asks for: the only argument, as JSON. */
export interface RowRequest {
  /** Of the case. */
  readonly name: string;
  readonly rounds: number;
  /** Names of the libraries to compare with. */
  readonly peers: readonly string[];
  /** Kind of adapter. */
  readonly adapter?: string;
}

/** What a line says: whose turn it is, or what came of the row. */
export type Message = { readonly turn: string } | { readonly row: Row };

async function main(request: RowRequest): Promise<void> {
  const c = cases.find(({ name }) => name === request.name)!;
  const print = (message: Message) => console.log(JSON.stringify(message));
  const loaders = new Map([[OURS, () => ours(request.adapter)]]);
  for (const name of request.peers) loaders.set(name, peers[name].load);
  const row = await runCase(c, loaders, {
    rounds: request.rounds,
    memory: watchDeviceMemory(GPUDevice.prototype),
    turn: (turn) => print({ turn }),
    tell: console.error,
  });
  print({ row });
}

if (import.meta.main) {
  await main(JSON.parse(Deno.args[0]));
  Deno.exit(0); // whatever the libraries still have running
}
