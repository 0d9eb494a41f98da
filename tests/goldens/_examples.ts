/** Cases of topic `tfrecord`: tf.Examples as the protobuf library reads them and as TensorFlow's fast parser does. */

import {
  decodeExample,
  encodeExample,
  ExampleError,
  type Feature,
  type FeatureSpec,
  type ParsedFeature,
  parseSingleExample,
} from "../../formats/example.ts";
import type { ExampleErrorReason } from "../../formats/example_error.ts";
import { decodeTfRecords } from "../../formats/tfrecord.ts";
import { ExactChecks, fromHex, type GoldenCase, numberOf, readJson, toHex, unknownCase } from "./report.ts";

type Kind = "bytes" | "float" | "int64";

/** Cases of `examples.json` or `parse_single_example.json`, both about `examples.tfrecord`. */
export async function* exampleCases(directory: string, name: string): AsyncGenerator<GoldenCase> {
  const records = [...decodeTfRecords(await Deno.readFile(`${directory}/examples.tfrecord`))];
  const expected = await readJson(`${directory}/${name}`);
  if (name === "examples.json") {
    yield {
      name: "raw/examples/count",
      run: () => {
        const checks = new ExactChecks();
        checks.equal(records.length, expected.length, "examples");
        return checks;
      },
    };
    for (const [i, example] of expected.entries()) {
      yield { name: `raw/examples/${i}`, run: () => checkExample(records[i], example) };
    }
    return;
  }
  for (const [about, result] of Object.entries(expected)) {
    const record = records[about.startsWith("hand_encoded/") ? 1 : 0];
    const caseName = `raw/parse_single_example/${about}`;
    const wanted = wantedOf(about, result as Result, decodeExample(record));
    if (wanted === undefined) yield unknownCase(caseName, `the result ${JSON.stringify(result)}`);
    else yield { name: caseName, run: () => checkParse(record, wanted, result as Result) };
  }
}

interface FeatureAbout {
  kind: "bytes_list" | "float_list" | "int64_list" | null;
  value?: (number | string)[];
  value_hex?: string[];
}

function valuesOf({ kind, value, value_hex }: FeatureAbout): Feature {
  if (kind === null) return { kind: null };
  if (kind === "bytes_list") return { kind: "bytes", value: value_hex!.map(fromHex) };
  if (kind === "float_list") return { kind: "float", value: Float32Array.from(value!, numberOf) };
  return { kind: "int64", value: value!.map((v) => BigInt(v)) };
}

function checkExample(record: Uint8Array, expected: Record<string, FeatureAbout>): ExactChecks {
  const checks = new ExactChecks();
  const features = decodeExample(record);
  const again = decodeExample(encodeExample(features));
  for (const [way, got] of [["read", features], ["written and read again", again]] as const) {
    checks.equal([...got.keys()].sort(), Object.keys(expected).sort(), `keys ${way}`);
    for (const [key, about] of Object.entries(expected)) {
      const wanted = valuesOf(about), feature = got.get(key);
      checks.equal(feature?.kind, wanted.kind, `kind of "${key}" ${way}`);
      if (feature && "value" in feature && "value" in wanted) {
        checks.equal(feature.value, wanted.value, `"${key}" ${way}`);
      }
    }
  }
  return checks;
}

type Scalar = number | bigint | string;
type Value = Scalar | Scalar[] | { sparse_values: Scalar[]; dense_shape: number[] };
type Result = Record<string, Value> & { error?: string };

interface Wanted {
  specs: Record<string, FeatureSpec>;
  error?: { reason: ExampleErrorReason; key: string };
}

/**
 * The request behind a result, which the file does not hold: shape and kind follow from the values or the error, a default
 * from the value of a feature that the example lacks.
 */
function wantedOf(name: string, result: Result, features: Map<string, Feature>): Wanted | undefined {
  if (result.error === undefined) {
    const specs = Object.entries(result).map(([key, value]) => [key, specOf(value, features.get(key))]);
    return { specs: Object.fromEntries(specs) };
  }
  const missing = /Feature: (.*) \(data type: (\w+)\) is required/.exec(result.error);
  if (missing) return wantedError(missing[1], kindOf(missing[2]), [], "missing");
  const type = /Key: (.*?)\. {2}Data types don't match\. Data type: \w+ but expected type: (\w+)/.exec(
    result.error,
  );
  if (type) return wantedError(type[1], kindOf(type[2]), [], "type");
  const list = /Key: (.*?)\. {2}Can't parse serialized Example/.exec(result.error);
  const feature = features.get(list?.[1] ?? "");
  if (!list || !feature?.kind) return undefined;
  if (name.startsWith("hand_encoded/")) return wantedError(list[1], feature.kind, undefined, "list");
  const shape = feature.value.length === 1 ? [2] : [];
  return wantedError(list[1], feature.kind, shape, "list", name.includes("default"));
}

function wantedError(
  key: string,
  kind: Kind,
  shape: number[] | undefined,
  reason: ExampleErrorReason,
  fills = false,
): Wanted {
  const spec = shape === undefined
    ? { length: "variable", kind }
    : { length: "fixed", kind, shape, default: fills ? typed(kind, [0]) : undefined };
  return { specs: { [key]: spec as FeatureSpec }, error: { reason, key } };
}

function specOf(value: Value, feature: Feature | undefined): FeatureSpec {
  const isSparse = typeof value === "object" && !Array.isArray(value);
  const flat = isSparse ? value.sparse_values : Array.isArray(value) ? value : [value];
  const kind = feature?.kind ??
    (typeof flat[0] === "string"
      ? "bytes"
      : flat.every((v) => Number.isInteger(Number(v)))
      ? "int64"
      : "float");
  if (isSparse) return { length: "variable", kind };
  const shape = Array.isArray(value) ? [value.length] : [];
  return {
    length: "fixed",
    kind,
    shape,
    default: feature?.kind ? undefined : typed(kind, flat),
  } as FeatureSpec;
}

function typed(kind: Kind, values: Scalar[]): ParsedFeature["value"] {
  if (kind === "float") return Float32Array.from(values, numberOf);
  return kind === "int64"
    ? values.map((v) => BigInt(v))
    : values.map((v) => new TextEncoder().encode(String(v)));
}

function kindOf(dtype: string): Kind {
  return dtype === "string" ? "bytes" : dtype === "float" ? "float" : "int64";
}

function checkParse(record: Uint8Array, { specs, error }: Wanted, result: Result): ExactChecks {
  const checks = new ExactChecks();
  let parsed: Record<string, ParsedFeature>;
  try {
    parsed = parseSingleExample(record, specs);
  } catch (thrown) {
    if (!(thrown instanceof ExampleError)) throw thrown;
    checks.equal(thrown.reason, error?.reason, `reason ("${thrown.message}")`);
    checks.equal(thrown.key, error?.key, "key");
    return checks;
  }
  checks.check(error === undefined, `no error but TensorFlow says "${result.error}"`);
  for (const [key, value] of Object.entries(error ? {} : result)) {
    const isSparse = typeof value === "object" && !Array.isArray(value);
    const flat = isSparse ? value.sparse_values : Array.isArray(value) ? value : [value];
    const got = parsed[key];
    checks.equal(
      got.shape,
      isSparse ? value.dense_shape : Array.isArray(value) ? [value.length] : [],
      `shape of "${key}"`,
    );
    if (got.kind === "bytes") checks.equal(got.value.map(textOf), flat.map(String), `"${key}"`);
    else checks.equal(got.value, typed(got.kind, flat), `"${key}"`);
  }
  return checks;
}

/** Bytes as text, or as digits where they are no text. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return toHex(bytes);
  }
}
