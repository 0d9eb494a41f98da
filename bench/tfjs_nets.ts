/**
 * Whole nets on TensorFlow.js: inference as its converter would have it, training by its own differentiation and optimizer.
 *
 * @module
 */
import type { Value } from "../tape/tape.ts";
import type { NetCase, Tensor } from "./cases.ts";
import { converted } from "./converted.ts";
import type { Start, Workload } from "./engine.ts";
import { fuse } from "./fold.ts";
import { interpret, sourcesOf, type Step, stepsTo } from "./interpret.ts";
import { optimizer } from "./nets.ts";
import type { Tf, TfTensor } from "./tfjs_api.ts";
import { tfjsRules } from "./tfjs_rules.ts";
import { download, settle, upload } from "./tfjs_tensors.ts";

/** A case's net, ready to be uploaded. */
export function prepareNet(tf: Tf, c: NetCase): Start {
  const { target, values, targets } = converted(c), steps = fuse(stepsTo(target));
  return () => c.kind === "train" ? train(tf, c, steps, values, targets) : infer(tf, steps, values);
}

function infer(tf: Tf, steps: readonly Step[], values: ReadonlyMap<string, Tensor>): Workload {
  const inputs = new Map(sourcesOf(steps).map((value) => [value, upload(tf, values.get(value.label)!)]));
  const library = {
    rules: tfjsRules(tf),
    source: (value: Value) => inputs.get(value)!,
    free: (result: TfTensor) => result.dispose(),
  };
  let logits: TfTensor | undefined;
  return {
    run: () => {
      logits?.dispose();
      logits = tf.tidy(() => interpret(steps, library));
    },
    sync: () => settle(tf, logits!),
    results: () => download([["logits", logits!]]),
  };
}

function train(
  tf: Tf,
  c: NetCase,
  steps: readonly Step[],
  values: ReadonlyMap<string, Tensor>,
  targets: Tensor,
): Workload {
  const images = upload(tf, values.get("images")!), expected = upload(tf, targets);
  const variables = new Map<string, TfTensor>();
  for (const { source, label } of sourcesOf(steps)) {
    if (source!.kind !== "variable") continue;
    const initial = upload(tf, values.get(label)!);
    variables.set(label, tf.variable(initial, true, `${c.name}/${label}`));
    initial.dispose();
  }
  const library = { rules: tfjsRules(tf), source: ({ label }: Value) => variables.get(label) ?? images };
  const update = tf.train.momentum(optimizer.learningRate, optimizer.momentum);
  const loss = () => tf.losses.softmaxCrossEntropy(expected, interpret(steps, library));
  let last: TfTensor | undefined;
  return {
    run: () => {
      last?.dispose();
      last = update.minimize(loss, true, [...variables.values()]);
    },
    sync: () => settle(tf, last!),
    results: () => download([["loss", last!], ...variables]),
  };
}
