/** The record of a scalar over the steps. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { compile } from "../tape/compile.ts";
import { history } from "../tape/ops/history.ts";
import { scale } from "../tape/ops/pointwise.ts";
import { Parameters } from "../tape/parameters.ts";
import { Tape } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";

Deno.test("history() keeps the value of step s at s modulo its size, over runs", () =>
  withGpu(async (gpu) => {
    const tape = new Tape(), x = tape.feed("x", []), step = tape.feed("step", [1], "u32");
    const parameters = new Parameters(gpu, tape.variables);
    const fetches = { ring: history(scale(x, 2), step, 3) };
    const program = await compile(gpu, tape, { fetches, parameters });
    const seen: number[][] = [];
    for (const s of [0, 1, 2, 3, 4, 2 ** 32 - 1]) {
      program.feed("x", Float32Array.of(s === 2 ** 32 - 1 ? -1 : s + 1));
      program.feed("step", Uint32Array.of(s));
      program.run();
      seen.push([...await program.fetch("ring")]);
    }
    assertEquals(seen, [[2, 0, 0], [2, 4, 0], [2, 4, 6], [8, 4, 6], [8, 10, 6], [-2, 10, 6]]);
    program.destroy();
    parameters.destroy();
  }));
