/**
 * Classifies pictures: files, folders, addresses or standard input, with a trained net, a frozen graph or a model of ONNX.
 *
 * Usage: deno task predict --train_dir=runs/lenet photo.jpg, or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi --allow-net tools/predict.ts --help
 * (ffi and env find the Vulkan driver, net gets pictures by their addresses; writing concerns the user's cache directory).
 *
 * @module
 */
import { decodePicture } from "../datasets/decode_picture.ts";
import { reasonOf } from "../formats/errors.ts";
import { directoryOf } from "../formats/paths.ts";
import { denoFiles } from "../host/files.ts";
import { ProgressLine } from "../host/terminal.ts";
import type { SourcePicture } from "../preprocessing/sampling.ts";
import { inheritedArgs } from "./_evaluation_flags.ts";
import { runTool, UsageError } from "./_flags.ts";
import { openDevice } from "./_model_flags.ts";
import { listPictures, type PictureInput } from "./_pictures.ts";
import { type ClassNames, type Model, modelOfCheckpoint, modelOfGraph } from "./_prediction.ts";
import { predictionFlags, type PredictionValues } from "./_prediction_flags.ts";
import { openCheckpoint } from "./_restore.ts";
import { type Score, topScores } from "../training/scores.ts";

/** What is printed of a picture. */
type Outcome = { readonly top: readonly Score[] } | { readonly error: string };

function print(name: string, outcome: Outcome, names: ClassNames, json: boolean): void {
  if (json) {
    const predictions = "error" in outcome ? undefined : outcome.top.map(({ index, score }) => ({
      index,
      label: names[index] ?? null,
      probability: score,
    }));
    console.log(JSON.stringify({ input: name, ...("error" in outcome ? outcome : { predictions }) }));
  } else if ("error" in outcome) console.error(`${name}: ${outcome.error}`);
  else {
    const nameOf = (index: number) =>
      names[index] === undefined ? `class ${index}` : `${names[index]} (${index})`;
    const lines = outcome.top.map(({ index, score }) =>
      `${`${(100 * score).toFixed(2)}%`.padStart(9)}  ${nameOf(index)}`
    );
    console.log([name, ...lines].join("\n"));
  }
}

/** Opens the model that the flags name. */
async function openModel(
  values: PredictionValues,
  args: string[],
  count: number,
  progress: ProgressLine,
): Promise<Model & { orientation: boolean; close(): void }> {
  const { graph, train_dir, checkpoint_path } = values;
  if (graph !== undefined && (train_dir ?? checkpoint_path) !== undefined) {
    throw new UsageError("Cannot use --graph with --train_dir or --checkpoint_path: give one of them");
  }
  const say = (line: string) => progress.print(line);
  const reader = graph === undefined
    ? await openCheckpoint(checkpoint_path ?? train_dir ?? `runs/${values.model_name ?? "lenet"}`)
    : undefined;
  const inherited = reader ? await inheritedArgs(train_dir ?? directoryOf(reader.prefix), args) : [];
  const all = predictionFlags.parse([...inherited, ...args]);
  const sized = { ...all, batch_size: Math.min(all.batch_size, count) },
    gpu = await openDevice(all, progress);
  try {
    const model = reader
      ? await modelOfCheckpoint(gpu, sized, reader, say)
      : await modelOfGraph(gpu, sized, graph!, say);
    progress.end(false);
    return { ...model, orientation: all.exif_orientation, close: () => gpu.close() };
  } catch (thrown) {
    gpu.close();
    throw thrown;
  }
}

/** Runs the tool; 1 if a picture could not be classified. */
export async function main(args: string[]): Promise<number> {
  const values = predictionFlags.parse(args), progress = new ProgressLine();
  const inputs = await listPictures(denoFiles, values._);
  const { predictor, channels, orientation, names, close } = await openModel(
    values,
    args,
    inputs.length,
    progress,
  );
  let failures = 0;
  const predict = async (batch: readonly PictureInput[]) => {
    const decoded: (SourcePicture | string)[] = [];
    for (const { read } of batch) {
      decoded.push(
        await read().then((bytes) => decodePicture(bytes, { channels, orientation })).catch(reasonOf),
      );
    }
    const rows = await predictor.predict(decoded.filter((picture) => typeof picture !== "string"));
    decoded.forEach((picture, i) => {
      if (typeof picture === "string") failures++;
      const outcome = typeof picture === "string"
        ? { error: picture }
        : { top: topScores(rows.shift()!, values.top) };
      print(batch[i].name, outcome, names, values.json);
    });
  };
  try {
    const { batchSize } = predictor.options;
    for (let i = 0; i < inputs.length; i += batchSize) await predict(inputs.slice(i, i + batchSize));
    return failures > 0 ? 1 : 0;
  } finally {
    close();
  }
}

if (import.meta.main) await runTool(main);
