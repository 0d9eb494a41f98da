/**
 * The bench's cases on jax-js, which computes on channel-major images and weights.
 *
 * @module
 */
import { operands, type OperationCase } from "./cases.ts";
import type { Engine, Workload } from "./engine.ts";
import type { Arrays, Jax, JaxArray } from "./jax_api.ts";
import { download, Pending, upload } from "./jax_arrays.ts";
import { prepareTraining } from "./jax_training.ts";
import type { Layout } from "./layouts.ts";

/** Loads jax-js. @throws {Error} where the package cannot be loaded or finds no adapter */
export async function jaxJs(): Promise<Engine> {
  const address = "@jax-js/jax", jax: Jax = await import(address);
  if (!(await jax.init("webgpu")).includes("webgpu")) {
    throw new Error("Cannot start jax-js: it found no adapter");
  }
  jax.defaultDevice("webgpu");
  return {
    name: "jax-js",
    adapter: jax.getWebGPUDevice().adapterInfo.description,
    prepare: (c) => Promise.resolve(c.kind === "train" ? prepareTraining(jax, c) : prepareOperation(jax, c)),
    close: () => {},
  };
}

const images: Layout = { order: [0, 3, 1, 2] },
  weights: Layout = { order: [3, 2, 0, 1] };

/** Layout of an operand or result, by its name. */
function layoutOf(name: string, rank: number): Layout {
  if (rank !== 4) return {};
  return name === "w" || name === "dw" ? weights : images;
}

function compute(jax: Jax, c: OperationCase, of: Arrays): Arrays {
  if (c.kind === "matmul") return { y: jax.numpy.matmul(of.a, of.b) };
  const { kernel, stride } = c, { x, w, dy } = of;
  const pool = (x: JaxArray) => jax.lax.reduceWindow(x, jax.numpy.max, [kernel, kernel], [stride, stride]);
  const conv = (x: JaxArray, w: JaxArray) => jax.lax.convGeneralDilated(x, w, [stride, stride], "SAME");
  switch (c.kind) {
    case "maxPool":
      return { y: pool(x) };
    case "maxPoolGradient": {
      const [y, pullback] = jax.vjp(pool, [x]);
      const [dx] = pullback(dy);
      pullback.dispose();
      return { y, dx };
    }
    case "conv2d":
      return { y: conv(x, w) };
    case "conv2dGradients": {
      const { x: dx, w: dw } = jax.grad((of: Arrays, dy: JaxArray) => conv(of.x, of.w).mul(dy).sum())({
        x,
        w,
      }, dy);
      return { dx, dw };
    }
  }
}

function prepareOperation(jax: Jax, c: OperationCase): Workload {
  const tensors = operands(c), pending = new Pending(jax);
  const inputs = Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, upload(jax, t, layoutOf(name, t.shape.length))]),
  );
  const run = jax.jit((of: Arrays) => compute(jax, c, of));
  return {
    run: () => pending.push(run(jax.tree.ref(inputs))),
    sync: () => pending.sync(),
    results: async () => {
      const results = new Map<string, Float32Array>();
      for (const [name, array] of Object.entries(pending.last)) {
        results.set(name, await download(array, layoutOf(name, array.shape.length)));
      }
      return results;
    },
    dispose: () => {
      pending.dispose();
      jax.tree.dispose(inputs);
    },
  };
}
