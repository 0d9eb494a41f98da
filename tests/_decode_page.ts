/** What a page runs to decode pictures in workers; bundled for the browser by web_decode_test.ts. */
import { DecodePool } from "../datasets/decode_pool.ts";
import { crc32 } from "../formats/crc32.ts";

/** Of each file the CRC-32 of its pixels, or the error; and how many workers there were. */
async function decodeAll(
  files: readonly string[],
): Promise<{ results: (number | string)[]; workers: number }> {
  using pool = new DecodePool({
    workers: 2,
    startWorker: () => new Worker("/worker.js", { type: "module" }),
  });
  const results = await Promise.all(files.map(async (file) => {
    const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
    try {
      return crc32((await pool.decode(bytes, { channels: 3 })).data);
    } catch (thrown) {
      return String(thrown);
    }
  }));
  return { results, workers: pool.workers };
}

Object.assign(globalThis, { decodeAll });
