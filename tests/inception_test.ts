/** What is particular to the Inception nets: the base alone, thinned depths, image sizes, the auxiliary head, errors. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { buildNet, type NetOptions } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { Tape } from "../tape/tape.ts";

/** Records a net for two images with five classes. */
function build(name: string, options: Partial<NetOptions> & { size?: [number, number] } = {}) {
  const net = getNet(name), tape = new Tape(), side = net.defaultImageSize;
  const { size = [side, side], ...rest } = options;
  const images = tape.feed("images", [2, ...size, 3]);
  return { tape, ...buildNet(tape, net, images, { numClasses: 5, isTraining: false, ...rest }) };
}

const ends = {
  inception_v1: "Mixed_5c",
  inception_v2: "Mixed_5c",
  inception_v3: "Mixed_7c",
  inception_v4: "Mixed_7d",
  inception_resnet_v2: "Conv2d_7b_1x1",
};

for (const [name, end] of Object.entries(ends)) {
  Deno.test(`${name}: the base ends at any of its end points`, () => {
    const all = [...build(name, { baseOnly: true }).endPoints.keys()];
    assertEquals(all[all.length - 1], end);
    for (const [i, finalEndpoint] of all.entries()) {
      const { endPoints, logits } = build(name, { baseOnly: true, finalEndpoint });
      assertEquals([...endPoints.keys()], all.slice(0, i + 1));
      assertEquals(endPoints.get(finalEndpoint), logits);
    }
  });
}

const variants: [string, Parameters<typeof build>[1], logits: number[], auxLogits?: number[]][] = [
  ["inception_v1", { size: [320, 320], spatialSqueeze: false }, [2, 4, 4, 5]],
  ["inception_v1", { size: [320, 200], globalPool: true }, [2, 5]],
  ["inception_v2", { size: [640, 640], spatialSqueeze: false }, [2, 7, 7, 5]],
  ["inception_v2", { size: [120, 90] }, [2, 5]],
  ["inception_v2", { useSeparableConv: false }, [2, 5]],
  ["inception_v2", { numClasses: 0 }, [2, 1, 1, 1024]],
  ["inception_v3", { size: [400, 400], spatialSqueeze: false }, [2, 2, 2, 5], [2, 3, 3, 5]],
  ["inception_v3", { size: [139, 203] }, [2, 5], [2, 5]],
  ["inception_v3", { size: [400, 400], globalPool: true, createAuxLogits: false }, [2, 5]],
  ["inception_v3", { numClasses: 0 }, [2, 1, 1, 2048]],
  ["inception_v4", { size: [139, 203] }, [2, 5], [2, 5]],
  ["inception_v4", { size: [80, 80], createAuxLogits: false }, [2, 5]],
  ["inception_v4", { numClasses: 0 }, [2, 1, 1, 1536]],
  ["inception_resnet_v2", { size: [203, 139] }, [2, 5], [2, 5]],
  ["inception_resnet_v2", { size: [80, 80], createAuxLogits: false }, [2, 5]],
  ["inception_resnet_v2", { baseOnly: true, alignFeatureMaps: true }, [2, 10, 10, 1536]],
  ["inception_resnet_v2", { baseOnly: true, outputStride: 8, finalEndpoint: "PreAuxLogits" }, [
    2,
    33,
    33,
    1088,
  ]],
  ["inception_resnet_v2", { numClasses: 0 }, [2, 1, 1, 1536]],
];

for (const [name, options, logits, auxLogits] of variants) {
  Deno.test(`${name} with ${JSON.stringify(options)} gives [${logits}]`, () => {
    const built = build(name, options);
    assertEquals([built.logits.shape, built.auxLogits?.shape], [logits, auxLogits]);
  });
}

Deno.test("inception_v3: the auxiliary head's second window is as large as the map, and its scope says so", () => {
  for (const [size, window] of [[[299, 299], [5, 5]], [[139, 203], [1, 3]]] as [number, number][][]) {
    const { tape } = build("inception_v3", { size });
    const scope = `InceptionV3/AuxLogits/Conv2d_2a_${window.join("x")}`;
    assertEquals(tape.variables.get(`${scope}/weights`)?.shape, [...window, 128, 768]);
  }
});

Deno.test("inception_v4, inception_resnet_v2: the auxiliary head's second window is as large as the map", () => {
  const windows = {
    inception_v4: "InceptionV4/AuxLogits/Conv2d_2a",
    inception_resnet_v2: "InceptionResnetV2/AuxLogits/Conv2d_2a_5x5",
  };
  for (const [name, scope] of Object.entries(windows)) {
    const { tape } = build(name, { size: [139, 400] });
    assertEquals(tape.variables.get(`${scope}/weights`)?.shape, [1, 7, 128, 768]);
  }
});

Deno.test("inception_resnet_v2: repeated blocks are numbered; the last one is linear and not scaled", () => {
  const { tape } = build("inception_resnet_v2");
  const blocks = [...tape.variables.keys()].filter((name) => name.endsWith("Conv2d_1x1/biases"));
  assertEquals([blocks.length, blocks[0], blocks[39]], [
    40,
    "InceptionResnetV2/Repeat/block35_1/Conv2d_1x1/biases",
    "InceptionResnetV2/Block8/Conv2d_1x1/biases",
  ]);
  const factors = tape.nodes.filter((n) => n.operation.name === "add").map((n) => n.attributes);
  const expected = [...Array(10).fill(0.17), ...Array(20).fill(0.1), ...Array(9).fill(0.2), 1];
  assertEquals(factors, expected.map((factor) => ({ factor })));
  const relus = tape.nodes.filter((n) => n.operation.name === "relu").map((n) => n.scope);
  assertEquals(relus.includes("InceptionResnetV2/Repeat_2/block8_9"), true);
  assertEquals(relus.includes("InceptionResnetV2/Block8"), false);
});

Deno.test("inception_v2: few depthwise channels where the first layer is thin", () => {
  for (const [depthMultiplier, shape] of [[1, [7, 7, 3, 8]], [0.1, [7, 7, 3, 5]]] as const) {
    const { tape } = build("inception_v2", { depthMultiplier });
    assertEquals(tape.variables.get("InceptionV2/Conv2d_1a_7x7/depthwise_weights")?.shape, [...shape]);
  }
});

Deno.test("depthMultiplier rounds down, and minDepth bounds it", () => {
  const thinned = [
    [{ depthMultiplier: 0.33 }, [1, 1, 126 + 31 + 21 + 21 + 31 + 21, 63]],
    [{ depthMultiplier: 0.01 }, [1, 1, 6 * 16, 16]],
    [{ depthMultiplier: 0.01, minDepth: 2 }, [1, 1, 3 + 5 * 2, 2]],
  ] as const;
  for (const [options, shape] of thinned) {
    const { variables } = build("inception_v3", options).tape;
    assertEquals(variables.get("InceptionV3/Mixed_6b/Branch_0/Conv2d_0a_1x1/weights")?.shape, [...shape]);
  }
});

const errors: [string, Parameters<typeof build>[1], string][] = [
  [
    "inception_v1",
    { baseOnly: true, finalEndpoint: "Mixed_6a" },
    "Cannot build InceptionV1 with finalEndpoint Mixed_6a: it must be Conv2d_1a_7x7, MaxPool_2a_3x3, Conv2d_2b_1x1, ",
  ],
  [
    "inception_v3",
    { finalEndpoint: "Mixed_6a" },
    "Cannot build InceptionV3 with finalEndpoint Mixed_6a: the head follows Mixed_7c; add baseOnly: true",
  ],
  [
    "inception_v2",
    { depthMultiplier: 0 },
    "Cannot build InceptionV2 with depthMultiplier 0: it must be above 0",
  ],
  [
    "inception_v3",
    { depthMultiplier: NaN },
    "Cannot build InceptionV3 with depthMultiplier NaN: it must be above 0",
  ],
  ["inception_v1", { size: [256, 256] }, "Cannot squeeze [2,2,2,5] in InceptionV1/Logits/SpatialSqueeze: "],
  [
    "inception_v3",
    { size: [100, 100] },
    "Cannot apply avgPool2d in InceptionV3/AuxLogits/AvgPool_1a_5x5 to ",
  ],
  [
    "inception_v4",
    { size: [70, 300], createAuxLogits: false },
    "Cannot apply conv2d in InceptionV4/Mixed_7a/Branch_0/Conv2d_1a_3x3 to ",
  ],
  [
    "inception_resnet_v2",
    { size: [100, 300] },
    "Cannot apply avgPool2d in InceptionResnetV2/AuxLogits/Conv2d_1a_3x3 to ",
  ],
  [
    "inception_resnet_v2",
    { outputStride: 32 },
    "Cannot build InceptionResnetV2 with outputStride 32: it must be 8, 16",
  ],
  [
    "inception_resnet_v2",
    { baseOnly: true, outputStride: 8 },
    "Cannot build InceptionResnetV2 with outputStride 8 up to Conv2d_7b_1x1: it reaches as far as PreAuxLogits; ",
  ],
  [
    "inception_resnet_v2",
    { baseOnly: true, outputStride: 8, finalEndpoint: "Mixed_7a" },
    "Cannot build InceptionResnetV2 with outputStride 8 up to Mixed_7a: it reaches as far as PreAuxLogits; ",
  ],
];

for (const [name, options, text] of errors) {
  Deno.test(`${name} fails with ${JSON.stringify(options)}`, () => {
    const { message } = assertThrows(() => build(name, options), RangeError);
    assertEquals(message.slice(0, text.length), text);
  });
}
