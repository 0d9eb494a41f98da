/** What is particular to NASNet and PNASNet: drop path, auxiliary head, where they end, wiring, odd depths, bounds, errors. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { DropoutMask } from "../kernels/dropout.ts";
import { buildNet, type NetOptions } from "../nets/net.ts";
import { getNet, nets } from "../nets/nets_factory.ts";
import { type Node, Tape } from "../tape/tape.ts";

/** Records a net for two images with five classes. */
function build(name: string, options: Partial<NetOptions> & { size?: [number, number] } = {}) {
  const tape = new Tape(), { size = [96, 96], ...rest } = options;
  const images = tape.feed("images", [2, ...size, 3]);
  return { tape, ...buildNet(tape, getNet(name), images, { numClasses: 5, isTraining: false, ...rest }) };
}

type Built = ReturnType<typeof build>;
const shapeOf = ({ tape }: Built, name: string) => tape.variables.get(name)?.shape;
const nodesOf = ({ tape }: Built, operation: string) =>
  tape.nodes.filter((node) => node.operation.name === operation);
const maskOf = (node: Node) => node.attributes as DropoutMask;

/** Cells in order, and the cell that the auxiliary head follows. */
const layouts: Record<string, { cells: number; stem: boolean; reductions: number[]; auxiliary: number }> = {
  nasnet_cifar: { cells: 18, stem: false, reductions: [6, 12], auxiliary: 11 },
  nasnet_mobile: { cells: 12, stem: true, reductions: [4, 8], auxiliary: 7 },
  nasnet_large: { cells: 18, stem: true, reductions: [6, 12], auxiliary: 11 },
  pnasnet_mobile: { cells: 9, stem: true, reductions: [], auxiliary: 5 },
  pnasnet_large: { cells: 12, stem: true, reductions: [], auxiliary: 7 },
};

/** Scopes of all cells. */
function scopesOf(name: string): string[] {
  const { cells, stem, reductions } = layouts[name];
  const body = Array.from({ length: cells }, (_, i) => {
    const reduction = reductions.indexOf(i);
    return reduction < 0 ? [`cell_${i}`] : [`reduction_cell_${reduction}`, `cell_${i}`];
  });
  return [...stem ? ["cell_stem_0", "cell_stem_1"] : [], ...body.flat()];
}

Deno.test("all NASNets are tested here", () => {
  assertEquals(Object.keys(layouts), [...nets.keys()].filter((name) => name.includes("nasnet")));
});

for (const [name, { auxiliary }] of Object.entries(layouts)) {
  Deno.test(`${name}: drop path grows from cell to cell, and leaves out what is no operation`, () => {
    const built = build(name, { isTraining: true, dropPathKeepProb: 0.7, totalTrainingSteps: 300 });
    const drops = nodesOf(built, "dropPath"), scopes = scopesOf(name);
    for (const [i, scope] of scopes.entries()) {
      const masks = drops.filter((node) => node.scope.startsWith(`${scope}/`)).map(maskOf);
      const isNormal = name.startsWith("nasnet") && scope.startsWith("cell_") && !scope.includes("stem");
      assertEquals(masks.length, isNormal ? 8 : 9, scope); // ten operations without one or two identities
      for (const { keep, burnInSteps } of masks) {
        assertAlmostEquals(keep, 1 - 0.3 * (i + 1) / scopes.length, 1e-12);
        assertEquals(burnInSteps, 300);
      }
    }
    assertEquals(new Set(drops.map((node) => maskOf(node).operation)).size, drops.length);
    for (const options of [{ isTraining: false }, { isTraining: true, dropPathKeepProb: 1 }]) {
      assertEquals(nodesOf(build(name, options), "dropPath"), []);
    }
  });

  Deno.test(`${name}: the auxiliary head is there in training alone, where it is wanted and there are classes`, () => {
    const scope = `aux_${auxiliary}/aux_logits`;
    const heads: [Partial<NetOptions>, boolean][] = [
      [{ isTraining: true }, true],
      [{ isTraining: false }, false],
      [{ isTraining: true, createAuxLogits: false }, false],
      [{ isTraining: true, numClasses: 0 }, false],
    ];
    for (const [options, expected] of heads) {
      const built = build(name, options);
      assertEquals(built.auxLogits?.shape, expected ? [2, 5] : undefined);
      assertEquals([...built.tape.variables.keys()].some((v) => v.startsWith("aux_")), expected);
    }
    const [small, wide] = [[96, 96], [96, 224]].map((size) =>
      build(name, { isTraining: true, size: size as [number, number] })
    );
    const windows = name === "nasnet_cifar" ? [[15, 15], [15, 36]] : [[1, 1], [1, 4]];
    assertEquals(
      [small, wide].map((built) => shapeOf(built, `${scope}/Conv/weights`)),
      windows.map((window) => [...window, 128, 768]),
    );
  });

  Deno.test(`${name} ends at any of its end points`, () => {
    const all = [...build(name).endPoints.keys()];
    for (const [i, finalEndpoint] of all.entries()) {
      const { endPoints, logits } = build(name, { finalEndpoint });
      assertEquals([...endPoints.keys()], all.slice(0, i + 1));
      const result = finalEndpoint === "Predictions" ? "Logits" : finalEndpoint;
      assert(logits === endPoints.get(result));
    }
  });

  Deno.test(`${name}: with bounds it has the same variables, relu6 in place of relu, and all sums bounded`, () => {
    const [usual, bounded] = [false, true].map((useBoundedActivation) =>
      build(name, { useBoundedActivation })
    );
    const shapes = ({ tape }: Built) => [...tape.variables].map(([v, { shape }]) => [v, ...shape]);
    assertEquals(shapes(bounded), shapes(usual));
    assertEquals(nodesOf(bounded, "relu"), []);
    assertEquals(nodesOf(usual, "relu6"), []);
    const clipped = new Set(nodesOf(bounded, "relu6").map((node) => node.inputs[0]));
    const sums = nodesOf(bounded, "add").filter((node) => /comb_iter_\d\/combine$/.test(node.scope));
    assertEquals(sums.length, 5 * scopesOf(name).length);
    for (const sum of sums) assert(clipped.has(sum.outputs[0]), sum.scope);
  });
}

Deno.test("factorized reduction: the second path sees the pixels that the first one drops, and has the odd channel", () => {
  const built = build("pnasnet_mobile");
  assertEquals(shapeOf(built, "cell_stem_1/path1_conv/weights"), [1, 1, 32, 13]);
  assertEquals(shapeOf(built, "cell_stem_1/path2_conv/weights"), [1, 1, 32, 14]);
  const margins = ["pad", "crop"].map((operation) =>
    nodesOf(built, operation).find((node) => node.scope === "cell_stem_1")?.attributes
  );
  assertEquals(margins, [{ top: 0, bottom: 1, left: 0, right: 1 }, { top: 1, bottom: 0, left: 1, right: 0 }]);
});

/** Cells around a reduction, and the two layers that each takes. */
const wiring: [string, scope: string, layerBeforeLast: string, last: string][] = [
  ["nasnet_mobile", "reduction_cell_0", "cell_2", "cell_3"],
  ["nasnet_mobile", "cell_4", "cell_3", "reduction_cell_0"],
  ["nasnet_mobile", "cell_5", "reduction_cell_0", "cell_4"],
  ["nasnet_large", "reduction_cell_0", "cell_4", "cell_5"],
  ["nasnet_large", "cell_6", "cell_4", "reduction_cell_0"], // cell_5, the reduction cell's input, is skipped
  ["nasnet_large", "cell_7", "reduction_cell_0", "cell_6"],
  ["pnasnet_mobile", "cell_0", "cell_stem_0", "cell_stem_1"],
  ["pnasnet_mobile", "cell_3", "cell_1", "cell_2"],
  ["pnasnet_mobile", "cell_4", "cell_2", "cell_3"],
];

for (const [name, scope, ...layers] of wiring) {
  Deno.test(`${name}: ${scope} takes ${layers.join(" and ")}`, () => {
    const entries = nodesOf(build(name), "relu").filter((node) => node.scope === scope);
    assertEquals(
      entries.map((node) => node.inputs[0].label),
      layers.map((layer) => `${layer}/cell_output/concat`),
    );
  });
}

const variants: [string, Parameters<typeof build>[1], logits: number[]][] = [
  ["nasnet_cifar", { size: [1, 1] }, [2, 5]],
  ["nasnet_cifar", { numClasses: 0, size: [32, 32] }, [2, 768]],
  ["nasnet_mobile", { size: [3, 3] }, [2, 5]],
  ["nasnet_mobile", { size: [37, 100], numClasses: 0 }, [2, 1056]],
  ["nasnet_large", { numClasses: 0 }, [2, 4032]],
  ["pnasnet_mobile", { size: [65, 66], numClasses: 0 }, [2, 1080]],
  ["pnasnet_large", { numClasses: 0 }, [2, 4320]],
];

for (const [name, options, logits] of variants) {
  Deno.test(`${name} with ${JSON.stringify(options)} gives [${logits}]`, () => {
    assertEquals(build(name, options).logits.shape, logits);
  });
}

const errors: [string, Parameters<typeof build>[1], string][] = [
  [
    "nasnet_mobile",
    { finalEndpoint: "Cell_12" },
    "Cannot build nasnet_mobile with finalEndpoint Cell_12: it must be Stem, Cell_0, ",
  ],
  [
    "pnasnet_large",
    { finalEndpoint: "Reduction_Cell_0" },
    "Cannot build pnasnet_large with finalEndpoint Reduction_Cell_0: it must be Stem, Cell_0, ",
  ],
  ["nasnet_large", { size: [2, 2] }, "Cannot apply conv2d in conv0 to [2,2,2,3], [3,3,3,96]: "],
  [
    "nasnet_cifar",
    { size: [8, 8], isTraining: true },
    "Cannot apply avgPool2d in aux_11/aux_logits/AvgPool2D to [2,4,4,384]: a window of 5x5 ",
  ],
  [
    "pnasnet_mobile",
    { isTraining: true, dropPathKeepProb: 0 },
    "Cannot drop out in cell_stem_0/comb_iter_0/left: keepProb 0 is outside (0, 1]",
  ],
  ["nasnet_mobile", { baseOnly: true }, "Cannot build nasnet_mobile with baseOnly: it takes finalEndpoint, "],
];

for (const [name, options, text] of errors) {
  Deno.test(`${name} fails with ${JSON.stringify(options)}`, () => {
    const { message } = assertThrows(() => build(name, options), RangeError);
    assertEquals(message.slice(0, text.length), text);
  });
}
