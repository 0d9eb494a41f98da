/** Graphs that cannot be put on a tape: every refusal names the node, and comes soon. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertThrows } from "@std/assert";
import { attributeOf } from "../formats/graph_def/attributes.ts";
import type { AttrValue, GraphDef, NodeDef } from "../formats/graph_def/graph_pb.ts";
import { freezeGraph } from "../graphs/graph_def/freeze.ts";
import { recordGraph } from "../graphs/graph_def/record.ts";
import { uniforms } from "../random/philox.ts";
import { Tape } from "../tape/tape.ts";
import { constant, floats, graphOf, ints, node, pair, placeholder, windowed } from "./_graphs.ts";
import { formulaCheckpoint, readGraph } from "./goldens/_graph_files.ts";

const x = placeholder("x", [-1, 5, 6, 4]), y = placeholder("y", [-1, 5, 6, 4]);

/** The error of recording `out` with x fed. */
function refused(kind: typeof TypeError | typeof RangeError, reason: string, ...nodes: NodeDef[]): void {
  const start = performance.now();
  const graph = graphOf(x, ...nodes), feeds = { x: [1, 5, 6, 4] };
  assertThrows(() => recordGraph(new Tape(), graph, { feeds, outputs: ["out"] }), kind, reason);
  assert(performance.now() - start < 1000, reason);
}

Deno.test("recordGraph() names the node of what it does not support", () => {
  const out = (op: string, inputs = ["x"], attr: Record<string, AttrValue> = {}) =>
    node("out", op, inputs, attr);
  refused(
    RangeError,
    'Cannot import node "erf" (Erf): the operation Erf is not supported, nor are Einsum, which the graph has too',
    node("erf", "Erf", ["x"]),
    node("sum", "Einsum", ["erf"]),
    out("Erf", ["sum"]),
  );
  refused(
    RangeError,
    '"v" (VariableV2): the operation VariableV2 is not supported; freeze the graph first',
    node("v", "VariableV2"),
    out("BiasAdd", ["x", "v"]),
  );
  refused(
    RangeError,
    '"out" (MaxPool): its data format is NCHW, only NHWC',
    out("MaxPool", ["x"], {
      ...windowed("SAME", 1, { ksize: pair(2) }),
      data_format: attributeOf.text("NCHW"),
    }),
  );
  refused(
    RangeError,
    '"y" (Placeholder): its value (float32) is needed and not fed',
    y,
    out("AddV2", ["x", "y"]),
  );
  refused(RangeError, '"out" (Relu): its input "gone" is not in the graph', out("Relu", ["gone"]));
  refused(
    RangeError,
    'Cannot find node "out": the graph has none of that name',
    node("other", "Relu", ["x"]),
  );
  refused(TypeError, "two nodes with the name", out("Relu"), out("Relu"));
  refused(
    RangeError,
    '"out" (AddV2): operands of shape [1,5,6,4] and [3] are not supported',
    floats("v", [3], [1, 2, 3]),
    out("AddV2", ["x", "v"]),
  );
  refused(
    RangeError,
    '"out" (Reshape): the shape [7,-1] does not fit 120 elements',
    ints("s", [7, -1]),
    out("Reshape", ["x", "s"]),
  );
  refused(RangeError, '"out" (Reshape): its input 1 must be a constant', out("Reshape", ["x", "x"]));
  refused(
    RangeError,
    '"out" (Conv2D): it has 1 inputs, one more is needed',
    out("Conv2D", ["x"], windowed("SAME", 1)),
  );
  refused(
    RangeError,
    '"out" (Relu): only convolutions can come between SpaceToBatchND and BatchToSpaceND',
    ints("b", [1, 2]),
    ints("p", [0, 0, 0, 0], [2, 2]),
    node("blocks", "SpaceToBatchND", ["x", "b", "p"]),
    out("Relu", ["blocks"]),
  );
  refused(RangeError, '"out" (Mean): it is over dimensions 3 of', ints("d", [3]), out("Mean", ["x", "d"]));
  refused(
    TypeError,
    '"out" (Const): its values are string',
    constant("out", { dtype: "string", shape: [], data: [new Uint8Array()] }),
  );
});

Deno.test("recordGraph() refuses circles, giant constants and a chain without an end, soon", () => {
  refused(
    RangeError,
    "Cannot order the graph: nodes wait for one another: a <- out <- b <- a",
    node("a", "Relu", ["out"]),
    node("b", "Relu", ["a"]),
    node("out", "Relu", ["b"]),
  );
  refused(
    RangeError,
    '"out" (Fill): it would have 1099511627776 elements',
    ints("s", [2 ** 20, 2 ** 20]),
    floats("v", [], [0]),
    node("out", "Fill", ["s", "v"]),
  );
  const fills = Array.from({ length: 80 }, (_, i) => node(`f${i}`, "Fill", ["s", "v"]));
  refused(
    RangeError,
    "constants have",
    ints("s", [2 ** 20]),
    floats("v", [], [0]),
    ...fills,
    node("out", "AddN", fills.map(({ name }) => name)),
  );
  const chain = graphOf(x);
  for (let i = 1; i <= 20_000; i++) chain.node.push(node(`n${i}`, "Relu", [i > 1 ? `n${i - 1}` : "x"]));
  assertThrows(
    () => recordGraph(new Tape(), chain, { feeds: { x: [1, 5, 6, 4] }, outputs: ["n20000"] }),
    RangeError,
    "20001 nodes are more than 16384",
  );
});

/** Operations to put in place of others. */
const operations =
  "Conv2D MaxPool FusedBatchNormV3 LRN Softmax AddV2 Sub Mul RealDiv Maximum AddN BiasAdd MatMul Relu Rsqrt " +
  "Identity Shape Reshape Squeeze ExpandDims ConcatV2 Pack Pad Mean Fill Prod Slice StridedSlice SpaceToBatchND Const";

/** A copy of a graph with a few nodes changed: attributes, inputs, operations. */
function mutated({ node }: GraphDef, below: (n: number) => number): GraphDef {
  const graph = graphOf(), ops = operations.split(" ");
  graph.node = node.slice();
  const pick = <T>(items: readonly T[]) => items[below(items.length)];
  for (let change = 0; change <= below(3); change++) {
    const place = below(node.length), old = graph.node[place];
    const n = graph.node[place] = { ...old, attr: { ...old.attr }, input: old.input.slice() };
    const key = pick(Object.keys(n.attr)) ?? "value";
    const odd = [
      attributeOf.integer(below(9) - 4),
      attributeOf.integers([1, below(4), below(4), 1]),
      attributeOf.shape([below(5) - 1]),
      attributeOf.tensor({ dtype: "int32", shape: [2], data: Int32Array.of(below(9) - 4, below(9)) }),
      attributeOf.tensor({ dtype: "float32", shape: [0], data: new Float32Array() }),
    ];
    const kind = below(5);
    if (kind === 0) delete n.attr[key];
    else if (kind === 1) n.op = pick(ops);
    else if (kind === 2) n.input[below(n.input.length + 1)] = pick(node).name + pick(["", ":1", ":0"]);
    else if (kind === 3) n.input.splice(below(n.input.length + 1), 1);
    else n.attr[key] = pick(odd);
  }
  return graph;
}

Deno.test("two thousand graphs with odd changes are recorded, or refused by a node's name", async () => {
  const path = new URL("fixtures/graphdef/lenet48_rgb_inf_graph.pb", import.meta.url).pathname;
  const inference = await readGraph(path), outputs = ["Predictions/Reshape_1"];
  const { graph } = await freezeGraph(inference, await formulaCheckpoint(inference), { outputs });
  const next = uniforms(1, 2), below = (n: number) => Math.floor(next() * n);
  let recorded = 0, refusals = 0;
  for (let i = 0; i < 2000; i++) {
    const start = performance.now();
    try {
      recordGraph(new Tape(), mutated(graph, below), { feeds: { input: [1, 28, 28, 3] }, outputs });
      recorded++;
    } catch (thrown) {
      refusals++;
      assert(thrown instanceof RangeError || thrown instanceof TypeError, String(thrown));
      assert(/^Cannot (import|find|use|order) /.test(thrown.message), thrown.message);
      assert(!/undefined|not a function|not iterable/.test(thrown.message), thrown.message);
    }
    assert(performance.now() - start < 1000);
  }
  assert(recorded > 300 && refusals > 300, `${recorded} recorded, ${refusals} refused`);
});
