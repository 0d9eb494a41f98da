/** Choices between kernels that compute the same: what goes before what, and how users force one. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { wishedVariant } from "../host/drivers.ts";
import { chooserOf, type Preferences, shapeClass } from "../kernels/choices.ts";
import { kernelsVersion } from "../kernels/version.ts";
import { UsageError } from "../tools/_flags.ts";
import { main as evaluate } from "../tools/eval.ts";
import { main as profile } from "../tools/profile.ts";
import { main as train } from "../tools/train.ts";

const tiles = ["16x16", "8x8", "shared"] as const, convolutions = ["direct", "winograd"] as const;

/** Answers for a product of a class, one of another class, and a convolution. */
function answers(preferences: Preferences): string[] {
  const choose = chooserOf(preferences);
  return [
    choose("gemm", [60, 64, 9], tiles, "16x16"),
    choose("gemm", [60, 64, 17], tiles, "8x8"),
    choose("conv3x3", [60, 64, 9], convolutions, "direct"),
  ];
}

Deno.test("chooserOf() takes what is forced, else measured, else what the kind of adapter likes, else the default", () => {
  const measured = new Map([["gemm 64x64x16", "8x8"], ["conv3x3 64x64x16", "winograd"]]);
  const cases: [Preferences, string[]][] = [
    [{ kind: "software" }, ["16x16", "8x8", "direct"]],
    [{ kind: "gpu" }, ["shared", "shared", "direct"]],
    [{ kind: "software", measured }, ["8x8", "8x8", "winograd"]],
    [{ kind: "gpu", measured }, ["8x8", "shared", "winograd"]],
    [{ kind: "gpu", measured, forced: ["16x16"] }, ["16x16", "16x16", "winograd"]],
    [{ kind: "gpu", measured, forced: ["direct", "16x16"] }, ["16x16", "16x16", "direct"]],
    [{ kind: "software", forced: [] }, ["16x16", "8x8", "direct"]],
    [{ kind: "software", measured: new Map([["gemm 64x64x16", "9x9"]]) }, ["16x16", "8x8", "direct"]],
  ];
  for (const [preferences, expected] of cases) assertEquals(answers(preferences), expected);
});

Deno.test("shapeClass() rounds sizes up to powers of two", () => {
  assertEquals(shapeClass("gemm", [1, 2, 3, 64, 65, 0]), "gemm 1x2x4x64x128x1");
});

Deno.test("ways that do not exist are refused, by flag, variable or argument, and the message lists those that do", () => {
  const all = "16x16, 8x8, 8x32, 7x32, 1x32, shared, direct, winograd, texture, buffer",
    before = Deno.env.get("WGSLIM_VARIANT");
  assertThrows(
    () => chooserOf({ kind: "gpu", forced: ["8x8", "9x9"] }),
    RangeError,
    `Cannot force variant 9x9: the known ones are ${all}`,
  );
  try {
    Deno.env.delete("WGSLIM_VARIANT");
    assertEquals(wishedVariant(undefined), []);
    Deno.env.set("WGSLIM_VARIANT", "8x8, direct,");
    assertEquals(wishedVariant(undefined), ["8x8", "direct"]);
    assertEquals(wishedVariant(["shared"]), ["shared"]);
    assertThrows(() => wishedVariant(["9x9"]), RangeError, `Cannot use --variant=9x9: 9x9 is none of ${all}`);
    Deno.env.set("WGSLIM_VARIANT", "8x8,nine");
    const message = `Cannot use WGSLIM_VARIANT=8x8,nine: nine is none of ${all}`;
    assertThrows(() => wishedVariant(undefined), RangeError, message);
  } finally {
    if (before === undefined) Deno.env.delete("WGSLIM_VARIANT");
    else Deno.env.set("WGSLIM_VARIANT", before);
  }
});

for (const [name, main] of Object.entries({ train, eval: evaluate, profile })) {
  Deno.test(`tools/${name}.ts refuses an unknown --variant before it opens a device`, async () => {
    const error = await main(["--variant=8x8,nine"]).then(() => undefined, (error) => error);
    assertEquals(error instanceof UsageError, true);
    assertEquals(
      error.message,
      "Cannot use --variant=8x8,nine: it takes words separated by commas out of 16x16, 8x8, 8x32, 7x32, 1x32, shared, direct, winograd, texture, buffer",
    );
  });
}

Deno.test("kernelsVersion() is the same each time", async () => {
  const version = await kernelsVersion();
  assertEquals([version.length, await kernelsVersion()], [16, version]);
});
