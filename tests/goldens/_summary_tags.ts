/** Tags of the summaries that TF-Slim's training graph has, compared with those for the same net recorded here. */

import { buildNet } from "../../nets/net.ts";
import { getNet } from "../../nets/nets_factory.ts";
import { Tape } from "../../tape/tape.ts";
import { summaryTags } from "../../training/summary_tags.ts";
import { ExactChecks, type GoldenCase, readJson } from "./report.ts";

interface TrainGraph {
  model: string;
  dataset: string;
  flags: Record<string, number | string>;
  summaries: { kind: string; tag: string }[];
  /** Number of them. */
  model_variables: number;
  losses: string[];
  regularization_losses: string[];
}

/** Classes by data set, as the training script takes them. */
const numClasses: Record<string, number> = {
  mnist: 10,
  fashion_mnist: 10,
  cifar10: 10,
  flowers: 5,
  imagenet: 1000,
};

/** One case a set-up. */
export async function* summaryTagCases(path: string, name: string): AsyncGenerator<GoldenCase> {
  for (const graph of await readJson(path) as TrainGraph[]) {
    const flags = Object.entries(graph.flags).map(([flag, value]) => ` ${flag}=${value}`).join("");
    yield { name: `${name}/${graph.model} ${graph.dataset}${flags}`, run: () => checkTags(graph) };
  }
}

function checkTags(graph: TrainGraph): ExactChecks {
  const checks = new ExactChecks(), tape = new Tape(), net = getNet(graph.model);
  const side = net.defaultImageSize, numClones = Number(graph.flags.num_clones ?? 1);
  const { endPoints, auxLogits, regularizationLosses } = buildNet(
    tape,
    net,
    tape.feed("images", [2, side, side, net.channels]),
    {
      numClasses: numClasses[graph.dataset],
      isTraining: true,
      weightDecay: Number(graph.flags.weight_decay ?? 0.00004),
    },
  );
  const losses = [...(auxLogits ? ["aux_loss/value"] : []), "softmax_cross_entropy_loss/value"];
  const ofClones = Array.from(
    { length: numClones },
    (_, i) => losses.map((loss) => numClones > 1 ? `clone_${i}/${loss}` : loss),
  ).flat();
  checks.equal(ofClones, graph.losses, "losses");
  checks.equal(tape.variables.size, graph.model_variables, "number of variables");
  checks.equal(regularizationLosses.length, graph.regularization_losses.length, "regularized variables");

  const tags = summaryTags({
    endPoints: endPoints.keys(),
    variables: tape.variables.keys(),
    losses,
    hasRegularization: regularizationLosses.length > 0,
    numClones,
  });
  const kinds = { scalar: "ScalarSummary", histogram: "HistogramSummary" };
  const ours = tags.map(({ tag, kind }) => `${kinds[kind]} ${tag}`).sort();
  const theirs = graph.summaries.filter(isOfTraining).map(({ tag, kind }) => `${kind} ${tag}`).sort();
  checks.equal(ours.filter((line) => !theirs.includes(line)), [], "tags that TF-Slim has not");
  checks.equal(theirs.filter((line) => !ours.includes(line)), [], "tags that only TF-Slim has");
  checks.equal(ours.length, theirs.length, "number of tags");
  return checks;
}

/** Whether a summary is neither of the input queues nor of the pictures' distortion, which this project has not. */
function isOfTraining({ kind, tag }: TrainGraph["summaries"][number]): boolean {
  return kind !== "ImageSummary" && !/(^|\/)fraction_of_\d+_full$/.test(tag);
}
