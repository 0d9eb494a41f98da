/** How many compute pipelines nets need: making one costs a software adapter up to seconds, so all nets share them. */
// @ts-types="../types/std_assert.d.ts"
import { assertLessOrEqual } from "@std/assert";
import { buildNet } from "../nets/net.ts";
import { nets } from "../nets/nets_factory.ts";
import { gradients } from "../tape/gradients.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan, type PlanRequest } from "../tape/plan.ts";
import { Tape } from "../tape/tape.ts";
import { classificationLoss } from "../training/losses.ts";
import { movingAverageUpdates } from "../training/moving_averages.ts";
import { configureOptimizer } from "../training/optimizers.ts";

/** The texts of all kernels that a program launches; a pipeline is made for each. */
function kernelsOf(tape: Tape, request: PlanRequest): Set<string> {
  const { preparation, intake, launches, outtake } = new Plan(
    tape,
    { ...request, subgroups: true },
    new ParameterLayout(tape.variables),
    2 ** 27,
  );
  return new Set(
    [...preparation, ...intake, ...launches, ...outtake].map(({ launch }) => launch.kernel.code),
  );
}

function inferenceKernels(name: string): Set<string> {
  const tape = new Tape(), net = nets.get(name)!, side = net.defaultImageSize;
  const images = tape.feed("images", [1, side, side, net.channels]);
  const { logits, endPoints } = buildNet(tape, net, images, {
    numClasses: net.numClasses,
    isTraining: false,
  });
  const predictions = endPoints.get("Predictions") ?? endPoints.get("predictions") ?? logits;
  return kernelsOf(tape, { fetches: { logits, predictions } });
}

function trainingKernels(name: string): Set<string> {
  const tape = new Tape(), net = nets.get(name)!, side = net.defaultImageSize, { numClasses } = net;
  const images = tape.feed("images", [4, side, side, net.channels]);
  const built = buildNet(tape, net, images, { numClasses, isTraining: true, weightDecay: 1e-4 });
  const clone = { ...built, labels: tape.feed("labels", [4], "i32") };
  const { total, data } = classificationLoss([clone], built.regularizationLosses);
  const trainable = [...tape.variables.values()].filter((v) => v.trainable);
  const found = gradients(data, trainable.map((v) => v.value));
  const { rule, options } = configureOptimizer({ optimizer: "rmsprop" });
  const values = new Map(trainable.map((v, i) => [v.name, found[i]!]));
  const updates = [{ rule, options, rate: tape.feed("rate", [2]), values }];
  return kernelsOf(tape, {
    fetches: { total },
    updates: [...updates, ...movingAverageUpdates(tape, built.movingAverages)],
  });
}

Deno.test("any net needs at most 30 pipelines for inference, all nets at most 59 for inference and training", () => {
  const all = new Set<string>();
  for (const name of nets.keys()) {
    const inference = inferenceKernels(name);
    assertLessOrEqual(inference.size, 30, name);
    for (const code of [...inference, ...trainingKernels(name)]) all.add(code);
  }
  assertLessOrEqual(all.size, 59);
});
