/** What augmentation chooses, and what training makes of mixed labels. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { chooseErasing, chooseMixing, choosePartners, mixes } from "../preprocessing/augmentation.ts";
import { chooseDistortions, parseRandAugment } from "../preprocessing/rand_augment.ts";
import { symmetricBeta } from "../random/beta.ts";
import { Draws } from "../random/philox.ts";
import { gradients } from "../tape/gradients.ts";
import { cloneLoss } from "../training/losses.ts";
import { evaluate } from "./_kernels.ts";
import { withGpu } from "./_gpu.ts";
import { tensor } from "./reference/tensor.ts";

const size = [20, 30] as const;

function many<T>(count: number, choose: (draws: Draws) => T): T[] {
  return Array.from({ length: count }, (_, place) => choose(new Draws(7, { stream: 1, step: 0, place })));
}

function moments(values: readonly number[]): [mean: number, variance: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length];
}

Deno.test("symmetricBeta() has the mean and variance of its distribution, and stays in 0..1", () => {
  for (const alpha of [0.01, 0.2, 0.8, 1, 4]) {
    const values = many(8000, (draws) => symmetricBeta(draws, alpha)), [mean, variance] = moments(values);
    assertAlmostEquals(mean, 0.5, 0.025, `alpha ${alpha}`);
    assertAlmostEquals(variance, 1 / (4 * (2 * alpha + 1)), 0.012, `alpha ${alpha}`);
    assert(values.every((v) => v >= 0 && v <= 1));
  }
});

Deno.test("choosePartners() gives every image another one, and each is somebody's", () => {
  const seen = new Set<string>();
  for (const partners of many(200, (draws) => choosePartners(8, draws))) {
    assert(partners.every((partner, i) => partner !== i));
    assertEquals(partners.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7]);
    seen.add(partners.join());
  }
  assertEquals(seen.size, 7);
  assertEquals(choosePartners(1, new Draws(1, { stream: 0, step: 0, place: 0 })), [0]);
});

Deno.test("chooseMixing() blends for MixUp, pastes for CutMix, and takes either with both", () => {
  for (
    const { partner, share, pasted, labelShare } of many(500, (d) => chooseMixing({ mixup: 0.2 }, size, 3, d))
  ) {
    assertEquals([partner, share, [...pasted]], [3, labelShare, [0, 0, 0, 0]]);
  }
  const cut = many(4000, (d) => chooseMixing({ cutmix: 1 }, size, 3, d));
  for (const { share, pasted: [y, x, h, w], labelShare } of cut) {
    assert(y >= 0 && x >= 0 && y + h <= 20 && x + w <= 30 && share === 1);
    assertAlmostEquals(labelShare, 1 - h * w / 600, 1e-12);
  }
  assert(cut.some(({ pasted: [y, x] }) => y === 0 && x > 0), "some are cut off");
  const both = many(4000, (d) => chooseMixing({ mixup: 0.2, cutmix: 1 }, size, 3, d));
  assertAlmostEquals(both.filter(({ share }) => share === 1).length / 4000, 0.5, 0.06);
  assertEquals([mixes({}), mixes({ mixup: 0, cutmix: 0 }), mixes({ mixup: 0.1 }), mixes({ cutmix: 1 })], [
    ...[false, false],
    ...[true, true],
  ]);
});

Deno.test("chooseErasing() erases a box within the image as often as asked", () => {
  const boxes = many(4000, (draws) => chooseErasing({ randomErasing: 0.25 }, size, draws)).filter((e) => e);
  assertAlmostEquals(boxes.length / 4000, 0.25, 0.03);
  for (const { erased: [y, x, h, w] } of boxes.map((e) => e!)) {
    assert(y >= 0 && x >= 0 && h >= 1 && w >= 1 && y + h <= 20 && x + w <= 30);
    assert(h * w <= 600 * 0.36 && h * w >= 600 * 0.01, `${h} x ${w}`);
  }
  assertEquals(many(50, (draws) => chooseErasing({}, size, draws)).filter((e) => e), []);
  assertEquals(many(50, (draws) => chooseErasing({ randomErasing: 1 }, [1, 1], draws)).filter((e) => e), []);
});

Deno.test("parseRandAugment() reads policies in the usual spelling and refuses others", () => {
  assertEquals(parseRandAugment("m9-n2"), { magnitude: 9, count: 2 });
  assertEquals(parseRandAugment("m7.5-n3"), { magnitude: 7.5, count: 3 });
  assertEquals(parseRandAugment("m5"), { magnitude: 5, count: 2 });
  for (const text of ["", "9", "m11-n2", "m9-n0", "m9-n15", "n2-m9", "m9-n2-mstd0.5", "rand-m9"]) {
    assertThrows(() => parseRandAugment(text), RangeError, `Cannot read the policy ${text}: give m`);
  }
});

Deno.test("chooseDistortions() draws each of the fourteen as often as the others", () => {
  const all = many(2800, (draws) => chooseDistortions({ magnitude: 9, count: 2 }, size, draws));
  assert(all.every((of) => of.length === 2));
  const kinds = Map.groupBy(all.flat(), ({ kind }) => kind);
  assertEquals(kinds.size, 10);
  for (const [kind, of] of kinds) {
    assertAlmostEquals(of.length / 400, kind === "move" ? 5 : 1, kind === "move" ? 0.4 : 0.25, kind);
  }
  const shifts = new Set(kinds.get("move")!.map(({ places }) => places!.join()));
  assertEquals(shifts.size, 10, "five moves to either side");
});

Deno.test("the loss of mixed images is that of soft labels, and so are its gradients", () =>
  withGpu(async (gpu) => {
    const logits = [[1, -2, 0.5], [0, 3, 1]],
      shares = [0.3, 0.9],
      own = [0, 2],
      other = [1, 1],
      smoothing = 0.1;
    const { loss, gradient } = await evaluate(gpu, {
      feeds: {
        logits: tensor([2, 3], logits.flat()),
        labels: Int32Array.from(own),
        others: Int32Array.from(other),
        ownShares: tensor([2], shares.map((s) => s / 2)),
        shares: tensor([2], shares.map((s) => (1 - s) / 2)),
      },
      record: ({ logits, labels, others, ownShares, shares }) => {
        const mixed = { labels: others, ownShares, shares };
        const { value } = cloneLoss({ logits, labels, mixed }, { labelSmoothing: smoothing });
        return { loss: value, gradient: gradients(value, [logits])[0]! };
      },
    });
    let expected = 0;
    logits.forEach((row, i) => {
      const all = row.reduce((a, v) => a + Math.exp(v), 0);
      row.forEach((v, c) => {
        const share = (c === own[i] ? shares[i] : 0) + (c === other[i] ? 1 - shares[i] : 0);
        const target = (1 - smoothing) * share + smoothing / 3, probability = Math.exp(v) / all;
        expected -= target * Math.log(probability) / 2;
        assertAlmostEquals(gradient[3 * i + c], (probability - target) / 2, 1e-6);
      });
    });
    assertAlmostEquals(loss[0], expected, 1e-6);
  }));
