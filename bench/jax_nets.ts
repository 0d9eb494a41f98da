/**
 * Whole nets on jax-js: one jitted function from images to logits, or one from variables and momentum to the next ones.
 *
 * @module
 */
import type { NetCase, Tensor } from "./cases.ts";
import { type ChannelsFirstNet, converted, withChannelsFirst } from "./converted.ts";
import type { Start, Workload } from "./engine.ts";
import { interpret, type Step } from "./interpret.ts";
import type { Arrays, Jax, JaxArray } from "./jax_api.ts";
import { download, Pending, upload } from "./jax_arrays.ts";
import { jaxRules } from "./jax_rules.ts";
import { optimizer } from "./nets.ts";

/** A case's net, ready to be uploaded. */
export function prepareNet(jax: Jax, c: NetCase): Start {
  const net = converted(c), moved = withChannelsFirst(net);
  return () => c.kind === "train" ? train(jax, moved, net.targets) : infer(jax, moved);
}

/** The net as a function of its images and variables, by name, which it uses up. */
function logitsOf(jax: Jax, kind: NetCase["kind"], steps: readonly Step[], inputs: Arrays): JaxArray {
  return interpret(steps, {
    rules: jaxRules(jax, kind),
    source: ({ label }) => inputs[label],
    use: (array, isLast) => isLast ? array : array.ref,
  });
}

function uploadAll(jax: Jax, values: ReadonlyMap<string, Tensor>): Arrays {
  return Object.fromEntries(Array.from(values, ([name, tensor]) => [name, upload(jax, tensor)]));
}

function infer(jax: Jax, { steps, values }: ChannelsFirstNet): Workload {
  const arrays = uploadAll(jax, values), pending = new Pending(jax);
  const run = jax.jit((inputs: Arrays) => ({ logits: logitsOf(jax, "infer", steps, inputs) }));
  return {
    run: () => pending.push(run(jax.tree.ref(arrays))),
    sync: () => pending.sync(),
    results: async () => new Map([["logits", await download(pending.last.logits)]]),
  };
}

function train(jax: Jax, { steps, values, layouts }: ChannelsFirstNet, targets: Tensor): Workload {
  const { numpy, tree } = jax, [batch] = targets.shape, expected = upload(jax, targets);
  const { images, ...initial } = uploadAll(jax, values);
  let variables: Arrays = initial, momentum: Arrays = {};
  for (const [name, { shape }] of Object.entries(variables)) momentum[name] = numpy.zeros(shape);
  const differentiate = jax.valueAndGrad((variables: Arrays, images: JaxArray, expected: JaxArray) => {
    const logits = logitsOf(jax, "train", steps, { ...variables, images });
    return jax.nn.logSoftmax(logits).mul(expected).sum().mul(-1 / batch);
  });
  const step = jax.jit(
    (variables: Arrays, momentum: Arrays, images: JaxArray, expected: JaxArray) => {
      const [value, gradients] = differentiate(tree.ref(variables), images, expected);
      const next = tree.map((m, g) => m.mul(optimizer.momentum).add(g), momentum, gradients);
      const update = (v: JaxArray, m: JaxArray) => v.sub(m.mul(optimizer.learningRate));
      return { value, variables: tree.map(update, variables, tree.ref(next)), momentum: next };
    },
  );
  const losses = new Pending(jax);
  return {
    run: () => {
      const next = step(variables, momentum, images.ref, expected.ref);
      ({ variables, momentum } = next);
      losses.push({ loss: next.value });
    },
    sync: async () => {
      await jax.blockUntilReady(variables); // the last loss does not need them
      await losses.sync();
    },
    results: async () => {
      const results = new Map([["loss", await download(losses.last.loss)]]);
      for (const [name, array] of Object.entries(variables)) {
        results.set(name, await download(array, layouts.get(name)));
      }
      return results;
    },
  };
}
