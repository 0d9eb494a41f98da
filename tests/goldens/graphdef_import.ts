/**
 * Topic `graphdef`, graphs that are read: listings, summaries, freezing, what frozen graphs compute, label_image.
 *
 * Checkpoints and photos are those of the neighbouring topics' folders. A frozen graph of formula weights that is not in the
 * folder is made from the graph.
 */
import { create, equals } from "npm:@bufbuild/protobuf@2.17.0";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import { decodeGraph, encodeGraph } from "../../formats/graph_def/graph_def.ts";
import { type GraphDef, NodeDefSchema } from "../../formats/graph_def/graph_pb.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { freezeGraph } from "../../graphs/graph_def/freeze.ts";
import { recordGraph } from "../../graphs/graph_def/record.ts";
import { summarizeGraph } from "../../graphs/graph_def/summarize.ts";
import { general } from "../../graphs/graph_def/tensor_text.ts";
import { denoFiles } from "../../host/files.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import { compile } from "../../tape/compile.ts";
import { Parameters } from "../../tape/parameters.ts";
import { Tape } from "../../tape/tape.ts";
import { readClassNames } from "../../tools/_class_names.ts";
import { graphScorer, recordLabelling, scoresOf } from "../../tools/_label_image.ts";
import { topScores } from "../../training/scores.ts";
import { Comparison } from "./_comparison.ts";
import { onDevice } from "./_device.ts";
import { randomValues } from "./_formula.ts";
import { checkNodes, exists, formulaCheckpoint, type Listing, readGraph } from "./_graph_files.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson } from "./report.ts";

/** The graph is as listed, and the same after it is written and read again. */
async function checkListing(directory: string, file: string): Promise<ExactChecks> {
  const checks = new ExactChecks(), listing: Listing = await readJson(`${directory}/${file}.nodes.json`);
  const name = file.replace(/\.gz$/, ""), graph = await readGraph(`${directory}/${name}`);
  const written = encodeGraph(graph);
  checks.equal(graph.versions?.producer, listing.producer, "producer");
  checks.equal(graph.versions?.minConsumer, listing.min_consumer, "min_consumer");
  checks.equal(graph.library?.function.length ?? 0, listing.library_functions, "functions");
  checks.equal(written.length, listing.bytes, "bytes when written");
  checkNodes(checks, graph, listing);
  checkNodes(checks, decodeGraph(written, file), listing);
  return checks;
}

/** The summary's last line names the graph as the command line did. */
async function checkSummary(directory: string, file: string): Promise<ExactChecks> {
  const checks = new ExactChecks(), expected = await Deno.readTextFile(`${directory}/${file}.summary.txt`);
  const path = /--graph=(\S+)/.exec(expected)?.[1] ?? "";
  const { lines } = summarizeGraph(await readGraph(`${directory}/${file.replace(/\.gz$/, "")}`), path);
  expected.split("\n").slice(0, -1).forEach((line, i) => checks.equal(lines[i], line, `line ${i + 1}`));
  checks.equal(lines.length, expected.split("\n").length - 1, "number of lines");
  return checks;
}

/** What freeze_graph was given: a graph, the output, where the variables come from; and the file of what came out. */
interface Freezing {
  readonly graph: string;
  readonly output?: string;
  readonly checkpoint?: string;
  readonly frozen?: string;
  /** What a failure must be about. */
  readonly about?: string;
}

const gray = "lenet_gray_inf_graph.pb";
const freezings: Readonly<Record<string, Freezing>> = {
  lenet_gray: { graph: gray, frozen: "frozen_lenet_fashion_mnist.pb" },
  "lenet exported by the script (3 channels) with the 1-channel checkpoint": {
    graph: "lenet_inf_graph.pb",
    about: "its shape is [5, 5, 1, 32] there but [5, 5, 3, 32] here",
  },
  "wrong output node": { graph: gray, output: "LeNet/Nope", about: '"LeNet/Nope"' },
  "logits only": { graph: gray, output: "LeNet/fc4/BiasAdd" },
  "checkpoint missing": { graph: gray, checkpoint: "none.ckpt", about: '"none.ckpt"' },
};

/** Any other name is that of a net with formula weights. */
function freezingOf(name: string): Freezing {
  return freezings[name] ??
    { graph: `${name}_inf_graph.pb`, checkpoint: "formula", frozen: `frozen_${name}.pb` };
}

async function checkFreezing(directory: string, name: string, status: number): Promise<ExactChecks> {
  const checks = new ExactChecks(), { graph: file, frozen, ...given } = freezingOf(name);
  const graph = await readGraph(`${directory}/${file}`), output = given.output ?? "Predictions/Reshape_1";
  const path = given.checkpoint ?? `${directory}/../checkpoints/lenet_fashion_mnist`;
  const open = path === "formula" ? formulaCheckpoint(graph) : openCheckpoint(denoFiles, path);
  const result = await open.then((reader) => freezeGraph(graph, reader, { outputs: [output] })).catch(String);
  if (typeof result === "string") {
    checks.check(status !== 0 && result.includes(given.about ?? ""), `it fails: ${result}`);
    return checks;
  }
  checks.equal(0, status, "exit status");
  checks.equal(result.graph.node.at(-1)!.name, output, "last node");
  if (frozen === undefined) return checks;
  const frozenPath = `${directory}/${frozen}`, listing = `${frozenPath}.nodes.json`;
  if (await exists(frozenPath)) checkSame(checks, result.graph, await readGraph(frozenPath));
  if (await exists(listing)) checkNodes(checks, result.graph, await readJson(listing));
  return checks;
}

function checkSame(checks: ExactChecks, actual: GraphDef, expected: GraphDef): void {
  checks.equal(actual.node.length, expected.node.length, "number of nodes");
  for (const [i, node] of expected.node.entries()) {
    const ours = create(NodeDefSchema, actual.node[i]);
    checks.check(equals(NodeDefSchema, ours, node), `node ${i}, ${node.name}, differs`);
  }
}

async function frozenGraph(directory: string, file: string): Promise<GraphDef> {
  if (await exists(`${directory}/${file}`)) return await readGraph(`${directory}/${file}`);
  const source = file.replace(/^frozen_(.*)\.pb$/, "$1_inf_graph.pb");
  const graph = await readGraph(`${directory}/${source}`), outputs = [graph.node.at(-1)!.name];
  return (await freezeGraph(graph, await formulaCheckpoint(graph), { outputs })).graph;
}

/** Numbers that a frozen graph computes. */
async function checkOutputs(
  gpu: Gpu,
  graph: GraphDef,
  { input, ...expected }: Record<string, string | number[]>,
): Promise<Comparison> {
  const [, stream, list] = /hash32\("([^"]+)"\), ([\dx]+)\)$/.exec(input as string)!;
  const shape = list.split("x").map(Number), names = Object.keys(expected), tape = new Tape();
  const values = recordGraph(tape, graph, { feeds: { input: shape }, outputs: names });
  const fetches = Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const program = await compile(gpu, tape, { parameters: new Parameters(gpu, tape.variables), fetches });
  program.feed("input", randomValues(stream, sizeOf(shape), 1));
  program.run();
  const comparison = new Comparison();
  for (const name of names) {
    comparison.list(name, await program.fetch(name), expected[name] as number[], { absolute: 1e-5 });
  }
  program.destroy();
  return comparison;
}

/** A run of label_image. */
interface LabelCase {
  readonly image: string;
  readonly input_mean: number;
  readonly input_std: number;
  readonly input_width: number;
  readonly input_height: number;
  readonly lines: readonly string[];
  readonly probabilities: readonly number[];
}

/** Probabilities within 1e-5, the same labels in the same order, scores within one of the last digit printed. */
async function checkLabels(gpu: Gpu, directory: string, file: string, run: LabelCase): Promise<Comparison> {
  const graph = await frozenGraph(directory, file);
  const names = await readClassNames(denoFiles, `${directory}/label_image_labels.txt`);
  const picture = await denoFiles.read(`${directory}/../tfrecord/flowers/flower_photos/${run.image}`);
  const recorded = recordLabelling(graphScorer(graph, "input", graph.node.at(-1)!.name), picture, {
    inputHeight: run.input_height,
    inputWidth: run.input_width,
    inputMean: [run.input_mean],
    inputStd: run.input_std,
  });
  const scores = await scoresOf(gpu, recorded);
  const comparison = new Comparison();
  comparison.list("probabilities", scores, run.probabilities, { absolute: 1e-5 });
  const top = topScores(scores, 5).map(({ index, score }) => ({
    label: `${names[index]} (${index})`,
    score: Number(general(score, 6)),
  }));
  const expected = run.lines.map((line) => line.split(": "));
  comparison.names("label", top.map(({ label }) => label), expected.map(([label]) => label));
  expected.forEach(([label, score], i) => {
    const lastDigit = 10 ** (Math.floor(Math.log10(Number(score))) - 5);
    comparison.number(label, top[i].score, Number(score), { absolute: 1.01 * lastDigit });
  });
  return comparison;
}

/** The cases of a directory of this topic. */
export async function* importCases(directory: string): AsyncGenerator<GoldenCase> {
  for (const file of await listDirectory(directory)) {
    const path = `${directory}/${file}`, graph = file.replace(/\.(nodes\.json|summary\.txt)$/, "");
    if (file.endsWith(".nodes.json") && await exists(`${directory}/${graph}`)) {
      yield { name: `read ${graph}`, run: () => checkListing(directory, graph) };
    } else if (file.endsWith(".summary.txt")) {
      yield { name: `summarize ${graph}`, run: () => checkSummary(directory, graph) };
    } else if (file === "freeze_graph.json") {
      for (const [name, { exit_status }] of Object.entries<{ exit_status: number }>(await readJson(path))) {
        yield { name: `freeze ${name}`, run: () => checkFreezing(directory, name, exit_status) };
      }
    } else if (file === "frozen_outputs.json") {
      for (const [frozen, outputs] of Object.entries<Record<string, string>>(await readJson(path))) {
        const run = async (gpu: Gpu) =>
          await checkOutputs(gpu, await frozenGraph(directory, frozen), outputs);
        yield onDevice(`outputs of ${frozen}`, run);
      }
    } else if (file === "label_image.json") {
      const { graph: frozen, cases } = await readJson(path) as { graph: string; cases: LabelCase[] };
      for (const run of cases) {
        const name = `label_image ${run.image} (x - ${run.input_mean}) / ${run.input_std}`;
        yield onDevice(name, (gpu) => checkLabels(gpu, directory, frozen, run));
      }
    }
  }
}
