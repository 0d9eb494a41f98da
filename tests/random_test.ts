/** The random generator, its twin for kernels, and what is drawn with it. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { Executor } from "../gpu/executor.ts";
import { constant, truncatedNormal, xavier, zeros } from "../layers/initializers.ts";
import { Draws, hash32, philox4x32, uniforms, words2 } from "../random/philox.ts";
import philoxCode from "../random/philox.wgsl" with { type: "text" };
import { storage, withGpu } from "./_gpu.ts";

const ones = 0xffffffff;

Deno.test("philox4x32() gives the known answers of Random123", () => {
  const cases: [number[], number[], number[]][] = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[ones, ones, ones, ones], [ones, ones], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, expected] of cases) assertEquals([...philox4x32(counter, key)], expected);
});

Deno.test("philox4x32() multiplies 32-bit words without loss", () => {
  // one round by BigInt, ten times
  const multiply = (a: bigint, b: bigint) => [(a * b) >> 32n, (a * b) & 0xffffffffn];
  const next = uniforms(1, 2), word = () => Math.floor(next() * 2 ** 32);
  for (let i = 0; i < 200; i++) {
    const counter = [word(), i % 3 ? word() : ones, word(), 0], key = [word(), i % 5 ? word() : ones];
    let [c0, c1, c2, c3] = counter.map(BigInt), [k0, k1] = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const [high0, low0] = multiply(0xd2511f53n, c0), [high1, low1] = multiply(0xcd9e8d57n, c2);
      [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
      [k0, k1] = [(k0 + 0x9e3779b9n) & 0xffffffffn, (k1 + 0xbb67ae85n) & 0xffffffffn];
    }
    assertEquals([...philox4x32(counter, key)], [c0, c1, c2, c3].map(Number));
  }
});

Deno.test("philox.wgsl gives the same bits as philox4x32(), and uniform4() their upper 24", () =>
  withGpu(async (gpu) => {
    const code = philoxCode + `
@group(0) @binding(0) var<storage, read> counters: array<vec4u>;
@group(0) @binding(1) var<storage, read> keys: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> numbers: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  words[id.x] = philox(counters[id.x], keys[id.x].xy);
  numbers[id.x] = uniform4(counters[id.x], keys[id.x].xy);
}`;
    const count = 1024, next = uniforms(11, 3), word = () => Math.floor(next() * 2 ** 32);
    const counters = Uint32Array.from({ length: 4 * count }, (_, i) => i < 4 ? 0 : i < 8 ? ones : word());
    const keys = Uint32Array.from({ length: 4 * count }, (_, i) => i < 4 ? 0 : i < 8 ? ones : word());
    const buffers = ["counters", "keys", "words", "numbers"].map((label) =>
      gpu.createBuffer({ label, size: 16 * count, usage: storage })
    );
    gpu.upload(buffers[0], counters);
    gpu.upload(buffers[1], keys);
    const pipeline = await gpu.pipeline({ label: "philox", code });
    const bindGroup = gpu.bindGroup("philox", pipeline, buffers);
    const workgroups: [number, number, number] = [count / 64, 1, 1];
    new Executor(gpu, [{ label: "philox", pipeline, bindGroup, workgroups, work: 100 * count }]).run();
    const words = new Uint32Array(await gpu.download(buffers[2]));
    const numbers = new Float32Array(await gpu.download(buffers[3]));
    for (let i = 0; i < count; i++) {
      const expected = philox4x32(counters.slice(4 * i, 4 * i + 4), keys.slice(4 * i, 4 * i + 2));
      assertEquals(words.slice(4 * i, 4 * i + 4), expected, `block ${i}`);
      assertEquals([...numbers.slice(4 * i, 4 * i + 4)], [...expected].map((w) => (w >>> 8) / 2 ** 24));
    }
    buffers.forEach((buffer) => gpu.destroyBuffer(buffer));
  }));

Deno.test("hash32() is FNV-1a, words2() splits 53-bit integers in two's complement", () => {
  const hashes = {
    "": 2166136261,
    input: 4191711099,
    labels: 3185185930,
    "resnet_v1_50/logits/biases": 559922279,
  };
  for (const [name, hash] of Object.entries(hashes)) assertEquals(hash32(name), hash);
  const step = (hash: bigint, byte: bigint) => ((hash ^ byte) * 0x01000193n) & 0xffffffffn;
  assertEquals(hash32("ä"), Number(step(step(0x811c9dc5n, 0xc3n), 0xa4n)), "of the UTF-8 bytes");
  const words: [number, [number, number]][] = [
    [0, [0, 0]],
    [2 ** 32 + 5, [5, 1]],
    [-1, [ones, ones]],
    [Number.MAX_SAFE_INTEGER, [ones, 2 ** 21 - 1]],
    [Number.MIN_SAFE_INTEGER, [1, 2 ** 32 - 2 ** 21]],
  ];
  for (const [value, expected] of words) assertEquals(words2(value), expected);
});

/** Mean, variance, and the largest distance of the empirical distribution from `distribution` (Kolmogorov and Smirnov). */
function statistics(values: Float32Array | number[], distribution: (x: number) => number) {
  const n = values.length, sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((a, b) => a + b, 0) / n;
  const variance = sorted.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
  let distance = 0;
  sorted.forEach((v, i) => {
    const p = distribution(v);
    distance = Math.max(distance, Math.abs(p - i / n), Math.abs((i + 1) / n - p));
  });
  return { mean, variance, distance: distance * Math.sqrt(n), least: sorted[0], most: sorted[n - 1] };
}

/** Beyond this, one sample in a thousand of a right generator would fall. */
const SMIRNOV = 1.95;

Deno.test("uniforms() are uniform, without correlation of neighbours or of streams", () => {
  const n = 200_000,
    draw = (seed: number, stream: number) => {
      const next = uniforms(seed, stream);
      return Array.from({ length: n }, next);
    };
  const base = draw(1, 2), s = statistics(base, (x) => x);
  assert(s.distance < SMIRNOV && s.least >= 0 && s.most < 1, JSON.stringify(s));
  const correlation = (a: number[], b: number[]) => {
    let sum = 0;
    a.forEach((v, i) => sum += (v - 0.5) * (b[i] - 0.5));
    return 12 * sum / Math.sqrt(a.length); // of unit variance if independent
  };
  for (const lag of [1, 2, 3, 4, 5]) {
    assert(Math.abs(correlation(base.slice(lag), base.slice(0, -lag))) < 3.3, `lag ${lag}`);
  }
  for (const [seed, stream] of [[1, 3], [2, 2], [1 + 2 ** 32, 2], [-1, 2]]) {
    const other = draw(seed, stream);
    assertNotEquals(other[0], base[0]);
    assert(Math.abs(correlation(base, other)) < 3.3, `seed ${seed}, stream ${stream}`);
  }
  assertEquals(draw(1, 2), base);
});

/** Distribution function of the normal distribution, by its series (error below 1e-12 within four deviations). */
function normal(x: number): number {
  let sum = 0, term = x;
  for (let k = 1; k < 200; k += 2) {
    sum += term;
    term *= x * x / (k + 2);
  }
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

Deno.test("truncatedNormal() has a normal distribution cut at two deviations", () => {
  for (const [mean, stddev] of [[0, 0.1], [3, 0.05], [-1, 2]]) {
    const values = truncatedNormal(stddev, mean)([100, 1001], 4, "net/weights"),
      inside = normal(2) - normal(-2);
    const s = statistics(values, (x) => (normal((x - mean) / stddev) - normal(-2)) / inside);
    assertEquals(values.length, 100_100);
    assert(s.distance < SMIRNOV, JSON.stringify(s));
    assert(s.least >= mean - 2 * stddev - 1e-6 && s.most <= mean + 2 * stddev + 1e-6);
    assert(Math.abs(s.variance / stddev ** 2 - 0.7737) < 0.012, `${s.variance}`); // 1 - 4 phi(2) / (2 Phi(2) - 1)
  }
});

Deno.test("xavier is uniform up to sqrt(6 / (fan in + fan out)), with the window's size in both fans", () => {
  const cases: [number[], number][] = [[[784, 300], 1084], [[5, 5, 32, 64], 25 * 96], [
    [1, 7, 3, 500],
    7 * 503,
  ]];
  for (const [shape, fans] of cases) {
    const limit = Math.sqrt(6 / fans), values = xavier(shape, 9, `net/${shape}`);
    const s = statistics(values, (x) => (x / limit + 1) / 2);
    assert(
      s.distance < SMIRNOV && s.least >= -limit * (1 + 1e-6) && s.most <= limit * (1 + 1e-6),
      JSON.stringify(s),
    );
    assert(Math.abs(s.variance / (limit ** 2 / 3) - 1) < 0.02);
  }
});

Deno.test("initializers depend on seed and name alone", () => {
  for (const initializer of [truncatedNormal(1), xavier]) {
    const base = initializer([3, 5], 1, "a");
    assertEquals(initializer([3, 5], 1, "a"), base);
    for (const [seed, name] of [[2, "a"], [1, "b"], [1 + 2 ** 32, "a"]] as const) {
      assertNotEquals(initializer([3, 5], seed, name), base);
    }
    assert(base.every(Number.isFinite));
  }
  assertEquals(constant(0.1)([2], 1, "a"), new Float32Array(2).fill(0.1));
  assertEquals(zeros([], 1, "a"), new Float32Array(1));
});

Deno.test("Draws are Philox's words of a seed, a stream, a step and a place, one after another", () => {
  const draws = new Draws(2 ** 32 + 5, { stream: 7, step: 9, place: 11 });
  const words = Array.from({ length: 8 }, () => draws.bits());
  const expected = [0, 1].flatMap((block) => [...philox4x32([block, 11, 9, 7], [5, 1])]);
  assertEquals(words, expected);
});

Deno.test("Draws.uniform(), below() and chance() stay within their bounds and reach all of them", () => {
  const draws = new Draws(1, { stream: 0, step: 0, place: 0 }), seen = new Set<number>();
  let heads = 0;
  for (let i = 0; i < 2000; i++) {
    const u = draws.uniform(-2, 3), n = draws.below(5);
    assert(u >= -2 && u < 3 && Number.isInteger(n) && n >= 0 && n < 5);
    seen.add(n);
    if (draws.chance(0.3)) heads++;
  }
  assertEquals(seen.size, 5);
  assertAlmostEquals(heads / 2000, 0.3, 0.05);
  assertEquals([draws.chance(0), draws.chance(1), draws.below(1), draws.uniform(4, 4)], [false, true, 0, 4]);
});
