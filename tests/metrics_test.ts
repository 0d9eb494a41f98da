/** Metrics of a classifier; what TF says of ties, NaN and infinities is in the golden topic `metrics`. */

// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { argmax, inTopK, Metrics } from "../training/metrics.ts";

/** Metrics of three classes after predictions, as pairs [label, prediction]. */
function counted(pairs: readonly (readonly [number, number])[], numClasses = 3): Metrics {
  const metrics = new Metrics(numClasses), logits = new Float32Array(pairs.length * numClasses);
  for (const [i, [, prediction]] of pairs.entries()) logits[i * numClasses + prediction] = 1;
  metrics.add(logits, Int32Array.from(pairs, ([label]) => label), pairs.length);
  return metrics;
}

Deno.test("argmax() takes the first of equals, passes over NaN, and is 0 where nothing is larger", () => {
  assertEquals(argmax([1, 3, 3]), 1);
  assertEquals(argmax([NaN, -5, NaN, -4]), 3);
  assertEquals(argmax([NaN, NaN]), 0);
  assertEquals(argmax([-Infinity, -Infinity]), 0);
});

Deno.test("inTopK() counts ties as inside and no row with NaN or infinity", () => {
  assertEquals([0, 1, 2, 3].map((label) => inTopK([2, 3, 2, 1], label, 2)), [true, true, true, false]);
  for (const odd of [NaN, Infinity, -Infinity]) assertEquals(inTopK([9, odd], 0, 1), false);
  assertEquals([-1, 2].map((label) => inTopK([0, 0], label, 1)), [false, false]);
});

Deno.test("Metrics counts the first rows of a batch only", () => {
  const metrics = new Metrics(2);
  metrics.add(Float32Array.of(1, 0, 0, 1, 0, 0), Int32Array.of(0, 0, 9), 2); // the third is padding
  assertEquals([metrics.count, metrics.accuracy, metrics.recall5], [2, 0.5, 1]);
  assertEquals(metrics.predictions, [0, 1]);
  assertEquals(metrics.confusion, [[1, 1], [0, 0]]);
  assertEquals(metrics.perClass, [{ count: 2, recall: 0.5, precision: 1 }, {
    count: 0,
    recall: NaN,
    precision: 0,
  }]);
});

Deno.test("Metrics before any image is 0", () => {
  const metrics = new Metrics(3);
  assertEquals([metrics.count, metrics.accuracy, metrics.recall5], [0, 0, 0]);
  assertEquals(metrics.mostConfused(), []);
});

Deno.test("mostConfused() lists pairs by count, then in order, without what was right", () => {
  const metrics = counted([[0, 0], [0, 0], [0, 1], [0, 2], [2, 0], [2, 0], [1, 2], [1, 1]]);
  assertEquals(metrics.mostConfused(), [
    { label: 2, prediction: 0, count: 2, share: 1 },
    { label: 0, prediction: 1, count: 1, share: 0.25 },
    { label: 0, prediction: 2, count: 1, share: 0.25 },
    { label: 1, prediction: 2, count: 1, share: 0.5 },
  ]);
  assertEquals(metrics.mostConfused(1).length, 1);
});

Deno.test("Metrics names the image whose label is no class", () => {
  const metrics = counted([[0, 0], [1, 1]]);
  for (const label of [3, -1]) {
    const error = assertThrows(
      () => metrics.add(new Float32Array(6), Int32Array.of(label, 0), 2),
      RangeError,
    );
    assertEquals(
      error.message,
      `Cannot count image 2: its label (less labels_offset) is ${label}, but the classes are 0 to 2; ` +
        "check labels_offset, and that data set and net have the same classes",
    );
  }
  assertEquals(metrics.count, 2);
});
