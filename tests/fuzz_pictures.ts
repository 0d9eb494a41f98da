/**
 * Decodes damaged copies of pictures, many of them: each must give a picture or a clear error, soon, in bounded memory.
 *
 * Usage: deno run --allow-read tests/fuzz_pictures.ts --help. The tests do the same with a few hundred.
 *
 * @module
 */
import { decodePicture } from "../datasets/decode_picture.ts";
import { DataLossError } from "../formats/errors.ts";
import { mutate, numbers, withChecksums } from "./_mutations.ts";
import { defineFlags, runTool } from "../tools/_flags.ts";

const flags = defineFlags("Decodes damaged copies of pictures.", {
  directory: {
    type: "path",
    default: new URL("fixtures/jpeg", import.meta.url).pathname,
    help: "Pictures to damage: its files *.jpg and *.png",
  },
  mutations: { type: "int", default: 100_000, min: 1, help: "Copies of each kind" },
  seed: { type: "int", default: 1, help: "Other seeds give other copies" },
});

/** A decoder that takes longer for one of these small files hangs. */
const MOST_MS = 1000;
/** A process that grows by more holds on to something. */
const MOST_BYTES = 256 * 2 ** 20;

/** Kinds of errors to list. */
const MOST_LINES = 20;

const clear = [DataLossError, SyntaxError, RangeError, TypeError];

/** Runs both kinds; 1 if a copy gave something else than a picture or a clear error. */
export async function main(args: string[]): Promise<number> {
  const { directory, mutations, seed } = flags.parse(args);
  let failures = 0;
  for (const kind of ["jpg", "png"]) {
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    const files = await Promise.all(
      names.filter((name) => name.endsWith(`.${kind}`)).sort().map((name) =>
        Deno.readFile(`${directory}/${name}`)
      ),
    );
    const random = numbers(seed), start = performance.now(), before = Deno.memoryUsage().rss;
    let pictures = 0, slowest = 0;
    const errors = new Map<string, number>();
    for (let trial = 0; trial < mutations; trial++) {
      const damaged = mutate(files[trial % files.length], random);
      const bytes = kind === "png" && trial % 2 === 0 ? withChecksums(damaged) : damaged,
        begin = performance.now();
      try {
        const { data, width, height, channels } = decodePicture(bytes, { channels: trial % 3 === 0 ? 1 : 3 });
        if (data.length !== width * height * channels) throw new Error("the pixels do not fit the size");
        pictures++;
      } catch (thrown) {
        const { name, message } = thrown as Error;
        if (!clear.some((one) => thrown instanceof one) || !message.startsWith("Cannot decode")) {
          failures++;
          console.log(`FAIL ${kind} ${trial}: ${(thrown as Error).stack}`);
        }
        const what = `${name}: ${message.replace(/"[^"]*"|chunk .{4} does|\d+/g, "...")}`;
        errors.set(what, (errors.get(what) ?? 0) + 1);
      }
      const elapsed = performance.now() - begin;
      slowest = Math.max(slowest, elapsed);
      if (elapsed > MOST_MS) {
        failures++;
        console.log(`FAIL ${kind} ${trial}: took ${Math.round(elapsed)} ms`);
      }
    }
    const growth = Deno.memoryUsage().rss - before;
    if (growth > MOST_BYTES) failures++;
    console.log(
      `${kind}: ${mutations} copies in ${
        Math.round((performance.now() - start) / 1000)
      } s, ${pictures} pictures, slowest ` +
        `${Math.round(slowest)} ms, process grew by ${Math.round(growth / 2 ** 20)} MiB`,
    );
    const sorted = [...errors].sort((a, b) => b[1] - a[1]);
    for (const [what, count] of sorted.slice(0, MOST_LINES)) console.log(`  ${count} ${what}`);
    if (sorted.length > MOST_LINES) console.log(`  and ${sorted.length - MOST_LINES} others`);
  }
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) await runTool(main);
