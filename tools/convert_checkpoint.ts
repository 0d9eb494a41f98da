/**
 * Converts checkpoints: TensorFlow's V1 and V2 and SafeTensors to V2 or SafeTensors.
 *
 * Usage: deno task convert_checkpoint --checkpoint_path=runs/lenet --output_path=lenet.safetensors --only_model
 *
 * @module
 */
import { openCheckpoint, safetensorsEnd } from "../formats/checkpoint/open.ts";
import type { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { baseName, directoryOf } from "../formats/paths.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { denoFiles } from "../host/files.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { chooseTensors } from "./_model_tensors.ts";

const flags = defineFlags("Converts a checkpoint to TensorFlow's V2 format or to SafeTensors.", {
  checkpoint_path: {
    type: "path",
    required: true,
    help: "A checkpoint's path, its folder, or a .safetensors file",
  },
  output_path: {
    type: "path",
    required: true,
    help: "Where to write: NAME.safetensors, or a checkpoint's path such as out/model.ckpt-100",
  },
  only_model: { type: "boolean", help: "Leave out what belongs to the optimizer, and moving averages" },
  use_moving_averages: { type: "boolean", help: "Give variables the values of their moving averages" },
  overwrite: { type: "boolean", help: "Replace a checkpoint that is there, other than the input" },
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args), { output_path: output } = values;
  await assertUsable(output);
  const reader = await openCheckpoint(denoFiles, values.checkpoint_path);
  await assertFree(output, reader, values.overwrite);
  const names = [...reader.names(), ...reader.unsupported.keys()];
  const chosen = chooseTensors(names, {
    onlyModel: values.only_model,
    useMovingAverages: values.use_moving_averages,
  });
  const unsupported = [...chosen.values()].find((name) => reader.unsupported.has(name));
  if (unsupported !== undefined) await reader.read(unsupported); // says that it is not supported
  await write(output, reader, chosen);
  const left = names.length - chosen.size;
  console.log(`${chosen.size} tensors written to ${output}${left > 0 ? `, ${left} left out` : ""}`);
  return 0;
}

async function write(
  output: string,
  reader: CheckpointReader,
  chosen: ReadonlyMap<string, string>,
): Promise<void> {
  const lazy = [...chosen].map(([name, source]) =>
    [name, { ...reader.tensors.get(source)!, read: () => reader.read(source) }] as const
  );
  if (output.endsWith(safetensorsEnd)) {
    await writeSafetensors(denoFiles, output, new Map(lazy), reader.metadata);
    return;
  }
  await writeCheckpoint(denoFiles, output, new Map(lazy.map(([name, { read }]) => [name, read])));
  if (reader.metadata.size > 0) {
    console.error("The metadata is left out: checkpoints of TensorFlow have no place for it");
  }
}

/** Refuses output paths that are none of a checkpoint. */
async function assertUsable(output: string): Promise<void> {
  const part = /\.(index|meta|data-\d{5}-of-\d{5})$/.exec(output);
  if (part) {
    throw new UsageError(
      `Cannot use --output_path=${output}: give ${output.slice(0, part.index)}, without ${part[0]}`,
    );
  }
  const stat = await Deno.stat(output).catch(() => undefined);
  if (stat?.isDirectory || baseName(output) === "") {
    throw new UsageError(`Cannot use --output_path=${output}: it is a folder; give a name in it`);
  }
}

/** Refuses to write over the input, and over anything else unless asked to. */
async function assertFree(output: string, reader: CheckpointReader, overwrite: boolean): Promise<void> {
  const target = output.endsWith(safetensorsEnd) ? output : output + ".index";
  const source = reader.format === "V2" ? reader.prefix + ".index" : reader.prefix;
  const realPath = (path: string) => Deno.realPath(path).catch(() => undefined);
  if (await realPath(target) !== undefined && await realPath(target) === await realPath(source)) {
    throw new Error(`Cannot write ${output}: it is the input; give another --output_path`);
  }
  const base = baseName(output), folder = directoryOf(output);
  const there = (await denoFiles.list(folder === "" ? "." : folder)).find((name) =>
    folder + name === target ||
    (target !== output && /^\.data-\d{5}-of-\d{5}$/.test(name.slice(base.length)) && name.startsWith(base))
  );
  if (there !== undefined && !overwrite) {
    throw new Error(
      `Cannot write ${output}: there is ${folder + there}; give another --output_path or --overwrite`,
    );
  }
}

if (import.meta.main) await runTool(main);
