/** Damaged images in training and evaluation, as users meet them. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeImageExample } from "../datasets/image_example.ts";
import { trainingOrder } from "../datasets/order.ts";
import { DataLossError } from "../formats/errors.ts";
import { encodePng } from "../formats/png.ts";
import { encodeTfRecords, indexTfRecords } from "../formats/tfrecord.ts";
import { denoFiles } from "../host/files.ts";
import { main as evaluate } from "../tools/eval.ts";
import { main as train } from "../tools/train.ts";
import { withFolder } from "./_tools.ts";

/** A record that shows its label: a grey field. */
function record(label: number, change: (png: Uint8Array) => Uint8Array = (png) => png): Uint8Array {
  const data = new Uint8Array(28 * 28).fill(25 * label);
  const encoded = change(encodePng({ data, width: 28, height: 28, channels: 1 }));
  return encodeImageExample({ encoded, format: "png", height: 28, width: 28, label });
}

const gif = () => new TextEncoder().encode("GIF89a, which nobody reads here");

/** Writes 20 records to train on, of which 3, 7 and 11 are damaged, and 5 to test on, of which 0 and 3 are. */
async function writeRecords(folder: string): Promise<void> {
  const training = Array.from(
    { length: 20 },
    (_, i) => record(i % 10, i === 3 ? (png) => png.subarray(0, 40) : i === 11 ? gif : undefined),
  );
  await denoFiles.write(`${folder}/mnist_train.tfrecord`, [...encodeTfRecords(training)]);
  await denoFiles.write(`${folder}/mnist_test.tfrecord`, [
    ...encodeTfRecords([record(0, gif), record(1), record(2), record(3, gif), record(4)]),
  ]);
  const { offset } = (await indexTfRecords(denoFiles, `${folder}/mnist_train.tfrecord`))[7];
  using file = await Deno.open(`${folder}/mnist_train.tfrecord`, { write: true });
  await file.seek(offset + 60, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(0xee)); // the data no longer fit their checksum
}

/** Runs a tool here; returns its exit code and what it said. */
async function said(main: (args: string[]) => Promise<number>, args: string[]): Promise<string> {
  const lines: string[] = [], { error, log } = console;
  console.error = console.log = (...parts: unknown[]) => lines.push(parts.join(" "));
  try {
    assertEquals(await main(args), 0);
  } catch (thrown) {
    throw Object.assign(thrown as Error, { said: lines.join("\n") });
  } finally {
    Object.assign(console, { error, log });
  }
  return lines.join("\n");
}

function flags(folder: string, runName: string, steps: number): string[] {
  return [
    "--dataset_name=mnist",
    `--dataset_dir=${folder}`,
    `--train_dir=${folder}/${runName}`,
    `--max_number_of_steps=${steps}`,
    "--train_image_size=12",
    "--batch_size=4",
    "--save_summaries_secs=0",
  ];
}

const variables = (folder: string, runName: string, step: number) =>
  Deno.readFile(`${folder}/${runName}/model.ckpt-${step}.data-00000-of-00001`);

Deno.test("training leaves damaged images out, lists them, and is the same in every run and after a resumption", () =>
  withFolder(async (folder) => {
    await writeRecords(folder);
    const text = await said(train, flags(folder, "whole", 8));
    assert(text.includes("Left out: Cannot "), text);
    assert(text.includes("3 damaged images were left out (--strict stops at the first):"), text);
    const list = (await Deno.readTextFile(`${folder}/whole/damaged_images.txt`)).trimEnd().split("\n").sort();
    assertEquals(list.length, 3);
    const path = `${folder}/mnist_train.tfrecord`;
    assert(
      list[0].startsWith(`Cannot decode record 11 of "${path}"`) && list[0].includes("it is a GIF"),
      list[0],
    );
    assert(
      list[1].startsWith(`Cannot decode record 3 of "${path}"`) &&
        list[1].includes("the file ends too early"),
      list[1],
    );
    assert(
      list[2].startsWith(`Cannot read record 7 of "${path}"`) && list[2].includes("its checksum"),
      list[2],
    );
    await said(train, [...flags(folder, "again", 8), "--cache=0"]);
    await said(train, flags(folder, "halves", 4));
    await said(train, flags(folder, "halves", 8));
    const whole = await variables(folder, "whole", 8);
    assertEquals(await variables(folder, "again", 8), whole);
    assertEquals(await variables(folder, "halves", 8), whole);
  }));

Deno.test("--strict saves and stops at the first damaged image, and the message says which", () =>
  withFolder(async (folder) => {
    await writeRecords(folder);
    const isDamaged = (record: number) => [3, 7, 11].includes(record);
    const firstDamaged = (seed: number) => {
      const order = trainingOrder(20, { batchSize: 4, seed });
      return [0, 1, 2, 3, 4].findIndex((t) => [...order.records(t)].some(isDamaged));
    };
    const seed = Array.from({ length: 50 }, (_, i) => i).find((seed) => firstDamaged(seed) === 2)!;
    const error = await assertRejects(
      () => said(train, [...flags(folder, "run", 100), "--strict", `--seed=${seed}`]),
      DataLossError,
    ) as DataLossError & { said: string };
    assert(/^Cannot (decode|read) record (3|7|11) of /.test(error.message), error.message);
    assert(error.said.includes(`Saved ${folder}/run/model.ckpt-2 before stopping`), error.said);
  }));

Deno.test("evaluation leaves damaged images out of the counts and says how many there are", () =>
  withFolder(async (folder) => {
    await writeRecords(folder);
    await said(train, [...flags(folder, "run", 2), "--eval_split_name="]);
    const args = [`--checkpoint_path=${folder}/run`, "--batch_size=2", "--dataset_split_name=test"];
    const text = await said(evaluate, args);
    assert(text.includes("2 damaged images were left out"), text);
    const line = (await Deno.readTextFile(`${folder}/run/eval/evaluations.jsonl`)).trimEnd();
    assertEquals(JSON.parse(line).images, 3, line);
    await assertRejects(
      () => said(evaluate, [...args, "--strict"]),
      DataLossError,
      "Cannot decode record 0 of ",
    );
  }));
