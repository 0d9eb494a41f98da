/** TF-Slim's example of fine-tuning, as users run it: Inception V3 on five classes of photos, from weights of 1001 classes. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { encodePng } from "../formats/png.ts";
import { denoFiles } from "../host/files.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { buildNet } from "../nets/net.ts";
import { inceptionV3 } from "../nets/inception_v3.ts";
import { Tape } from "../tape/tape.ts";
import { randomValues } from "./goldens/_formula.ts";
import { run, withFolder } from "./_tools.ts";

/** Side of the images: the auxiliary head needs 107. */
const SIDE = 107;
const isOwn = (name: string) => /^InceptionV3\/(Logits|AuxLogits)\//.test(name);
const isMoving = (name: string) => /\/moving_(mean|variance)$/.test(name);

/** Writes an Inception V3 of 1001 classes, each variable by a formula of its name. */
async function writeFormulaWeights(prefix: string): Promise<void> {
  const tape = new Tape(), images = tape.feed("images", [1, SIDE, SIDE, 3]);
  buildNet(tape, inceptionV3, images, { numClasses: 1001, isTraining: true });
  const tensors = Array.from(tape.variables.values(), ({ name, shape }) => {
    const count = sizeOf(shape), isVariance = name.endsWith("moving_variance");
    const scale = Math.min(0.4, Math.sqrt(6 / Math.max(1, count / (shape.at(-1) ?? 1))));
    const tensor = () => ({
      dtype: "float32" as const,
      shape: [...shape],
      data: randomValues(name, count, scale, isVariance ? 1 : 0),
    });
    return [name, tensor] as const;
  });
  await writeCheckpoint(denoFiles, prefix, new Map(tensors));
}

/** Five folders of photos, one for each class, in sizes of their own. */
async function writePhotos(folder: string): Promise<void> {
  const classes = ["daisy", "dandelion", "roses", "sunflowers", "tulips"];
  for (const [label, name] of classes.entries()) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    for (let photo = 0; photo < 4; photo++) {
      const width = 120 + 7 * photo, height = 140 - 9 * label;
      const data = Uint8Array.from(
        { length: width * height * 3 },
        (_, i) => i * (5 * photo + label + 3) % 251,
      );
      await Deno.writeFile(`${folder}/${name}/${photo}.png`, encodePng({ width, height, channels: 3, data }));
    }
  }
}

/** Trains two steps by the README's command; returns what it said, and the variables that are not as in `from`, bit for bit. */
async function fineTune(folder: string, from: string, ...args: string[]) {
  const trainDir = `${folder}/run${args.length}`, scopes = "InceptionV3/Logits,InceptionV3/AuxLogits";
  const { code, stderr } = await run("train", [
    "--model_name=inception_v3",
    `--dataset_dir=${folder}/photos`,
    `--checkpoint_path=${from}`,
    `--checkpoint_exclude_scopes=${scopes}`,
    `--trainable_scopes=${scopes}`,
    `--train_dir=${trainDir}`,
    `--train_image_size=${SIDE}`,
    "--batch_size=2",
    "--max_number_of_steps=2",
    "--save_summaries_secs=0",
    ...args,
  ]);
  assertEquals(code, 0, stderr);
  const before = await CheckpointReader.open(denoFiles, from);
  const after = await CheckpointReader.open(denoFiles, `${trainDir}/model.ckpt-2`);
  const bits = async (reader: CheckpointReader, name: string) => {
    const { data } = await reader.read(name);
    assert(data instanceof Float32Array);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).toHex();
  };
  const changed: string[] = [];
  for (const name of before.tensors.keys()) {
    assert(after.tensors.has(name), `${name} is not in the new checkpoint`);
    if (await bits(before, name) !== await bits(after, name)) changed.push(name);
  }
  return { stderr, changed, names: [...before.tensors.keys()] };
}

Deno.test("fine-tuning Inception V3 changes its heads and moving averages only; frozen batch normalization the heads only", () =>
  withFolder(async (folder) => {
    const from = `${folder}/inception_v3.ckpt`;
    await writeFormulaWeights(from);
    await writePhotos(`${folder}/photos`);

    const { stderr, changed, names } = await fineTune(folder, from);
    assertMatch(stderr, /376 of 388 variables loaded/);
    assertMatch(stderr, /12 started anew, as in --checkpoint_exclude_scopes/);
    assertMatch(
      stderr,
      /Frozen batch normalization still normalizes by the batch.*--freeze_batch_norm is better/,
    );
    assertEquals(changed.filter((name) => !isOwn(name) && !isMoving(name)), []);
    assertEquals(names.filter((name) => isOwn(name) && !isMoving(name) && !changed.includes(name)), []);
    assertEquals(names.filter((name) => isMoving(name) && !changed.includes(name)), []);

    const frozen = await fineTune(folder, from, "--freeze_batch_norm");
    assertMatch(frozen.stderr, /Frozen batch normalization uses and keeps its moving statistics/);
    assertEquals(frozen.changed.filter((name) => !isOwn(name)), []);
    assertEquals(names.filter((name) => isOwn(name) && !frozen.changed.includes(name)), []);
  }));
