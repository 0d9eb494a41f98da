/**
 * A recorded net as TensorFlow's graph: one more reader of the tape.
 *
 * Nodes, their names, operations, attributes and order are those of the graph that TF-Slim's `export_inference_graph` writes
 * with TensorFlow 2.15.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import type { GraphDef } from "../../formats/graph_def/graph_pb.ts";
import type { Identity, MovingAverage } from "../../layers/scope.ts";
import { reachable } from "../../tape/fuse.ts";
import type { Tape, Value } from "../../tape/tape.ts";
import { floats } from "./builder.ts";
import { rules } from "./operations.ts";
import { Translation } from "./translation.ts";

/** What is exported. */
export interface GraphDefRequest {
  readonly tape: Tape;
  /** The feed that the net was recorded on. */
  readonly images: Value;
  /** Of the recorded net; none in inference. */
  readonly movingAverages: readonly MovingAverage[];
  /** Of the recorded net. */
  readonly identities: readonly Identity[];
  /** Whether graphs take any number of images; otherwise as many as the tape. */
  readonly hasOpenBatch: boolean;
  /** What the graph is to compute; left out: everything that was recorded. */
  readonly outputs?: readonly Value[];
  /** Shape of the int64 zeros that the descriptions of some data sets leave in the graph; left out: there are none. */
  readonly strayZeros?: readonly number[];
}

/** A graph, and how to use it. */
export interface ExportedGraph {
  readonly graph: GraphDef;
  /** Name of the images. */
  readonly input: string;
  /** Names of the nodes of values, such as end points. */
  nameOf(value: Value): string;
}

/**
 * The graph of a net.
 *
 * @throws {TypeError} where the tape holds an operation that is no part of a net
 */
export function exportGraphDef(request: GraphDefRequest): ExportedGraph {
  const { tape, images, outputs, strayZeros } = request, t = new Translation(request);
  const needed = outputs && new Set(reachable(tape.nodes, outputs));
  if (strayZeros) {
    const count = strayZeros.reduce((a, b) => a * b, 1);
    const zeros = { dtype: "int64" as const, shape: [...strayZeros], data: new BigInt64Array(count) };
    t.graph.add("Const", "zeros", [], {
      dtype: attributeOf.dtype("int64"),
      value: attributeOf.tensor(zeros),
    });
  }
  const input = t.graph.add("Placeholder", "input", [], {
    dtype: floats.T,
    shape: attributeOf.shape(t.shapeOf(images)),
  });
  t.name(images, input);
  const identities = [...request.identities];
  const renameUpTo = (position: number) => {
    while (identities.length > 0 && identities[0].position <= position) {
      const { name, value } = identities.shift()!;
      if (value.node && needed && !needed.has(value.node)) continue;
      t.name(value, t.add("Identity", name, [value], floats, ""));
    }
  };
  for (const [position, node] of tape.nodes.entries()) {
    renameUpTo(position);
    if (needed && !needed.has(node)) continue;
    const rule = rules[node.operation.name];
    if (!rule) {
      throw new TypeError(
        `Cannot export ${
          node.outputs[0].label
        }: a graph has nothing for ${node.operation.name}; export the net alone`,
      );
    }
    t.name(node.outputs[0], rule(t, node));
  }
  renameUpTo(tape.nodes.length);
  return { graph: t.graph.finish(), input, nameOf: (value) => t.nameOf(value) };
}
