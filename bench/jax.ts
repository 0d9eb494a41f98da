/**
 * The bench's cases on jax-js, which computes on channel-major images and weights.
 *
 * @module
 */
import { isNet, operands, type OperationCase } from "./cases.ts";
import type { Engine, Start } from "./engine.ts";
import type { Arrays, Jax, JaxArray } from "./jax_api.ts";
import { download, Pending, upload } from "./jax_arrays.ts";
import { prepareNet } from "./jax_nets.ts";
import { depthwiseFirst, imagesFirst, type Layout, toLayout, weightsFirst } from "./layouts.ts";

/** Loads jax-js. @throws {Error} where the package cannot be loaded or finds no adapter */
export async function jaxJs(): Promise<Engine> {
  const address = "@jax-js/jax", jax: Jax = await import(address);
  if (!(await jax.init("webgpu")).includes("webgpu")) {
    throw new Error("Cannot start jax-js: it found no adapter");
  }
  jax.defaultDevice("webgpu");
  return {
    adapter: jax.getWebGPUDevice().adapterInfo.description,
    prepare: (c) => isNet(c) ? prepareNet(jax, c) : prepareOperation(jax, c),
  };
}

/** Layout of an operand or result, by its name. */
function layoutOf(c: OperationCase, name: string, shape: readonly number[]): Layout {
  if (shape.length !== 4) return {};
  if (name !== "w" && name !== "dw") return imagesFirst;
  return c.kind === "depthwiseConv2d" ? depthwiseFirst(shape) : weightsFirst;
}

function compute(jax: Jax, c: OperationCase, of: Arrays): Arrays {
  if (c.kind === "matmul") return { y: jax.numpy.matmul(of.a, of.b) };
  const { kernel, stride } = c, { x, w, dy } = of;
  const pool = (x: JaxArray) => jax.lax.reduceWindow(x, jax.numpy.max, [kernel, kernel], [stride, stride]);
  const conv = (x: JaxArray, w: JaxArray, featureGroupCount = 1) =>
    jax.lax.convGeneralDilated(x, w, [stride, stride], "SAME", { featureGroupCount });
  switch (c.kind) {
    case "maxPool":
      return { y: pool(x) };
    case "maxPoolGradient": {
      const [y, pullback] = jax.vjp(pool, [x]);
      const [dx] = pullback(dy);
      pullback.dispose();
      return { y, dx };
    }
    case "depthwiseConv2d":
      return { y: conv(x, w, c.channels) };
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

function prepareOperation(jax: Jax, c: OperationCase): Start {
  const tensors = Object.entries(operands(c)).map(([name, t]) =>
    [name, toLayout(t, layoutOf(c, name, t.shape))] as const
  );
  return () => {
    const inputs = Object.fromEntries(tensors.map(([name, t]) => [name, upload(jax, t)]));
    const run = jax.jit((of: Arrays) => compute(jax, c, of)), pending = new Pending(jax);
    return {
      run: () => pending.push(run(jax.tree.ref(inputs))),
      sync: () => pending.sync(),
      results: async () => {
        const results = new Map<string, Float32Array>();
        for (const [name, array] of Object.entries(pending.last)) {
          results.set(name, await download(array, layoutOf(c, name, array.shape)));
        }
        return results;
      },
    };
  };
}
