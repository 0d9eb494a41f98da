/** GraphDef files: binary and text, attributes, tensors, and the .proto file that the code was generated from. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { create, equals } from "npm:@bufbuild/protobuf@2.17.0";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { DataLossError } from "../formats/errors.ts";
import {
  attributeOf,
  dtypeAttribute,
  integersAttribute,
  shapeAttribute,
  tensorAttribute,
  textAttribute,
} from "../formats/graph_def/attributes.ts";
import { decodeGraph, decodeMetaGraph, encodeGraph, printGraph } from "../formats/graph_def/graph_def.ts";
import {
  AttrValueSchema,
  DataType,
  file_graph_def_graph,
  GraphDefSchema,
  TensorProtoSchema,
} from "../formats/graph_def/graph_pb.ts";
import { checkTensor, protoOf, tensorOf } from "../formats/graph_def/tensor_value.ts";
import { MessageWriter } from "../formats/message_writer.ts";
import { readGraph, readPacked } from "./goldens/_graph_files.ts";
import { constant, graphOf, node, placeholder } from "./_graphs.ts";

const fixtures = new URL("fixtures/graphdef/", import.meta.url).pathname;
const utf8 = new TextEncoder();

Deno.test("the descriptors have the fields of graph.proto", async () => {
  const source = await Deno.readTextFile(new URL("../formats/graph_def/graph.proto", import.meta.url));
  const written = [...source.matchAll(/^ +(?:repeated |map<string, )?[\w.]+>? (\w+) = (\d+);/gm)];
  const inMessages = (messages: typeof file_graph_def_graph.messages): string[] =>
    messages.flatMap((m) => [
      ...m.fields.map((f) => `${f.name} ${f.number}`),
      ...inMessages(m.nestedMessages.filter((inner) => !inner.typeName.endsWith("Entry"))),
    ]);
  const described = inMessages(file_graph_def_graph.messages);
  assertEquals(described.sort(), written.map(([, name, number]) => `${name} ${number}`).sort());
  assert(described.length > 50);
  assertEquals(DataType.DT_HALF_REF, 119);
});

Deno.test("graphs come back from bytes and from text, TensorFlow's and ours", async () => {
  const graph = await readGraph(`${fixtures}lenet_inf_graph.pb`);
  const text = decodeGraph(await readPacked(`${fixtures}lenet_inf_graph.pbtxt.gz`), "graph.pbtxt");
  const known = graph.node.map((n) => ({ ...n, $unknown: undefined }));
  assert(
    equals(GraphDefSchema, text, { ...graph, node: known }),
    "TensorFlow's text and bytes are one graph",
  );
  assert(equals(GraphDefSchema, decodeGraph(encodeGraph(graph), "again"), graph));
  const printed = decodeGraph(utf8.encode(printGraph(graph)), "printed.pbtxt");
  assert(equals(GraphDefSchema, printed, { ...graph, node: known }));
});

Deno.test("fields that are not in graph.proto are kept in bytes and passed over in text", () => {
  const inner = new MessageWriter().string(1, "a").string(2, "NoOp").string(99, "kept");
  const bytes = new MessageWriter().message(1, inner).string(77, "kept too").finish();
  assertEquals(encodeGraph(decodeGraph(bytes, "graph.pb")), bytes);
  const text =
    'node { name: "a" op: "NoOp" experimental_type { type_id: TFT_PRODUCT args { s: "x" } } } library { }';
  assertEquals(decodeGraph(utf8.encode(text), "graph.pbtxt").node[0].name, "a");
});

Deno.test("decodeMetaGraph() finds the graph of a .meta file", () => {
  const graph = encodeGraph(graphOf(placeholder("x", [-1, 2])));
  const meta = new MessageWriter().message(1, new MessageWriter().string(1, "info")).message(2, graph)
    .finish();
  assertEquals(decodeMetaGraph(meta, "model.meta").node[0].name, "x");
  assertThrows(() => decodeMetaGraph(new Uint8Array(), "model.meta"), DataLossError, "it holds no nodes");
});

Deno.test("errors in text name the file and the line", () => {
  const read = (text: string) => decodeGraph(utf8.encode(text), "graph.pbtxt");
  const cannot = 'Cannot read "graph.pbtxt" as the text of a GraphDef: ';
  assertThrows(
    () => read('node {\n  name: "a"\n  nam: "b"\n}\n# end\n'),
    DataLossError,
    `${cannot}line 3: unknown field "nam"`,
  );
  assertThrows(() => read('node {\n  name: "a\n}\n'), DataLossError, `${cannot}line 2: `);
  assertThrows(() => read("node {\n  name: 3 }"), DataLossError, `${cannot}line 2: expected a string`);
  assertThrows(() => read('node {\n  name: "a"\n'), DataLossError, `${cannot}line 3: unexpected end`);
  assertThrows(() => read("node {".repeat(1e5)), DataLossError, cannot);
  assertThrows(
    () => read("node{}".repeat(1.1e6)),
    DataLossError,
    `${cannot}it has more than 1048576 messages`,
  );
});

const tensors: Tensor[] = [
  { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, -2.5, 1e-30, Infinity) },
  { dtype: "float32", shape: [], data: Float32Array.of(0.1) },
  { dtype: "float64", shape: [1], data: Float64Array.of(0.1) },
  { dtype: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0xbc00, 0x7bff) },
  { dtype: "bfloat16", shape: [1], data: Uint16Array.of(0x3f80) },
  { dtype: "int32", shape: [3], data: Int32Array.of(1, -2, 2 ** 31 - 1) },
  { dtype: "int32", shape: [], data: Int32Array.of(-7) },
  { dtype: "int64", shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
  { dtype: "int64", shape: [2], data: BigInt64Array.of(5n, -5n) },
  { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255) },
  { dtype: "bool", shape: [], data: Uint8Array.of(1) },
  { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) },
  { dtype: "complex64", shape: [1], data: Float32Array.of(1, -1) },
  { dtype: "string", shape: [2], data: [utf8.encode("naïve"), Uint8Array.of(0xff)] },
  { dtype: "float32", shape: [0], data: new Float32Array() },
];

Deno.test("protoOf() and tensorOf() are inverse for every type, alone and in files of both kinds", () => {
  for (const tensor of tensors) {
    const what = `${tensor.dtype} [${tensor.shape}]`, proto = protoOf(tensor);
    assertEquals(tensorOf(proto), tensor, what);
    assertEquals(checkTensor(proto).shape, tensor.shape, what);
    const graph = graphOf(constant("c", tensor));
    for (const bytes of [encodeGraph(graph), utf8.encode(printGraph(graph))]) {
      assertEquals(tensorAttribute(decodeGraph(bytes, what).node[0], "value"), tensor, what);
    }
  }
});

Deno.test("tensorOf() repeats the last value where there are fewer than the shape has", () => {
  const read = (init: object, sizes: number[]) =>
    tensorOf(create(TensorProtoSchema, {
      ...init,
      tensorShape: { dim: sizes.map((size) => ({ size: BigInt(size) })) },
    })).data;
  assertEquals(read({ dtype: 1, floatVal: [1, 2] }, [2, 2]), Float32Array.of(1, 2, 2, 2));
  assertEquals(read({ dtype: 3, intVal: [7] }, [3]), Int32Array.of(7, 7, 7));
  assertEquals(read({ dtype: 9 }, [2]), BigInt64Array.of(0n, 0n));
  assertEquals(read({ dtype: 8, scomplexVal: [1, 2] }, [2]), Float32Array.of(1, 2, 1, 2));
  assertEquals(read({ dtype: 7, stringVal: [utf8.encode("x")] }, [2]), [utf8.encode("x"), utf8.encode("x")]);
});

Deno.test("tensorOf() refuses what does not fit, and what would take too much memory", () => {
  const read = (init: object, sizes: number[], unknownRank = false) => () =>
    tensorOf(create(TensorProtoSchema, {
      ...init,
      tensorShape: { dim: sizes.map((size) => ({ size: BigInt(size) })), unknownRank },
    }));
  assertThrows(read({ dtype: 20 }, []), TypeError, "the type resource, which is not supported");
  assertThrows(read({ dtype: 1, floatVal: [1, 2, 3] }, [2]), RangeError, "shape [2] has 3 values");
  assertThrows(
    read({ dtype: 1, tensorContent: new Uint8Array(7) }, [2]),
    RangeError,
    "shape [2] has 1.75 values",
  );
  assertThrows(read({ dtype: 1 }, [-1]), RangeError, "the impossible shape [-1]");
  assertThrows(read({ dtype: 1 }, [2 ** 40, 2 ** 40]), RangeError, "the impossible shape");
  assertThrows(read({ dtype: 1 }, [], true), RangeError, "values but no shape");
  assertThrows(read({ dtype: 1, floatVal: [0] }, [2 ** 20, 2 ** 20]), RangeError, "more than 268435456");
  assertThrows(read({ dtype: 7 }, [2 ** 30]), RangeError, "more than 268435456");
});

Deno.test("attributes are read with their types, and names of nodes are in the messages", () => {
  const n = node("conv", "Conv2D", [], {
    strides: attributeOf.integers([1, 2, 2, 1]),
    padding: attributeOf.text("SAME"),
    T: create(AttrValueSchema, {
      value: { case: "type", value: 101 },
    }),
    shape: attributeOf.shape([-1, 3]),
  });
  assertEquals(integersAttribute(n, "strides"), [1, 2, 2, 1]);
  assertEquals(textAttribute(n, "padding"), "SAME");
  assertEquals(dtypeAttribute(n, "T"), "float32");
  assertEquals(shapeAttribute(n, "shape"), [-1, 3]);
  assertEquals(textAttribute(n, "absent"), undefined);
  assertThrows(
    () => textAttribute(n, "strides"),
    TypeError,
    'Cannot use node "conv" (Conv2D): its attribute "strides" holds list instead of s',
  );
});
