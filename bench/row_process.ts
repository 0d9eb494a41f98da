/**
 * Runs a row in a process of its own, again without a library that took the process down.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { OURS } from "./peers.ts";
import type { Message, RowRequest } from "./row.ts";
import type { Failure, Row } from "./rounds.ts";

/** A library that says nothing for so long is given up. */
const PATIENCE_MS = 15 * 60_000;

/** What came of a process: a row, or the library whose turn it was at its end. */
type Outcome = { readonly row: Row } | { readonly failure: Failure };

/** Times a row. @throws {Error} where our own turn failed */
export async function runRow(request: RowRequest): Promise<Row> {
  const failures: Failure[] = [];
  for (;;) {
    const isLeft = (peer: string) => failures.every(({ engine }) => engine !== peer);
    const outcome = await runProcess({ ...request, peers: request.peers.filter(isLeft) });
    if ("row" in outcome) return { ...outcome.row, failures: [...failures, ...outcome.row.failures] };
    const { engine, reason } = outcome.failure;
    if (engine === OURS) throw new Error(`Cannot time ${request.name}: ${reason}`);
    console.error(`${request.name}: ${engine} is left out: ${reason}`);
    failures.push(outcome.failure);
  }
}

async function runProcess(request: RowRequest): Promise<Outcome> {
  const cache = await Deno.makeTempDir(); // empty, else first iterations would be faster the second time
  try {
    return await runWith(cache, request);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** Runs the process with a directory for compiled shaders. */
async function runWith(cache: string, request: RowRequest): Promise<Outcome> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--frozen", `--config=${fileURLToPath(new URL("deno.json", import.meta.url))}`],
      ...["ffi", "env", "read", "write", "sys"].map((permission) => `--allow-${permission}`),
      ...[new URL("row.ts", import.meta.url).href, JSON.stringify(request)],
    ],
    env: { MESA_SHADER_CACHE_DIR: cache },
    stdout: "piped",
  }).spawn();
  let engine = OURS, row: Row | undefined, reason = "it ended the process";
  const giveUp = () => {
    reason = `it said nothing for ${PATIENCE_MS / 60_000} minutes`;
    process.kill("SIGKILL");
  };
  let alarm = setTimeout(giveUp, PATIENCE_MS);
  for await (const line of linesOf(process.stdout)) {
    const message = parse(line);
    if (!message) console.error(line); // a library's own
    else if ("row" in message) row = message.row;
    else engine = message.turn;
    clearTimeout(alarm);
    alarm = setTimeout(giveUp, PATIENCE_MS);
  }
  clearTimeout(alarm);
  const { code, signal } = await process.status;
  return row ? { row } : { failure: { engine, reason: `${reason} (${signal ?? `exit code ${code}`})` } };
}

/** The message of a line; undefined where it is none. */
function parse(line: string): Message | undefined {
  return /^\{"(turn|row)":/.test(line) ? JSON.parse(line) : undefined;
}

async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
