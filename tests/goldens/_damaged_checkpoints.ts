/** Cases of topic `checkpoints`: damaged copies, and restoring under a wrong name, shape or type. */

import { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import type { Dtype } from "../../formats/checkpoint/tensor.ts";
import { DataLossError, NotFoundError, reasonOf } from "../../formats/errors.ts";
import { denoFiles } from "../../host/files.ts";
import { checkTensor, type TensorAbout } from "./_tensors.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, unknownCase } from "./report.ts";

/** What TensorFlow said on reading each tensor, and on restoring some of them by its op. */
type Sayings = Record<string, string>;

/** Phrases of TensorFlow's errors and what our messages must say for them. */
const phrases: [RegExp, string][] = [
  [/block checksum mismatch/, "block checksum mismatch"],
  [/Checksum does not match/, "checksum does not match"],
  [/Read less bytes than requested/, "truncated"],
  [/bad magic number/, "bad magic number"],
  [/No such file|Failed to find any matching files/, "there is no"],
];

const opName = "RestoreV2 op";

/** Cases of `corrupt/errors.json` and the folders beside it. */
export async function* damageCases(directory: string): AsyncGenerator<GoldenCase> {
  const errors: Record<string, string | { what_tf_says: Sayings }> = await readJson(
    `${directory}/corrupt/errors.json`,
  );
  const folders = new Set((await listDirectory(`${directory}/corrupt`)).filter((name) => name.endsWith("/")));
  const intactPath = `${directory}/small_v2/contents.json`;
  const contents: Record<string, TensorAbout> = await denoFiles.size(intactPath) === undefined
    ? {}
    : await readJson(intactPath);
  for (const [name, about] of Object.entries(errors)) {
    if (typeof about === "string") {
      yield { name: `corrupt/${name}`, run: () => checkRestoring(directory, name, errors) };
    } else if (!folders.delete(name + "/")) {
      yield unknownCase(`corrupt/${name}`, "the folder, which is missing,");
    } else {
      yield {
        name: `corrupt/${name}`,
        run: () => checkDamage(`${directory}/corrupt/${name}`, about.what_tf_says, contents),
      };
    }
  }
  for (const folder of folders) yield unknownCase(`corrupt/${folder}`, "the folder");
}

async function checkDamage(
  directory: string,
  sayings: Sayings,
  contents: Record<string, TensorAbout>,
): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const prefix = await prefixIn(directory);
  const thrown: unknown[] = [];
  for (const [name, saying] of Object.entries(sayings)) {
    if (name === opName) continue;
    const ok = /^ok, shape \[(.*)\]$/.exec(saying);
    try {
      const tensor = await (await CheckpointReader.open(denoFiles, prefix)).read(name);
      checks.check(ok !== null, `${name} can be read, but TensorFlow says "${saying}"`);
      if (ok) checks.equal(tensor.shape.join(", "), ok[1], `shape of ${name}`);
      if (ok && contents[name]) checkTensor(checks, tensor, contents[name], name);
    } catch (error) {
      thrown.push(error);
      checks.check(ok === null, `${name} cannot be read: ${reasonOf(error)}`);
      const Wanted = /No such file|NotFoundError/.test(saying) ? NotFoundError : DataLossError;
      checks.check(error instanceof Wanted, `${name}: ${error} is no ${Wanted.name}`);
      for (const [phrase, ours] of phrases.filter(([phrase]) => phrase.test(saying))) {
        checks.check(
          reasonOf(error).includes(ours),
          `${name}: "${reasonOf(error)}" does not say "${ours}" (${phrase.source})`,
        );
      }
    }
  }
  const op = sayings[opName] ?? "ok"; // the op restores only some of the tensors
  const OpError = /^NotFoundError/.test(op) ? NotFoundError : DataLossError;
  if (op !== "ok") {
    checks.check(
      thrown.some((error) => error instanceof OpError),
      `no ${OpError.name}, but the op says "${op}"`,
    );
  }
  return checks;
}

async function prefixIn(directory: string): Promise<string> {
  for (const name of await listDirectory(directory)) {
    const match = /^(.*)\.(index|data-\d{5}-of-\d{5})$/.exec(name);
    if (match) return `${directory}/${match[1]}`;
  }
  throw new Error(`there is no checkpoint in ${directory}`);
}

/** Names of data types in TensorFlow's messages. */
const dtypeOfWord: Record<string, Dtype> = { float: "float32", double: "float64", half: "float16" };

async function checkRestoring(
  directory: string,
  name: string,
  errors: Record<string, string | { what_tf_says: Sayings }>,
): Promise<ExactChecks> {
  const checks = new ExactChecks();
  const reader = await intactReader(directory, errors);
  const said = String(errors[name]);
  const shapes = /lhs shape= \[([\d,]*)\] rhs shape= \[([\d,]*)\]/.exec(String(errors.restore_wrong_shape));
  const shapeOf = (text: string) => text === "" ? [] : text.split(",").map(Number);
  const byShape = shapes && [...reader.tensors].find(([, { shape }]) => String(shape) === shapes[2]);
  const dtypes = /tensor_name = (\S+); expected dtype (\w+) does not equal original dtype (\w+)/.exec(said);
  const missing = /Key (\S+) not found in checkpoint/.exec(said);
  if (name === "restore_missing_name" && missing) {
    await expectError(checks, NotFoundError, missing[1], () => reader.read(missing[1]));
  } else if (name === "restore_wrong_dtype" && dtypes) {
    const [, tensor, wanted, original] = dtypes;
    const info = reader.tensors.get(tensor)!;
    checks.equal(info.dtype, dtypeOfWord[original] ?? original, `type of ${tensor}`);
    const dtype = dtypeOfWord[wanted] ?? wanted as Dtype;
    await expectError(checks, TypeError, tensor, () => reader.readAs(tensor, dtype, info.shape));
  } else if (name === "restore_wrong_shape" && shapes && byShape) {
    const [tensor, { dtype }] = byShape;
    await expectError(checks, TypeError, tensor, () => reader.readAs(tensor, dtype, shapeOf(shapes[1])));
  } else if (name === "restore_reshape_true" && said === "ok" && shapes && byShape) {
    const [tensor, { dtype }] = byShape;
    const reshaped = await reader.readAs(tensor, dtype, shapeOf(shapes[1]), { reshape: true });
    checks.equal(reshaped.shape, shapeOf(shapes[1]), "shape");
    checks.equal(reshaped.data, (await reader.read(tensor)).data, "values");
  } else throw new Error(`what TensorFlow says, "${said}", is unknown to this runner`);
  return checks;
}

/** The undamaged checkpoint, or else a copy whose damage spared all tensors but the strings. */
async function intactReader(directory: string, errors: Record<string, string | { what_tf_says: Sayings }>) {
  if (await denoFiles.size(`${directory}/small_v2`) !== undefined) {
    return await CheckpointReader.open(denoFiles, await prefixIn(`${directory}/small_v2`));
  }
  for (const [name, about] of Object.entries(errors)) {
    if (typeof about === "string" || about.what_tf_says[opName] !== "ok") continue;
    return await CheckpointReader.open(denoFiles, await prefixIn(`${directory}/corrupt/${name}`));
  }
  throw new Error("there is no undamaged checkpoint to restore from");
}

async function expectError(
  checks: ExactChecks,
  // deno-lint-ignore no-explicit-any
  Wanted: abstract new (...args: any[]) => Error,
  tensor: string,
  read: () => Promise<unknown>,
): Promise<void> {
  try {
    await read();
    checks.check(false, "nothing was thrown");
  } catch (error) {
    checks.check(error instanceof Wanted, `${error} is no ${Wanted.name}`);
    checks.check(reasonOf(error).includes(`"${tensor}"`), `"${reasonOf(error)}" does not name "${tensor}"`);
  }
}
