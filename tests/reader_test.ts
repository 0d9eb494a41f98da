// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { Dataset, LabelledImage, RecordSource } from "../datasets/dataset.ts";
import { evaluationOrder, trainingOrder } from "../datasets/order.ts";
import { randomPermutation } from "../datasets/permutation.ts";
import { type Batch, BatchReader } from "../datasets/reader.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";

/** What the images of a batch show: the first value of each. */
function shown(batch: Batch | undefined): number[] | undefined {
  return batch?.images.map(({ data }) => data[0]);
}

/** A data set of `size` pictures of 1 x 2 pixels; record i shows i and has label i % 10. */
function numbers(size: number, source: Partial<RecordSource> = {}): Dataset {
  return {
    name: "numbers",
    splitName: "train",
    files: [],
    numSamples: size,
    numClasses: 10,
    labelsToNames: new Map(),
    channels: 1,
    itemsToDescriptions: {},
    source: {
      size,
      get: (i) =>
        Promise.resolve({ data: Uint8Array.of(i, i), height: 1, width: 2, channels: 1, label: i % 10 }),
      describe: (i) => `record ${i}`,
      ...source,
    },
  };
}

Deno.test("randomPermutation() permutes, and differs by seed and stream", () => {
  for (const size of [0, 1, 2, 3, 10, 997]) {
    assertEquals([...randomPermutation(size, 1, 0).toSorted()], Array.from({ length: size }, (_, i) => i));
  }
  const base = randomPermutation(50, 7, 3);
  assertEquals(randomPermutation(50, 7, 3), base);
  for (const [seed, stream] of [[8, 3], [7, 4], [-7, 3], [7 + 2 ** 32, 3], [7, 3 + 2 ** 32]]) {
    assertNotEquals(randomPermutation(50, seed, stream), base, `seed ${seed}, stream ${stream}`);
  }
  assertThrows(() => randomPermutation(5, 0.5, 0), RangeError, "Cannot shuffle with seed 0.5");
  assertThrows(() => randomPermutation(5, 0, -1), RangeError, "Cannot shuffle stream -1");
  assertThrows(() => randomPermutation(-1, 0, 0), RangeError, "Cannot permute -1 numbers");
});

Deno.test("randomPermutation() stays what it was, for runs that resume", () => {
  assertEquals([...randomPermutation(8, 1, 0)], [1, 4, 3, 7, 5, 6, 0, 2]);
  assertEquals([...randomPermutation(8, 1, 1)], [4, 1, 0, 2, 7, 6, 3, 5]);
});

Deno.test("randomPermutation() makes all 24 permutations of 4 equally often", () => {
  const counts = new Map<string, number>();
  const draws = 24_000;
  for (let stream = 0; stream < draws; stream++) {
    const key = randomPermutation(4, 11, stream).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  const expected = draws / 24;
  const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert(chiSquared < 49.7, `chi squared ${chiSquared} of 23 degrees of freedom: p below 0.001`);
});

Deno.test("trainingOrder() visits every record once an epoch, across the ends of epochs", () => {
  const size = 7, batchSize = 3;
  const order = trainingOrder(size, { batchSize, seed: 5 });
  const stream = Array.from({ length: 21 }, (_, t) => [...order.records(t)]).flat();
  for (let epoch = 0; epoch < 9; epoch++) {
    const visited = stream.slice(epoch * size, (epoch + 1) * size);
    assertEquals(visited, [...randomPermutation(size, 5, epoch)]);
  }
  assertEquals([...order.records(2)], stream.slice(6, 9), "a batch is a function of its number");
  const tiny = trainingOrder(2, { batchSize: 5 }).records(0);
  assertEquals([...tiny.subarray(0, 2)].toSorted(), [0, 1]);
  assertEquals([...tiny.subarray(2, 4)].toSorted(), [0, 1]);
});

Deno.test("trainingOrder() without shuffling goes through the file again and again", () => {
  const order = trainingOrder(4, { batchSize: 3, shuffle: false });
  assertEquals([0, 1, 2].map((t) => [...order.records(t)]), [[0, 1, 2], [3, 0, 1], [2, 3, 0]]);
});

Deno.test("evaluationOrder() visits every record exactly once", () => {
  const order = evaluationOrder(7, { batchSize: 3 });
  assertEquals(order.numBatches, 3);
  assertEquals([0, 1, 2].map((t) => [...order.records(t)]), [[0, 1, 2], [3, 4, 5], [6]]);
  assertEquals(evaluationOrder(6, { batchSize: 3 }).numBatches, 2);
});

Deno.test("orders refuse empty data sets and bad batch sizes", () => {
  assertThrows(() => trainingOrder(0, { batchSize: 1 }), RangeError, "Cannot make batches of 0 records");
  for (const batchSize of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => evaluationOrder(3, { batchSize }),
      RangeError,
      `Cannot make batches of ${batchSize} images`,
    );
  }
});

Deno.test("BatchReader gives images and labels in the order's order", async () => {
  await using reader = new BatchReader(numbers(5), trainingOrder(5, { batchSize: 2, shuffle: false }));
  const batch = await reader.next();
  assert(batch);
  assertEquals([batch.batchSize, shown(batch), [...batch.records]], [2, [0, 1], [0, 1]]);
  assertEquals(batch.labels, Int32Array.of(0, 1));
  assertEquals(shown(await reader.next()), [2, 3]);
  assertEquals(shown(await reader.next()), [4, 0]);
});

Deno.test("BatchReader fills the last batch of an evaluation as far as there are images, and says how many", async () => {
  const seen = [];
  for await (const batch of new BatchReader(numbers(5), evaluationOrder(5, { batchSize: 3 }))) {
    seen.push([batch.index, batch.count, [...batch.labels], shown(batch)]);
  }
  assertEquals(seen, [
    [0, 3, [0, 1, 2], [0, 1, 2]],
    [1, 2, [3, 4, 0], [3, 4]],
  ]);
});

Deno.test("BatchReader gives the same batches whatever the timing, queue and start", async () => {
  const order = () => trainingOrder(23, { batchSize: 4, seed: 9 });
  const slow = numbers(23);
  const { get } = slow.source;
  const jittery = numbers(23, {
    get: async (i) => {
      await new Promise((done) => setTimeout(done, (i * 7) % 5));
      return await get(i);
    },
  });
  const expected: number[][] = [];
  await using plain = new BatchReader(slow, order(), { queueSize: 1 });
  for (let t = 0; t < 12; t++) expected.push(shown(await plain.next())!);
  await using other = new BatchReader(jittery, order(), { queueSize: 6, start: 5 });
  for (let t = 5; t < 12; t++) {
    const batch = (await other.next())!;
    assertEquals(batch.index, t);
    assertEquals(shown(batch), expected[t]);
  }
  assertEquals(shown(await other.batch(2)), expected[2], "out of turn");
});

Deno.test("BatchReader decodes queueSize batches ahead and no more", async () => {
  let decoded = 0;
  const dataset = numbers(100);
  const { get } = dataset.source;
  const counting = numbers(100, { get: (i) => (decoded++, get(i)) });
  await using reader = new BatchReader(counting, evaluationOrder(100, { batchSize: 10 }), { queueSize: 3 });
  const settle = () => new Promise((done) => setTimeout(done, 5));
  await settle();
  assertEquals(decoded, 30);
  await reader.next();
  await settle();
  assertEquals(decoded, 40);
});

Deno.test("BatchReader reports a bad record once, when its batch is due, and goes on", async () => {
  const { get } = numbers(6).source;
  const dataset = numbers(6, { get: (i) => i === 3 ? Promise.reject(new Error("damaged 3")) : get(i) });
  await using reader = new BatchReader(dataset, evaluationOrder(6, { batchSize: 2 }));
  assertEquals((await reader.next())?.index, 0);
  await assertRejects(() => reader.next(), Error, "damaged 3");
  assertEquals((await reader.next())?.index, 2);
  assertEquals(await reader.next(), undefined);
});

Deno.test("BatchReader takes images of any size, and names a record that cannot be one", async () => {
  const { get } = numbers(3).source;
  const odd: Record<number, Partial<LabelledImage>> = {
    1: { height: 3, width: 1, data: new Uint8Array(3) },
    2: { channels: 3, data: new Uint8Array(6) },
    3: { height: 2 },
    4: { width: 0, data: new Uint8Array(0) },
  };
  const dataset = numbers(5, { get: async (i) => ({ ...await get(i), ...odd[i] }) });
  await using reader = new BatchReader(dataset, evaluationOrder(5, { batchSize: 1 }));
  assertEquals((await reader.next())?.images[0].height, 1);
  assertEquals((await reader.next())?.images[0].height, 3);
  const cannot = "Cannot batch record";
  for (
    const message of [
      `${cannot} 2: its image of 1 x 2 pixels has 3 channels, and the data set 1`,
      `${cannot} 3: its image of 2 x 2 pixels and 1 channels has 2 values`,
      `${cannot} 4: its image of 1 x 0 pixels and 1 channels has 0 values`,
    ]
  ) await assertRejects(() => reader.next(), RangeError, message);
});

Deno.test("BatchReader.close() ends the batches and waits for what is under way", async () => {
  let underWay = 0;
  const dataset = numbers(9, {
    get: async (i) => {
      underWay++;
      await new Promise((done) => setTimeout(done, 3));
      underWay--;
      return { data: Uint8Array.of(i, i), height: 1, width: 2, channels: 1, label: 0 };
    },
  });
  const reader = new BatchReader(dataset, trainingOrder(9, { batchSize: 3 }), { queueSize: 3 });
  for await (const batch of reader) if (batch.index === 1) break; // leaving the loop closes
  assertEquals(underWay, 0);
  assertEquals(await reader.next(), undefined);
});

Deno.test("BatchReader measures how long the caller waited", async () => {
  const { get } = numbers(4).source;
  const slowStart = numbers(4, {
    get: async (i) => {
      if (i < 2) await new Promise((done) => setTimeout(done, 100));
      return await get(i);
    },
  });
  await using reader = new BatchReader(slowStart, evaluationOrder(4, { batchSize: 2 }));
  const [first, second] = [(await reader.next())!, (await reader.next())!];
  assert(first.waitMs > 90, `waited ${first.waitMs} ms`);
  assert(second.waitMs < first.waitMs, `waited ${second.waitMs} ms`);
});

Deno.test("BatchReader refuses bad starts, queues and batch numbers", async () => {
  const order = evaluationOrder(4, { batchSize: 2 });
  assertThrows(
    () => new BatchReader(numbers(4), order, { start: -1 }),
    RangeError,
    "Cannot start at batch -1",
  );
  assertThrows(
    () => new BatchReader(numbers(4), order, { queueSize: 0 }),
    RangeError,
    "Cannot decode 0 batches",
  );
  await using reader = new BatchReader(numbers(4), order);
  await assertRejects(() => reader.batch(2), RangeError, "Cannot read batch 2: there are batches 0 to 1");
});

/** As `numbers`, where some records are damaged. */
function damagedNumbers(size: number, ...damaged: number[]): Dataset {
  const { get } = numbers(size).source;
  return numbers(size, {
    get: (i) => damaged.includes(i) ? Promise.reject(new DataLossError(`damaged ${i}`)) : get(i),
  });
}

Deno.test("BatchReader puts the next good record in a damaged one's place in training, the same in every run", async () => {
  const dataset = damagedNumbers(6, 1, 4, 5), order = trainingOrder(6, { batchSize: 4, shuffle: false });
  for (const queueSize of [1, 3]) {
    const told: string[] = [];
    await using reader = new BatchReader(dataset, order, {
      queueSize,
      onDamaged: (record, { message }) => told.push(`${record}: ${message}`),
    });
    const [first, second] = [await reader.next(), await reader.next()];
    assertEquals(shown(first), [0, 2, 2, 3]);
    assertEquals([...first!.records], [0, 2, 2, 3]);
    assertEquals(shown(second), [0, 0, 0, 2]); // 4 and 5 fall on 0, which is the third; then 1 on 2
    assertEquals([...second!.labels], [0, 0, 0, 2]);
    assertEquals([first!.count, second!.count], [4, 4]);
    assertEquals(told.slice(0, 3).sort(), ["1: damaged 1", "4: damaged 4", "5: damaged 5"]);
  }
});

Deno.test("BatchReader leaves damaged records out of an evaluation, places closed up", async () => {
  const damaged: number[] = [], dataset = damagedNumbers(7, 0, 2, 4, 5);
  await using reader = new BatchReader(dataset, evaluationOrder(7, { batchSize: 2 }), {
    onDamaged: (record) => damaged.push(record),
  });
  const batches = await Array.fromAsync(reader);
  assertEquals(batches.map((batch) => shown(batch)), [[1], [3], [], [6]]);
  assertEquals(batches.map(({ records }) => [...records]), [[1], [3], [], [6]]);
  assertEquals(batches.map(({ labels }) => [...labels]), [[1, 0], [3, 0], [0, 0], [6, 0]]);
  assertEquals(batches.map(({ count }) => count), [1, 1, 0, 1]);
  assertEquals(damaged.toSorted(), [0, 2, 4, 5]);
});

Deno.test("BatchReader gives up where no good record follows, and takes other errors for what they are", async () => {
  const order = trainingOrder(3, { batchSize: 1, shuffle: false }), onDamaged = () => {};
  await using hopeless = new BatchReader(damagedNumbers(3, 0, 1, 2), order, { onDamaged });
  await assertRejects(
    () => hopeless.next(),
    DataLossError,
    "Cannot replace record 0: it is damaged, and so are all",
  );
  const gone = numbers(3, { get: () => Promise.reject(new NotFoundError("gone")) });
  await using missing = new BatchReader(gone, order, { onDamaged });
  await assertRejects(() => missing.next(), NotFoundError, "gone");
  await using strict = new BatchReader(damagedNumbers(3, 0), order);
  await assertRejects(() => strict.next(), DataLossError, "damaged 0");
});

Deno.test("BatchReader asks which part of each picture is needed, by batch and place", async () => {
  const asked: string[] = [];
  const dataset = numbers(4, {
    get: (i, choosePart) => {
      const part = choosePart!({ height: 1, width: 9, channels: 1 });
      const data = new Uint8Array(part.width).fill(i);
      return Promise.resolve({ data, height: 1, width: 9, channels: 1, label: 0, part });
    },
  });
  await using reader = new BatchReader(dataset, evaluationOrder(4, { batchSize: 2 }), {
    choosePart: ({ width }, batch, place) => {
      asked.push(`${width} ${batch} ${place}`);
      return { x: 2, y: 0, width: 3, height: 1 };
    },
  });
  assertEquals((await Array.fromAsync(reader)).map((batch) => shown(batch)), [[0, 1], [2, 3]]);
  assertEquals(asked.toSorted(), ["9 0 0", "9 0 1", "9 1 0", "9 1 1"]);
});
