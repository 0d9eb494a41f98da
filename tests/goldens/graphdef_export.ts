/**
 * Topic `graphdef`, exported graphs: what TF-Slim's export_inference_graph wrote, node for node.
 *
 * Which net was exported, and how, is read from the file: net and classes from its variables, images from its placeholder,
 * training from its nodes, the data set's stray zeros from the first node. `exported.json` has digests of many more graphs.
 */
import { create, equals } from "npm:@bufbuild/protobuf@2.17.0";
import { exportGraphDef } from "../../export/graph_def/export.ts";
import { shapeAttribute, tensorAttribute } from "../../formats/graph_def/attributes.ts";
import { decodeGraph, encodeGraph, printGraph } from "../../formats/graph_def/graph_def.ts";
import {
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
} from "../../formats/graph_def/graph_pb.ts";
import { lenet } from "../../nets/lenet.ts";
import { buildNet, type Net } from "../../nets/net.ts";
import { nets } from "../../nets/nets_factory.ts";
import { Tape } from "../../tape/tape.ts";
import { checkNodes, exists, readPacked } from "./_graph_files.ts";
import { ExactChecks, type GoldenCase, listDirectory, readJson, toHex } from "./report.ts";

const FLOAT = 1;

/** Files of the topic that are graphs without weights. */
const EXPORTED = /_inf_graph.*\.pb(txt)?(\.gz)?$/;

/** What a graph was exported with. */
interface Settings {
  readonly net: Net;
  readonly numClasses: number;
  readonly isTraining: boolean;
  /** [n, height, width, channels], -1 for an open batch. */
  readonly images: readonly number[];
  readonly strayZeros?: readonly number[];
}

/** LeNet with another width of fc3, as the small graphs of this topic have it. */
function lenetOfWidth(units: number): Net {
  return {
    ...lenet,
    build(root, images, { numClasses, dropoutKeepProb: keepProb }) {
      const s = root.scope("LeNet");
      let x = s.maxPool2d(s.conv2d(images, 32, 5, { scope: "conv1" }), 2, { scope: "pool1" });
      x = s.maxPool2d(s.conv2d(x, 64, 5, { scope: "conv2" }), 2, { scope: "pool2" });
      x = s.dropout(s.fullyConnected(s.flatten(x), units, { scope: "fc3" }), { keepProb, scope: "dropout3" });
      const logits = s.fullyConnected(x, numClasses, { activation: null, scope: "fc4" });
      s.endPoint("Predictions", root.softmax(logits, { scope: "Predictions" }));
      return logits;
    },
  };
}

/** The net whose variables a graph has, in their shapes. */
function netOf(
  variables: ReadonlyMap<string, readonly number[]>,
  settings: Omit<Settings, "net" | "numClasses">,
) {
  const listed = (shapes: Iterable<readonly [string, readonly number[]]>) =>
    Array.from(shapes, ([name, shape]) => `${name} [${shape}]`).sort().join("\n");
  const expected = listed(variables), width = variables.get("LeNet/fc3/biases")?.[0];
  for (const net of [...nets.values(), ...width ? [lenetOfWidth(width)] : []]) {
    const head = [...variables].find(([name]) => name.startsWith(`${net.headScopes[0]}/`));
    if (!head) continue;
    const numClasses = head[1].at(-1)!;
    try {
      const { tape } = record({ ...settings, net, numClasses });
      if (listed([...tape.variables].map(([name, { shape }]) => [name, shape])) === expected) {
        return { net, numClasses };
      }
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown; // another net, that does not take such images
    }
  }
  throw new Error("no net of the registry has the graph's variables");
}

function settingsOf({ node }: GraphDef): Settings {
  const variables = node.filter(({ op, attr }) => op === "VariableV2" && attr.dtype?.value.value === FLOAT);
  const shapes = new Map(variables.map((v) => [v.name, shapeAttribute(v, "shape")!]));
  const isTrained = (n: NodeDef) =>
    n.op === "AssignSub" || n.op === "RandomUniform" && !n.name.includes("/Initializer/");
  const zeros = node.find(({ name }) => name === "zeros");
  const settings = {
    isTraining: node.some(isTrained),
    images: shapeAttribute(node.find(({ op }) => op === "Placeholder")!, "shape")!,
    strayZeros: zeros && tensorAttribute(zeros, "value")?.shape,
  };
  return { ...settings, ...netOf(shapes, settings) };
}

function record({ net, images: [n, height, width, channels], numClasses, isTraining }: Settings) {
  const tape = new Tape(), images = tape.feed("images", [n === -1 ? 1 : n, height, width, channels]);
  return { tape, images, ...buildNet(tape, net, images, { numClasses, isTraining }) };
}

function exportAgain(settings: Settings): GraphDef {
  const { images: [n], strayZeros } = settings;
  return exportGraphDef({ ...record(settings), hasOpenBatch: n === -1, strayZeros }).graph;
}

/** Types that TensorFlow's own inference adds, and that are no part of the graph's meaning, are left out. */
function known(node: NodeDef): NodeDef {
  return { ...node, $unknown: undefined };
}

async function compare(directory: string, file: string): Promise<ExactChecks> {
  const checks = new ExactChecks(), path = `${directory}/${file}`;
  const expected = decodeGraph(await readPacked(path), path), made = exportAgain(settingsOf(expected));
  const bytes = /\.pbtxt/.test(file) ? new TextEncoder().encode(printGraph(made)) : encodeGraph(made);
  const actual = decodeGraph(bytes, `our ${file}`);
  checks.equal(actual.versions?.producer, expected.versions?.producer, "producer");
  checks.equal(actual.node.length, expected.node.length, "number of nodes");
  for (const [i, node] of expected.node.entries()) {
    const ours = actual.node[i];
    checks.equal(ours?.name, node.name, `name of node ${i}`);
    checks.equal(ours?.op, node.op, `operation of ${node.name}`);
    checks.equal(ours?.input, node.input, `inputs of ${node.name}`);
    checks.check(
      ours && equals(NodeDefSchema, known(ours), known(node)),
      `attributes of ${node.name} differ`,
    );
  }
  if (await exists(`${path}.nodes.json`)) checkNodes(checks, actual, await readJson(`${path}.nodes.json`));
  return checks;
}

/** A graph of {@linkcode DIGESTS}: SHA-256 of all nodes as {@linkcode digestOf} takes it. */
interface Digest {
  readonly model_name: string;
  readonly num_classes: number;
  readonly is_training: boolean;
  readonly batch_size: number | null;
  readonly nodes: number;
  readonly sha256: string;
}

/** File with digests of graphs. */
const DIGESTS = "exported.json";

/** SHA-256 of a graph's nodes in the binary form, their attributes by name, as hexadecimal digits. */
export async function digestOf({ node }: GraphDef): Promise<string> {
  const sorted = node.map((n) => ({
    ...known(n),
    attr: Object.fromEntries(Object.entries(n.attr).sort(([a], [b]) => a < b ? -1 : 1)),
  }));
  const bytes = encodeGraph(create(GraphDefSchema, { node: sorted }));
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

async function compareDigest({ model_name, batch_size, ...digest }: Digest): Promise<ExactChecks> {
  const checks = new ExactChecks(), net = nets.get(model_name)!, side = net.defaultImageSize;
  const made = exportAgain({
    net,
    numClasses: digest.num_classes,
    isTraining: digest.is_training,
    images: [batch_size ?? -1, side, side, 3],
  });
  checks.equal(made.node.length, digest.nodes, "number of nodes");
  checks.equal(await digestOf(made), digest.sha256, "digest of the nodes");
  return checks;
}

/** The cases of a directory of this topic. */
export async function* exportCases(directory: string): AsyncGenerator<GoldenCase> {
  for (const file of await listDirectory(directory)) {
    if (EXPORTED.test(file)) yield { name: `export ${file}`, run: () => compare(directory, file) };
    if (file !== DIGESTS) continue;
    for (const digest of await readJson(`${directory}/${file}`) as Digest[]) {
      const { model_name, is_training, batch_size } = digest;
      const options = `${is_training ? " --is_training" : ""}${
        batch_size ? ` --batch_size=${batch_size}` : ""
      }`;
      yield { name: `export ${model_name}${options}`, run: () => compareDigest(digest) };
    }
  }
}
