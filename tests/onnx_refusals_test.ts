/** ONNX files that are foreign, damaged or made to harm: each is refused with a message that says what is wrong, and at once. */
import process from "node:process";
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { create, type MessageInitShape, toBinary } from "npm:@bufbuild/protobuf@2.17.0";
import { exportOnnx } from "../export/onnx/export.ts";
import { DataLossError } from "../formats/errors.ts";
import { memoryFiles } from "../formats/files.ts";
import {
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as Type,
  type TensorProtoSchema,
} from "../formats/onnx/onnx_pb.ts";
import { decodeOnnx } from "../formats/onnx/read.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { recordOnnx, type RecordOnnxOptions } from "../graphs/onnx/record.ts";
import { getNet } from "../nets/nets_factory.ts";
import { Tape } from "../tape/tape.ts";
import { recordNet, valuesOf } from "./_exported_nets.ts";
import { randomValues } from "./goldens/_formula.ts";

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** A model with a graph of these nodes from `x` [1, 3, 8, 8] to `y`. */
function modelOf(
  node: NodeInit[],
  { initializer = [], dims = [1, 3, 8, 8], opset = 13 }: {
    initializer?: TensorInit[];
    dims?: number[];
    opset?: number;
  } = {},
): Uint8Array {
  const dim = dims.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } }));
  const x = { name: "x", type: { tensorType: { elemType: Type.FLOAT, shape: { dim } } } };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ version: BigInt(opset) }],
      graph: { node, initializer, input: [x], output: [{ name: "y" }] },
    }),
  );
}

const relu = (input: string, output: string): NodeInit => ({
  opType: "Relu",
  name: output,
  input: [input],
  output: [output],
});
const ints = (name: string, values: number[]) => ({ name, type: Kind.INTS, ints: values.map(BigInt) });
const floats = (name: string, dims: number[], count = dims.reduce((a, b) => a * b, 1)): TensorInit => ({
  name,
  dims: dims.map(BigInt),
  dataType: Type.FLOAT,
  rawData: new Uint8Array(4 * count),
});
const conv: NodeInit = { opType: "Conv", name: "conv", input: ["x", "w"], output: ["y"] };

/** Seconds that this process has computed, which other processes do not lengthen. */
function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Reads and records a file, and measures: nothing may take longer than a second. */
function load(bytes: Uint8Array, options?: RecordOnnxOptions): Tape {
  const tape = new Tape(), start = computed();
  try {
    recordOnnx(tape, decodeOnnx(bytes, "a.onnx"), "a.onnx", options);
    return tape;
  } finally {
    assertLess(computed() - start, 1);
  }
}

/** Files and the whole message with which they are refused. */
const refused: Record<
  string,
  [bytes: () => Uint8Array, error: typeof DataLossError | typeof TypeError, message: string]
> = {
  "nothing": [
    () => new Uint8Array(),
    DataLossError,
    'Cannot read "a.onnx": it has no graph; give the file of an ONNX model',
  ],
  "a picture": [
    () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    DataLossError,
    'Cannot read "a.onnx" as a ModelProto: at byte 2 in field 1281: it is cut',
  ],
  "a length beyond the end": [
    () => Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f),
    DataLossError,
    'Cannot read "a.onnx" as a ModelProto: at byte 1 in graph: 4294967295 bytes are announced where 0 are left',
  ],
  "a million nodes": [
    () => modelOf(new Array<NodeInit>(1_000_000).fill({})),
    DataLossError,
    'Cannot read "a.onnx" as a ModelProto: ',
  ],
  "operators of another maker": [
    () => modelOf([{ ...relu("x", "y"), domain: "com.example" }]),
    TypeError,
    'Cannot import "a.onnx": node "y" (Relu): operators of "com.example" are not supported',
  ],
  "an operator that there is not": [
    () => modelOf([{ ...relu("x", "y"), opType: "Einsum" }]),
    TypeError,
    'Cannot import "a.onnx": node "y" (Einsum) is not supported; supported are Add, AveragePool, BatchNormalization, ',
  ],
  "operators that are too old": [
    () => modelOf([relu("x", "y")], { opset: 6 }),
    TypeError,
    'Cannot import "a.onnx": its operators are of version 6, and 7 is the oldest that is read',
  ],
  "a circle": [
    () => modelOf([{ ...relu("x", "a"), opType: "Add", input: ["x", "b"] }, relu("a", "b"), relu("b", "y")]),
    DataLossError,
    'Cannot import "a.onnx": node "a" (Add): its input "b" is computed only after it',
  ],
  "an input that is missing": [
    () => modelOf([relu("nowhere", "y")]),
    DataLossError,
    'Cannot import "a.onnx": node "y" (Relu): there is no value "nowhere"',
  ],
  "an output that is missing": [
    () => modelOf([relu("x", "a")]),
    TypeError,
    'Cannot import "a.onnx": its output "y" is computed by no node',
  ],
  "weights in another file": [
    () =>
      modelOf([conv], {
        initializer: [{
          name: "w",
          dims: [1n],
          dataType: Type.FLOAT,
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: [{ key: "location", value: "../../etc/passwd" }],
        }],
      }),
    DataLossError,
    'Cannot import "a.onnx": tensor "w": its values lie in another file, "../../etc/passwd"; save the model with all data in one',
  ],
  "weights that are not there": [
    () => modelOf([conv], { initializer: [floats("w", [1 << 20, 1 << 20, 3, 3], 9)] }),
    DataLossError,
    'Cannot import "a.onnx": tensor "w": shape [1048576,1048576,3,3] of float32 needs 9895604649984 values, and there are 9',
  ],
  "weights of an impossible shape": [
    () => modelOf([conv], { initializer: [floats("w", [-1, 3, 3, 3], 27)] }),
    DataLossError,
    'Cannot import "a.onnx": tensor "w": it has the impossible shape [-1,3,3,3]',
  ],
  "weights of strings": [
    () => modelOf([conv], { initializer: [{ name: "w", dataType: Type.STRING }] }),
    DataLossError,
    'Cannot import "a.onnx": tensor "w": it has the type STRING, which is not supported',
  ],
  "weights for other images": [
    () => modelOf([conv], { initializer: [floats("w", [4, 5, 3, 3])] }),
    TypeError,
    'Cannot import "a.onnx": node "conv" (Conv): its weights [4,5,3,3] in 1 groups do not fit the 3 channels of its input',
  ],
  "groups that do not fit": [
    () =>
      modelOf([{ ...conv, attribute: [{ name: "group", type: Kind.INT, i: 2n }] }], {
        dims: [1, 4, 8, 8],
        initializer: [floats("w", [5, 2, 3, 3])],
      }),
    TypeError,
    'Cannot import "a.onnx": node "conv" (Conv): its weights [5,2,3,3] in 2 groups do not fit the 4 channels of its input',
  ],
  "a convolution without weights": [
    () => modelOf([{ ...conv, input: ["x"] }]),
    TypeError,
    'Cannot import "a.onnx": node "conv" (Conv): it has no input 1',
  ],
  "weights that are computed": [
    () => modelOf([{ ...conv, input: ["x", "x"] }]),
    TypeError,
    'Cannot import "a.onnx": node "conv" (Conv): its input x is computed by the net; only constants are supported there',
  ],
  "an attribute of another kind": [
    () =>
      modelOf([{ ...conv, attribute: [ints("group", [1])] }], { initializer: [floats("w", [4, 3, 3, 3])] }),
    TypeError,
    'Cannot import "a.onnx": node "conv" (Conv): its attribute group is INTS where INT is expected',
  ],
  "a sequence": [
    () => modelOf([relu("x", "y")], { dims: [1, 3, 8] }),
    TypeError,
    'Cannot import "a.onnx": its input "x" is no batch of images: it has the dimensions [1,3,8]',
  ],
  "images of open size": [
    () => modelOf([relu("x", "y")], { dims: [1, 3, 0, 0] }),
    TypeError,
    'Cannot import "a.onnx": its input "x" leaves the size of the images open: say which',
  ],
  "images that would fill the memory": [
    () => modelOf([relu("x", "y")], { dims: [1, 3, 2 ** 31, 2 ** 31] }),
    TypeError,
    'Cannot import "a.onnx": its images [1,2147483648,2147483648,3] are too large',
  ],
  "values that grow from node to node": [
    () => {
      const double = (i: number): NodeInit => {
        const input = i === 0 ? "x" : `v${i}`,
          output = i === 99 ? "y" : `v${i + 1}`,
          axis = { name: "axis", type: Kind.INT, i: 1n };
        return { opType: "Concat", name: output, input: [input, input], output: [output], attribute: [axis] };
      };
      return modelOf(Array.from({ length: 100 }, (_, i) => double(i)));
    },
    TypeError,
    'Cannot import "a.onnx": node "v23" (Concat): its result [1,8,8,25165824] is too large',
  ],
  "a slice without ends": [
    () =>
      modelOf([{ opType: "Slice", name: "y", input: ["x", "i", "n", "i"], output: ["y"] }], {
        initializer: [
          { name: "i", dims: [1n], dataType: Type.INT64, int64Data: [2n] },
          { name: "n", dims: [0n], dataType: Type.INT64 },
        ],
      }),
    TypeError,
    'Cannot import "a.onnx": node "y" (Slice): its starts [2] and ends [] are not one for each of [2]',
  ],
  "a constant that would fill the memory": [
    () =>
      modelOf([
        { opType: "ConstantOfShape", name: "big", input: ["s"], output: ["c"] },
        { opType: "Add", input: ["x", "c"], output: ["y"] },
      ], { initializer: [{ name: "s", dims: [1n], dataType: Type.INT64, int64Data: [2n ** 40n] }] }),
    TypeError,
    'Cannot import "a.onnx": node "big" (ConstantOfShape): a constant of shape [1099511627776] is too large',
  ],
};

for (const [name, [bytes, error, message]] of Object.entries(refused)) {
  Deno.test(`an ONNX file is refused within a second: ${name}`, () => {
    const file = bytes(), thrown = assertThrows(() => load(file), error).message;
    assertEquals(thrown.slice(0, message.length), message);
    if (!message.endsWith(" ")) assertEquals(thrown, message);
  });
}

Deno.test("the size and number of images that a model leaves open are the caller's, and no others", () => {
  const bytes = modelOf([relu("x", "y")], { dims: [0, 3, 0, 0] });
  const tape = load(bytes, { images: [5, 7, 9, 3] });
  assertEquals([...tape.feeds.values()].map(({ shape }) => shape), [[5, 7, 9, 3]]);
  assertEquals(
    assertThrows(() => load(modelOf([relu("x", "y")]), { images: [1, 8, 9, 3] }), TypeError).message,
    'Cannot import "a.onnx": its input "x" takes images [1,8,8,3], and these are [1,8,9,3]',
  );
});

Deno.test("constants of nodes that have one name stay apart, and one constant stays one", () => {
  const constant = (output: string, value: number): NodeInit => {
    const rawData = new Uint8Array(new Float32Array(9).fill(value).buffer);
    const t = { dims: [3n, 3n, 1n, 1n], dataType: Type.FLOAT, rawData };
    return {
      opType: "Constant",
      name: "c",
      output: [output],
      attribute: [{ name: "value", type: Kind.TENSOR, t }],
    };
  };
  const convolve = (x: string, w: string, y: string): NodeInit => ({
    ...conv,
    name: y,
    input: [x, w],
    output: [y],
  });
  const nodes = [constant("v", 1), constant("w", 2), convolve("x", "v", "a"), convolve("a", "w", "b")];
  const { variables } = load(modelOf([...nodes, convolve("b", "v", "y")]));
  const values = [...variables.values()].map((
    { name, shape, initialize },
  ) => [name, initialize(shape, 0, name)[0]]);
  assertEquals(values, [["c", 1], ["c:1", 2]]);
});

/** A small real model: LeNet. */
async function lenetBytes(): Promise<Uint8Array> {
  const { tape, images, outputs } = recordNet(getNet("lenet"), 1), files = memoryFiles();
  const weights = (name: string) => valuesOf({ tape }, name);
  await writeOnnx(files, "lenet.onnx", exportOnnx({ name: "lenet", images, outputs, weights }));
  return await files.read("lenet.onnx");
}

function loads(bytes: Uint8Array): boolean {
  try {
    load(bytes);
    return true;
  } catch (thrown) {
    assert(thrown instanceof DataLossError || thrown instanceof TypeError, String(thrown));
    assert(
      thrown.message.startsWith('Cannot read "a.onnx"') ||
        thrown.message.startsWith('Cannot import "a.onnx"'),
    );
    return false;
  }
}

Deno.test("an ONNX file that is cut anywhere is refused", async () => {
  const bytes = await lenetBytes();
  assert(loads(bytes));
  for (let size = 0; size < 1500; size++) {
    assertEquals(loads(bytes.subarray(0, size)), false, `${size} bytes`);
  }
  for (let i = 1; i < 50; i++) {
    assertEquals(loads(bytes.subarray(0, Math.floor(bytes.length * i / 50))), false);
  }
});

Deno.test("an ONNX file with changed bytes is read or refused, with a message of this project", async () => {
  const bytes = await lenetBytes(), random = randomValues("mutations", 4000, 0.5, 0.5);
  let refusals = 0;
  for (let i = 0; i < random.length; i += 2) {
    const at = Math.floor(random[i] * 1500), before = bytes[at];
    bytes[at] = Math.floor(random[i + 1] * 256);
    if (!loads(bytes)) refusals++;
    bytes[at] = before;
  }
  assert(refusals > 100, `${refusals}`);
});
