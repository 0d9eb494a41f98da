/**
 * The formats that models are exported in.
 *
 * @module
 */
import { exportGraphDef } from "../export/graph_def/export.ts";
import { noteNodes } from "../export/graph_def/notes.ts";
import { metadataOf } from "../export/metadata.ts";
import { exportOnnx } from "../export/onnx/export.ts";
import { encodeGraph, printGraph } from "../formats/graph_def/graph_def.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { type LazyTensor, writeSafetensors } from "../formats/safetensors.ts";
import { foldBatchNorm } from "../graphs/graph_def/fold_batch_norm.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { denoFiles } from "../host/files.ts";
import { softmax } from "../tape/ops/losses.ts";
import { bundleScript } from "./_bundle.ts";
import type { ExportJob } from "./_export_job.ts";
import { UsageError } from "./_flags.ts";

/** Flags that say how a format is written. */
export interface FormatFlags {
  readonly output_file: string;
  readonly write_text_graphdef: boolean;
  readonly fold_batch_norm: boolean;
}

/** A format. */
export interface ExportFormat {
  /** Whether it holds weights, so that a checkpoint is needed. */
  readonly needsWeights: boolean;
  /** Whether batch normalization can become part of the weights. */
  readonly foldsBatchNorm: boolean;
  /** Writes the file; returns what to say about it. */
  readonly write: (job: ExportJob, flags: FormatFlags) => Promise<string>;
}

/** By the names that `--format` takes. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = {
  graphdef: { needsWeights: false, foldsBatchNorm: true, write: writeGraphDef },
  onnx: { needsWeights: true, foldsBatchNorm: true, write: writeModel },
  safetensors: { needsWeights: true, foldsBatchNorm: false, write: writeWeights },
  web: { needsWeights: true, foldsBatchNorm: false, write: writePage },
};

async function writeGraphDef(job: ExportJob, flags: FormatFlags): Promise<string> {
  const { built, outputs, isPart, weights, facts } = job, values = Object.values(outputs);
  const { movingAverages, identities } = built;
  const exported = exportGraphDef({
    ...job,
    movingAverages,
    identities,
    outputs: isPart ? values : undefined,
  });
  const names = values.map(exported.nameOf);
  let { graph } = exported;
  if (weights) {
    graph = (await freezeGraph(graph, weights, { outputs: names })).graph;
    if (flags.fold_batch_norm) graph = foldBatchNorm(graph, names).graph;
    graph.node.push(...noteNodes(metadataOf(facts)));
  }
  const bytes = flags.write_text_graphdef ? new TextEncoder().encode(printGraph(graph)) : encodeGraph(graph);
  await denoFiles.write(flags.output_file, [bytes]);
  const kind = weights ? `frozen with ${weights.prefix}` : "without weights";
  return `${graph.node.length} nodes, ${kind}; input ${exported.input}, outputs ${names.join(", ")}`;
}

async function writeModel(job: ExportJob, flags: FormatFlags): Promise<string> {
  const { net, tape, images, hasOpenBatch, weights, facts } = job, { logits } = job.outputs;
  const outputs = job.isPart
    ? job.outputs
    : { logits, probabilities: softmax(logits, { scope: "probabilities" }) };
  const draft = exportOnnx({
    name: net.name,
    images,
    outputs,
    hasOpenBatch,
    foldBatchNorm: flags.fold_batch_norm,
    metadata: metadataOf(facts),
    weights: async (name) => {
      const { shape } = tape.variables.get(name)!;
      return (await weights!.readAs(name, "float32", shape, { cast: true })).data;
    },
  });
  await writeOnnx(denoFiles, flags.output_file, draft);
  const [, height, width, channels] = images.shape, count = hasOpenBatch ? "N" : images.shape[0];
  return `${draft.graph.node.length} nodes, with the weights of ${weights!.prefix}; ` +
    `input [${count}, ${channels}, ${height}, ${width}], outputs ${Object.keys(outputs).join(", ")}`;
}

async function writeWeights({ tape, weights, facts }: ExportJob, flags: FormatFlags): Promise<string> {
  const tensors = new Map<string, LazyTensor>();
  for (const { name, shape } of tape.variables.values()) {
    const read = () => weights!.readAs(name, "float32", shape, { cast: true });
    tensors.set(name, { dtype: "float32", shape: [...shape], read });
  }
  await writeSafetensors(denoFiles, flags.output_file, tensors, metadataOf(facts));
  return `${tensors.size} tensors of ${weights!.prefix}`;
}

/** Files of a page that are the same for all models, by their names there. */
const PAGE_FILES: Readonly<Record<string, string>> = {
  "index.html": "web/classify.html",
  "style.css": "web/style.css",
  "icon.svg": "web/icon.svg",
};

/** A folder with a page that classifies photos; any server of files can serve it. */
async function writePage(job: ExportJob, flags: FormatFlags): Promise<string> {
  const script = await bundleScript("web/classify.ts", { minify: true });
  const folder = flags.output_file.replace(/\/$/, ""), encoder = new TextEncoder();
  const summary = await writeWeights(job, { ...flags, output_file: `${folder}/model.safetensors` });
  for (const [name, source] of Object.entries(PAGE_FILES)) {
    const { pathname } = new URL(`../${source}`, import.meta.url);
    await denoFiles.write(`${folder}/${name}`, [await denoFiles.read(decodeURIComponent(pathname))]);
  }
  await denoFiles.write(`${folder}/classify.js`, [encoder.encode(script)]);
  return `${summary}, with a page; deno task web --folder=${folder} shows it`;
}

/** The format of that name, if it can do what the flags ask for. */
export function chooseFormat(name: string, hasWeights: boolean, foldsBatchNorm: boolean): ExportFormat {
  const format = exportFormats[name];
  if (format.needsWeights && !hasWeights) {
    throw new UsageError(`Cannot export --format=${name} without --checkpoint_path: the file holds weights`);
  }
  if (foldsBatchNorm && !hasWeights) {
    throw new UsageError(
      "Cannot use --fold_batch_norm without --checkpoint_path: there are no weights to fold into",
    );
  }
  if (foldsBatchNorm && !format.foldsBatchNorm) {
    const able = Object.keys(exportFormats).filter((other) => exportFormats[other].foldsBatchNorm);
    throw new UsageError(`Cannot use --fold_batch_norm with --format=${name}: give ${able.join(" or ")}`);
  }
  return format;
}
