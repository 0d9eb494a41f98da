/** Records of tf.Examples as `contents.json` describes them: texts and numbers as such, pictures by length and SHA-256. */

import { decodeExample, type Feature } from "../../formats/example.ts";
import { type ExactChecks, toHex } from "./report.ts";

type Bytes = { bytes: number; sha256: string };

/** One record: its size, if that is known, and every feature by name; a single picture may stand without a list. */
export type RecordAbout = Record<string, number | Bytes | (number | string | Bytes)[]>;

/** Compares records with what is said about them; their sizes too. */
export async function checkRecords(
  checks: ExactChecks,
  records: readonly Uint8Array[],
  about: readonly RecordAbout[],
  shard = "the shard",
): Promise<void> {
  checks.equal(records.length, about.length, `records of ${shard}`);
  for (const [i, { record_bytes, ...features }] of about.entries()) {
    if (records[i] === undefined) continue;
    if (record_bytes !== undefined) {
      checks.equal(records[i].length, record_bytes, `size of record ${i} of ${shard}`);
    }
    const got = decodeExample(records[i]);
    checks.equal([...got.keys()].sort(), Object.keys(features).sort(), `features of record ${i} of ${shard}`);
    for (const [key, values] of Object.entries(features)) {
      await checkFeature(checks, got.get(key), values, `${key} of record ${i} of ${shard}`);
    }
  }
}

async function checkFeature(
  checks: ExactChecks,
  feature: Feature | undefined,
  values: RecordAbout[string],
  what: string,
) {
  if (typeof values === "object" && !Array.isArray(values)) values = [values];
  if (!feature || !("value" in feature) || typeof values === "number") {
    return checks.check(false, `${what} is missing`);
  }
  checks.equal(feature.value.length, values.length, `values of ${what}`);
  for (const [i, expected] of values.entries()) {
    const value = feature.value[i];
    if (typeof value === "number") checks.equal(value, Math.fround(Number(expected)), what);
    else if (typeof value === "bigint") checks.equal(Number(value), expected, what);
    else if (typeof expected === "string") checks.equal(new TextDecoder().decode(value), expected, what);
    else if (typeof expected === "object") {
      const digest = await crypto.subtle.digest("SHA-256", value.slice());
      checks.equal([value.length, toHex(new Uint8Array(digest))], [expected.bytes, expected.sha256], what);
    } else checks.check(false, `${what} is a string`);
  }
}
