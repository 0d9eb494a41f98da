/**
 * A `GraphDef` by its nodes' names: inputs, what an output needs, an order of execution.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { GraphDef, NodeDef } from "../../formats/graph_def/graph_pb.ts";

/** An input as nodes name it: `node`, `node:1` for another output than the first, `^node` for one that only comes before. */
export interface InputName {
  readonly node: string;
  readonly output: number;
  readonly isControl: boolean;
}

/** Reads the name of an input. */
export function parseInput(text: string): InputName {
  if (text.startsWith("^")) return { node: text.slice(1), output: 0, isControl: true };
  const match = /^(.*):(\d+)$/s.exec(text);
  return match === null
    ? { node: text, output: 0, isControl: false }
    : { node: match[1], output: Number(match[2]), isControl: false };
}

/** Operations that mark what nobody uses as something else than a result. */
const unlikelyOutputs = new Set(["Const", "Assign", "NoOp", "Placeholder"]);

/** Looks up the nodes of a graph. */
export class GraphIndex {
  readonly graph: GraphDef;
  readonly #nodes = new Map<string, NodeDef>();

  /** @throws {TypeError} if two nodes have the same name, or one has none */
  constructor(graph: GraphDef) {
    this.graph = graph;
    for (const node of graph.node) {
      if (node.name === "") throw new TypeError("Cannot use the graph: one of its nodes has no name");
      if (this.#nodes.has(node.name)) {
        throw new TypeError(`Cannot use the graph: it has two nodes with the name "${node.name}"`);
      }
      this.#nodes.set(node.name, node);
    }
  }

  /** Whether there is a node of that name. */
  has(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** The node of that name; throws a RangeError that lists the likely outputs. */
  node(name: string): NodeDef {
    const node = this.#nodes.get(name);
    if (node !== undefined) return node;
    const outputs = this.outputs().slice(0, 5).map((output) => output.name).join(", ");
    throw new RangeError(
      `Cannot find node "${name}": the graph has none of that name${
        outputs === "" ? "" : `; its outputs seem to be ${outputs}`
      }`,
    );
  }

  /** The node behind an input; throws a RangeError that names both ends if there is none. */
  producer(input: InputName, consumer: NodeDef): NodeDef {
    const node = this.#nodes.get(input.node);
    if (node !== undefined) return node;
    throw new RangeError(
      `Cannot use node "${consumer.name}" (${consumer.op}): its input "${input.node}" is not in the graph`,
    );
  }

  /** Nodes that no other uses and that are no constants, assignments or inputs, in the graph's order. */
  outputs(): NodeDef[] {
    const used = new Set(this.graph.node.flatMap(({ input }) => input.map((text) => parseInput(text).node)));
    return this.graph.node.filter(({ name, op }) => !used.has(name) && !unlikelyOutputs.has(op));
  }

  /**
   * Names of the nodes that these need, themselves included.
   *
   * @throws {RangeError} if one is not in the graph
   */
  neededBy(
    names: readonly string[],
    { stops = () => false, withControl = true }: {
      /** Nodes whose inputs are not followed. */
      stops?: (node: NodeDef) => boolean;
      /** Whether what only has to run before is needed. @default {true} */
      withControl?: boolean;
    } = {},
  ): Set<string> {
    const needed = new Set(names), open = names.map((name) => this.node(name));
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (stops(node)) continue;
      for (const text of node.input) {
        const input = parseInput(text);
        if (needed.has(input.node) || (input.isControl && !withControl)) continue;
        needed.add(input.node);
        open.push(this.producer(input, node));
      }
    }
    return needed;
  }

  /**
   * These nodes, each behind its inputs.
   *
   * @param names from {@linkcode neededBy}
   * @throws {RangeError} if some wait for one another, naming a circle
   */
  inOrder(names: ReadonlySet<string>): NodeDef[] {
    const waiting = new Map<string, number>(), users = new Map<string, NodeDef[]>(), ready: NodeDef[] = [];
    for (const node of this.graph.node) {
      if (!names.has(node.name)) continue;
      const inputs = node.input.map((text) => parseInput(text).node).filter((name) => names.has(name));
      waiting.set(node.name, inputs.length);
      if (inputs.length === 0) ready.push(node);
      for (const input of inputs) {
        const list = users.get(input);
        if (list === undefined) users.set(input, [node]);
        else list.push(node);
      }
    }
    const order: NodeDef[] = [];
    for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
      order.push(node);
      for (const user of users.get(node.name) ?? []) {
        const left = waiting.get(user.name)! - 1;
        waiting.set(user.name, left);
        if (left === 0) ready.push(user);
      }
    }
    if (order.length < names.size) this.#failForCircle(waiting);
    return order;
  }

  /** Follows inputs that wait until a node comes again. */
  #failForCircle(waiting: ReadonlyMap<string, number>): never {
    const path: string[] = [], places = new Map<string, number>();
    let name = [...waiting.keys()].find((name) => waiting.get(name)! > 0)!;
    while (!places.has(name)) {
      places.set(name, path.length);
      path.push(name);
      name = this.node(name).input.map((text) => parseInput(text).node)
        .find((input) => waiting.get(input)! > 0)!;
    }
    const circle = [...path.slice(places.get(name)), name], shown = circle.slice(0, 8);
    throw new RangeError(
      `Cannot order the graph: nodes wait for one another: ${shown.join(" <- ")}${
        circle.length > shown.length ? ` <- ... (${circle.length - 1} nodes)` : ""
      }`,
    );
  }
}
