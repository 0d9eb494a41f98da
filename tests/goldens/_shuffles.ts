/** Cases of topic `tfrecord`: what Python's generator draws, and how it shuffles. */

import { PythonRandom } from "../../random/python_random.ts";
import { ExactChecks, type GoldenCase, readJson, toHex } from "./report.ts";

/** One case a seed. */
export async function* shuffleCases(path: string): AsyncGenerator<GoldenCase> {
  const { cases } = await readJson(path);
  for (const [seed, expected] of Object.entries(cases) as [string, Record<string, unknown>][]) {
    yield { name: `python_random_shuffle/seed ${seed}`, run: () => checkSeed(Number(seed), expected) };
  }
}

async function checkSeed(seed: number, expected: Record<string, unknown>): Promise<ExactChecks> {
  const checks = new ExactChecks();
  for (const [key, value] of Object.entries(expected)) {
    const random = new PythonRandom(seed);
    const [, draws, count] = key.match(/^(getrandbits32|random)_first(\d+)$/) ?? [];
    const [, length, first, last] = key.match(/^shuffle_range_(\d+)(?:_first(\d+)_last(\d+)_sha256)?$/) ?? [];
    if (draws !== undefined) {
      const draw = () => draws === "random" ? random.random() : random.randomBits(32);
      checks.equal(Array.from({ length: Number(count) }, draw), value, key);
    } else if (length !== undefined) {
      const list = Array.from({ length: Number(length) }, (_, i) => i);
      random.shuffle(list);
      const ends = [
        list.slice(0, Number(first)),
        list.slice(list.length - Number(last)),
        await sha256(list.join(",")),
      ];
      checks.equal(first === undefined ? list : ends, value, key);
    } else checks.check(false, `${key} is unknown to this runner`);
  }
  return checks;
}

async function sha256(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
