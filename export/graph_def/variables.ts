/**
 * A variable as `tf.get_variable` adds it to a graph: initial values, `VariableV2`, `Assign` and `read`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import { sizeOf } from "../../kernels/kernel.ts";
import type { Distribution, Initializer } from "../../layers/initializers.ts";
import type { Shape, Variable } from "../../tape/tape.ts";
import { type Attributes, beside, floats, type GraphBuilder } from "./builder.ts";

/** From so many elements on, `tf.zeros` and `tf.ones` are filled when the graph runs. */
const FILLED = 1000;

const float = { dtype: attributeOf.dtype("float32") };
const random: Attributes = {
  ...float,
  T: attributeOf.dtype("int32"),
  seed: attributeOf.integer(0),
  seed2: attributeOf.integer(0),
};

/** Adds a variable's nodes. @returns the name of its `read` */
export function addVariable(graph: GraphBuilder, { name, shape, initialize }: Variable): string {
  const place = beside(name), { distribution } = initialize as Initializer;
  if (!distribution) throw new TypeError(`Cannot export ${name}: its initializer does not say how it fills`);
  const initial = addInitializer(graph, `${name}/Initializer`, distribution(shape), shape, place);
  graph.add("VariableV2", name, [], {
    ...place,
    ...float,
    shape: attributeOf.shape(shape),
    container: attributeOf.text(""),
    shared_name: attributeOf.text(""),
  });
  graph.add("Assign", `${name}/Assign`, [name, initial], {
    ...place,
    ...floats,
    use_locking: attributeOf.boolean(true),
    validate_shape: attributeOf.boolean(true),
  });
  return graph.add("Identity", `${name}/read`, [name], { ...place, ...floats });
}

function addInitializer(
  graph: GraphBuilder,
  scope: string,
  distribution: Distribution,
  shape: Shape,
  place: Attributes,
): string {
  const typed = { ...place, ...floats };
  const sampled = (kind: string, op: string, [first, second]: readonly [string, number][]) => {
    const name = `${scope}/${kind}`, dims = graph.integers(`${name}/shape`, shape, [shape.length], place);
    const [a, b] = [first, second].map(([what, value]) => graph.fill(`${name}/${what}`, value, [], place));
    return { name, a, b, sample: graph.add(op, `${name}/${op}`, [dims], { ...place, ...random }) };
  };
  switch (distribution.kind) {
    case "constant":
      return addConstant(graph, scope, distribution.value, shape, place);
    case "truncatedNormal": {
      const { mean, stddev } = distribution;
      const { name, a, b, sample } = sampled("truncated_normal", "TruncatedNormal", [["mean", mean], [
        "stddev",
        stddev,
      ]]);
      const scaled = graph.add("Mul", `${name}/mul`, [sample, b], typed);
      return graph.add("AddV2", name, [scaled, a], typed);
    }
    case "uniform": {
      const { limit } = distribution;
      const { name, a, b, sample } = sampled("random_uniform", "RandomUniform", [["min", -limit], [
        "max",
        limit,
      ]]);
      const range = graph.add("Sub", `${name}/sub`, [b, a], typed);
      const scaled = graph.add("Mul", `${name}/mul`, [sample, range], typed);
      return graph.add("AddV2", name, [scaled, a], typed);
    }
  }
}

function addConstant(
  graph: GraphBuilder,
  scope: string,
  value: number,
  shape: Shape,
  place: Attributes,
): string {
  const kind = value === 0 ? "zeros" : value === 1 ? "ones" : "Const", name = `${scope}/${kind}`;
  if (kind === "Const" || sizeOf(shape) < FILLED) return graph.fill(name, value, shape, place);
  const dims = graph.integers(`${name}/shape_as_tensor`, shape, [shape.length], place);
  const filling = graph.fill(`${name}/Const`, value, [], place);
  return graph.add("Fill", name, [dims, filling], {
    ...place,
    ...floats,
    index_type: attributeOf.dtype("int32"),
  });
}
