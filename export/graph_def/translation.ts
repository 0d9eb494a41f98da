/**
 * The state of a tape's translation to a graph: names of values, variables as they are needed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import type { AttrValue } from "../../formats/graph_def/graph_pb.ts";
import { directoryOf } from "../../formats/paths.ts";
import type { MovingAverage } from "../../layers/scope.ts";
import type { Node, Shape, Tape, Value, Variable } from "../../tape/tape.ts";
import { type Attributes, floats, GraphBuilder } from "./builder.ts";
import { nodeName } from "./names.ts";
import { addVariable } from "./variables.ts";

const int32 = attributeOf.dtype("int32");

function slicing(dtype: AttrValue, begin: number, end: number, shrink: number): Attributes {
  return {
    T: dtype,
    Index: int32,
    begin_mask: attributeOf.integer(begin),
    end_mask: attributeOf.integer(end),
    ellipsis_mask: attributeOf.integer(0),
    new_axis_mask: attributeOf.integer(0),
    shrink_axis_mask: attributeOf.integer(shrink),
  };
}

/** What is translated, and how. */
export interface TranslationRequest {
  readonly tape: Tape;
  /** Whether the first dimension of all values but variables is left open. */
  readonly hasOpenBatch: boolean;
  readonly movingAverages: readonly MovingAverage[];
}

/** A graph being made from a tape. */
export class Translation {
  readonly graph: GraphBuilder = new GraphBuilder();
  readonly #names = new Map<Value, string>();
  readonly #made = new Map<string, string>();
  /** Variables by the scope that they lie in. */
  readonly #byScope = new Map<string, Variable[]>();

  constructor(readonly request: TranslationRequest) {
    for (const variable of request.tape.variables.values()) {
      const scope = directoryOf(variable.name);
      this.#byScope.set(scope, [...this.#byScope.get(scope) ?? [], variable]);
    }
  }

  /** Adds a node below a scope of the tape, named like its operation unless told otherwise. */
  add(
    op: string,
    scope: string,
    inputs: readonly (Value | string)[],
    attributes: Attributes = floats,
    name = op,
  ): string {
    const path = nodeName(name === "" ? scope : scope === "" ? name : `${scope}/${name}`);
    return this.graph.add(
      op,
      path,
      inputs.map((v) => typeof v === "string" ? v : this.nameOf(v)),
      attributes,
    );
  }

  /** A `Const` of one number, repeated over a shape. */
  filled(scope: string, name: string, value: number, shape: Shape = [], attributes: Attributes = {}): string {
    return this.graph.fill(nodeName(`${scope}/${name}`), value, shape, attributes);
  }

  /** A `Const` of whole numbers. */
  integers(scope: string, name: string, values: readonly number[], shape?: Shape): string {
    return this.graph.integers(nodeName(`${scope}/${name}`), values, shape);
  }

  /** A value's shape as a node: a `Const`, or `Shape` where the batch is open. */
  addShape(scope: string, value: Value): string {
    if (!this.request.hasOpenBatch) return this.integers(scope, "Shape", value.shape);
    return this.add("Shape", scope, [value], { ...floats, out_type: int32 });
  }

  /** One element of a vector of whole numbers. */
  addElement(scope: string, vector: string, index: number): string {
    const inner = `${scope}/strided_slice`;
    const corners = [index, index + 1, 1].map((at, i) =>
      this.integers(inner, i ? `stack_${i}` : "stack", [at])
    );
    return this.add("StridedSlice", scope, [vector, ...corners], slicing(int32, 0, 0, 1), "strided_slice");
  }

  /** What lies between two corners of a value; 0 in `end` is its very end, numbers below count from there. */
  addSlice(scope: string, value: Value, begin: readonly number[], end: readonly number[]): string {
    const inner = `${scope}/strided_slice`, steps = begin.map(() => 1);
    const corners = [begin, end, steps].map((at, i) => this.integers(inner, i ? `stack_${i}` : "stack", at));
    const open = (at: readonly number[]) => at.reduce((mask, i, d) => i === 0 ? mask | 1 << d : mask, 0);
    const attributes = slicing(floats.T, open(begin), open(end), 0);
    return this.add("StridedSlice", scope, [value, ...corners], attributes, "strided_slice");
  }

  /** What `make` returned when it was first called for a key. */
  once(key: string, make: () => string): string {
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made;
  }

  /** The variable of that name, if the tape has one. */
  variable(name: string): Value | undefined {
    return this.request.tape.variables.get(name)?.value;
  }

  /** Has later nodes take a value from the node of that name. */
  name(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  /**
   * Name of the node that a value comes from. A layer's variables enter the graph together, before anything that uses one of
   * them.
   */
  nameOf(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (value.source?.kind !== "variable") {
      throw new TypeError(`Cannot export ${value.label}: it is neither the images nor a variable`);
    }
    const { name } = value.source.variable, scope = directoryOf(name);
    for (const variable of this.#byScope.get(scope) ?? []) {
      this.name(variable.value, addVariable(this.graph, variable));
    }
    return `${name}/read`;
  }

  /** A value's shape, with -1 for an open batch. */
  shapeOf({ shape }: Value): Shape {
    return this.request.hasOpenBatch ? [-1, ...shape.slice(1)] : shape;
  }

  /** The moving average that follows an output of a node. */
  movingAverage(node: Node, output: number): MovingAverage | undefined {
    return this.request.movingAverages.find(({ value }) => value === node.outputs[output]);
  }
}
