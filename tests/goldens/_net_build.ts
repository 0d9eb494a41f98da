/** Records the net of a reference file for one of its passes, and runs what was recorded once. */
import type { Gpu } from "../../gpu/gpu.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { buildNet, type BuiltNet, type Net } from "../../nets/net.ts";
import { compile } from "../../tape/compile.ts";
import { Parameters } from "../../tape/parameters.ts";
import type { Update } from "../../tape/updates.ts";
import { Tape, type Value } from "../../tape/tape.ts";
import { randomValues } from "./_formula.ts";
import { fill, labelsOf, type NetFile, type Pass } from "./_net_file.ts";

/** A recorded pass. */
export interface Recording {
  readonly tape: Tape;
  readonly built: BuiltNet;
}

/** Arguments of TF-Slim whose name here is another than the same in camel case. */
const renamed: Record<string, string> = {
  dense_dropout_keep_prob: "dropoutKeepProb",
  use_aux_head: "createAuxLogits",
};

function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** Records the net of a file for one of its passes; nothing in it is random. */
export function record(file: NetFile, net: Net, pass: Pass, isTraining: boolean): Recording {
  const given = Object.entries({ ...file.kwargs, ...file.hparams, ...pass.kwargs })
    .map(([name, value]) => [renamed[name] ?? camelCase(name), value]);
  if (file.via !== undefined && file.via !== "base") {
    throw new Error(`via ${file.via} is unknown to this runner`);
  }
  const tape = new Tape(), images = tape.feed("images", pass.input_shape);
  const built = buildNet(tape, net, images, {
    numClasses: file.num_classes,
    isTraining,
    dropoutKeepProb: 1,
    ...net.options.includes("dropPathKeepProb") ? { dropPathKeepProb: 1 } : {},
    ...file.via ? { baseOnly: true } : {},
    ...Object.fromEntries(given),
    weightDecay: file.weight_decay,
  });
  return { tape, built };
}

/** Runs a recording once with the file's weights, images and labels; returns the fetches and the variables that moved. */
export async function run(
  gpu: Gpu,
  file: NetFile,
  pass: Pass,
  { tape, built }: Recording,
  request: { fetches: Record<string, Value>; updates?: Update[] },
): Promise<Map<string, Float32Array>> {
  const parameters = new Parameters(gpu, tape.variables);
  try {
    for (const name of parameters.names) parameters.write(name, fill(file, name, parameters.shape(name)));
    const program = await compile(gpu, tape, { ...request, parameters });
    program.feed("images", randomValues(file.input_name, sizeOf(pass.input_shape), 1));
    if (program.takes("labels")) program.feed("labels", labelsOf(file, pass.batch));
    program.run();
    const results = new Map<string, Float32Array>();
    for (const name of Object.keys(request.fetches)) results.set(name, await program.fetch(name));
    for (const { variable } of built.movingAverages) results.set(variable, await parameters.read(variable));
    program.destroy();
    return results;
  } finally {
    parameters.destroy();
  }
}
