/** Schedules that TF-Slim does not have, and what is refused; `goldens.ts schedules` compares the others with TF. */
// @ts-types="../types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { configureLearningRate, decayTypes, type LearningRateFlags } from "../training/learning_rate.ts";

/** 100 steps a decay. */
const schedule = (flags: LearningRateFlags) =>
  configureLearningRate({ num_epochs_per_decay: 2, ...flags }, 500, 10);

Deno.test("configureLearningRate() lets cosine fall from its first to its last rate and stay there", () => {
  const flags = { learning_rate_decay_type: "cosine", learning_rate: 0.5, end_learning_rate: 0.1 };
  const rate = schedule(flags);
  const expected = {
    0: 0.5,
    25: 0.3 + 0.2 * Math.SQRT1_2,
    50: 0.3,
    75: 0.3 - 0.2 * Math.SQRT1_2,
    100: 0.1,
    1e9: 0.1,
  };
  for (const [step, value] of Object.entries(expected)) assertAlmostEquals(rate(Number(step)), value, 3e-8);
  for (let step = 0; step < 100; step++) assertEquals(rate(step + 1) < rate(step), true, `step ${step + 1}`);
});

Deno.test("configureLearningRate() ends cosine at 0.0001 unless told otherwise", () => {
  assertEquals(schedule({ learning_rate_decay_type: "cosine" })(100), Math.fround(0.0001));
});

Deno.test("configureLearningRate() counts a decay's steps in batches of all replicas", () => {
  const flags = { learning_rate_decay_type: "cosine", learning_rate: 1, end_learning_rate: 0 };
  const rate = schedule({ ...flags, sync_replicas: true, replicas_to_aggregate: 4 });
  assertEquals([rate(0), rate(25)], [1, 0]);
  assertEquals(schedule({ ...flags, replicas_to_aggregate: 4 })(25) > 0.5, true);
});

for (const type of decayTypes) {
  Deno.test(`configureLearningRate() warms up in a straight line to the rate of ${type}`, () => {
    const flags = { learning_rate_decay_type: type, learning_rate: 0.3, num_epochs_per_decay: 0.1 };
    const rate = schedule({ ...flags, warmup_steps: 8 }), scheduled = schedule(flags);
    for (let step = 0; step < 20; step++) {
      const share = Math.min(1, (step + 1) / 8); // all of it from the eighth step on
      assertEquals(rate(step), Math.fround(share * scheduled(step)), `step ${step}`);
    }
  });
}

Deno.test("configureLearningRate() refuses unknown types and decays that take no step", () => {
  const unknown = () => schedule({ learning_rate_decay_type: "toString" });
  assertThrows(unknown, RangeError, "toString: the known ones are fixed, exponential, polynomial, cosine");
  for (const learning_rate_decay_type of decayTypes.filter((type) => type !== "fixed")) {
    const flags = { learning_rate_decay_type, num_epochs_per_decay: 0.01 };
    assertThrows(() => schedule(flags), RangeError, "over 0 steps: 500 samples in batches of 10");
  }
  assertEquals(
    schedule({ learning_rate_decay_type: "fixed", num_epochs_per_decay: 0 })(7),
    Math.fround(0.01),
  );
});
