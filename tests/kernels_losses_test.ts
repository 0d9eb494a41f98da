/** Softmax, cross-entropy and local response normalization against their definitions, with gradients. */
import { softmax, softmaxCrossEntropy } from "../tape/ops/losses.ts";
import { localResponseNormalization } from "../tape/ops/lrn.ts";
import { backward, type Expected, type KernelCase, sums, testCases } from "./_kernels.ts";
import * as reference from "./reference/losses.ts";
import { abs, map, random, type Tensor, tensor, UNIT } from "./reference/tensor.ts";

/** Rows of logits that ask something of the shift by the maximum, by name. */
const logits: Record<string, Tensor> = {
  "one class": random("z", [3, 1], 5),
  "two classes": random("z", [1, 2], 5),
  "ten classes": random("z", [5, 10], 4),
  "1,001 classes, prime rows": random("z", [67, 1001], 8),
  "large logits": map(random("z", [4, 13], 4), (v, i) => Math.fround(v + (i < 26 ? 1e4 : -1e4))),
  "all equal": tensor([2, 7], new Array(14).fill(3.25)),
  "one far ahead": map(tensor([3, 5]), (_, i) => i % 5 === 2 ? 90 : -9),
};

/**
 * Bound of exp(v - most) / sum: WGSL allows exp(d) 3 + 2 |d| units in the last place of error; sum and quotient add a few.
 * What falls below the smallest normal float32 may become 0.
 */
function softmaxBound(z: Tensor, p: Tensor): Tensor {
  const classes = z.shape[z.shape.length - 1];
  const most = tensor([z.data.length / classes]).data.map((_, n) =>
    Math.max(...z.data.subarray(n * classes, (n + 1) * classes))
  );
  return map(p, (v, i) => 2 * UNIT * (16 + 2 * (most[Math.floor(i / classes)] - z.data[i])) * v + 2 ** -125);
}

testCases(
  "softmax equals its definition",
  Object.entries(logits).map(([name, z]): KernelCase => {
    const value = reference.softmax(z);
    return {
      name: `${name} [${z.shape}]`,
      feeds: { z },
      record: ({ z }) => ({ y: softmax(z) }),
      expect: { y: { value, bound: softmaxBound(z, value) } },
    };
  }),
);

/** Labels from 0 to the last class; `outside` puts some that are no class among them. */
function labelsFor([rows, classes]: readonly number[], outside: boolean): Int32Array {
  const no = [-1, classes, 2 ** 31 - 1, -(2 ** 31)];
  return Int32Array.from(
    { length: rows },
    (_, i) => outside && i % 2 === 1 ? no[(i >> 1) % 4] : (7 * i) % classes,
  );
}

testCases(
  "softmaxCrossEntropy and its gradient equal their definition",
  Object.entries(logits).flatMap(([name, z]) =>
    [[0, false], [0.1, false], [0, true], [0.3, true], [1, false]].map(([s, outside]): KernelCase => {
      const smoothing = Math.fround(s as number), labels = labelsFor(z.shape, outside as boolean);
      const dloss = random("dloss", [z.shape[0]]), p = reference.softmax(z);
      const losses = reference.softmaxCrossEntropy(z, labels, smoothing);
      const dz = reference.softmaxCrossEntropyGradient(z, labels, smoothing, dloss);
      const classes = z.shape[1], wanted = reference.targets(labels, classes, smoothing);
      const bound = softmaxBound(z, p);
      return {
        name: `${name} [${z.shape}], smoothing ${s}${outside ? ", some labels outside" : ""}`,
        feeds: { z, labels, dloss },
        record: ({ z, labels, dloss }) => {
          const loss = softmaxCrossEntropy(z, labels, { labelSmoothing: smoothing }),
            [dz] = backward(loss, dloss);
          return { loss, dz: dz! };
        },
        expect: {
          loss: { value: losses, bound: lossBound(z, wanted) },
          dz: {
            value: dz,
            bound: map(dz, (_, i) =>
              Math.abs(dloss.data[Math.floor(i / classes)]) *
              (bound.data[i] + 8 * UNIT * (p.data[i] + wanted.data[i]))),
          },
        },
      };
    })
  ),
);

/**
 * Bound of sum over classes of target * (log(sum) - d): the logarithm is good to 2^-21 near 1 and to 3 units elsewhere, its
 * argument to some 16 units and more; a sum of k terms of one sign adds some sqrt(k) units.
 */
function lossBound(z: Tensor, wanted: Tensor): Tensor {
  const [rows, classes] = z.shape;
  return map(tensor([rows]), (_, n) => {
    const row = z.data.subarray(n * classes, (n + 1) * classes), most = Math.max(...row);
    const logSum = Math.log(row.reduce((a, v) => a + Math.exp(v - most), 0));
    let total = 0, weight = 0;
    row.forEach((v, c) => {
      total += wanted.data[n * classes + c] * (logSum + most - v);
      weight += wanted.data[n * classes + c];
    });
    return (8 + Math.sqrt(classes)) * UNIT * total + weight * (2 ** -21 + 32 * UNIT);
  });
}

const options: Record<string, { shape: number[]; o: reference.Lrn; scale?: number }> = {
  "CifarNet's": {
    shape: [2, 5, 3, 64],
    o: { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 },
    scale: 20,
  },
  "TF's defaults": { shape: [1, 3, 3, 13], o: { depthRadius: 5, bias: 1, alpha: 1, beta: 0.5 } },
  "one channel": { shape: [2, 3, 5, 1], o: { depthRadius: 5, bias: 2, alpha: 0.5, beta: 0.75 } },
  "radius 0": { shape: [1, 2, 2, 7], o: { depthRadius: 0, bias: 1, alpha: 1, beta: 1 } },
  "radius larger than the channels": {
    shape: [1, 4, 2, 3],
    o: { depthRadius: 9, bias: 1, alpha: 1, beta: 1.25 },
  },
  "radius one less than the channels": {
    shape: [3, 1, 1, 3],
    o: { depthRadius: 2, bias: 1, alpha: 1, beta: 0.25 },
  },
  "beta 4, the largest in quarters": {
    shape: [1, 1, 5, 10],
    o: { depthRadius: 2, bias: 1, alpha: 0.5, beta: 4 },
  },
  "beta not in quarters": { shape: [1, 3, 5, 10], o: { depthRadius: 2, bias: 1.5, alpha: 0.7, beta: 0.6 } },
  "beta 0": { shape: [1, 3, 5, 2], o: { depthRadius: 1, bias: 1, alpha: 1, beta: 0 } },
  "negative beta": { shape: [1, 2, 2, 5], o: { depthRadius: 1, bias: 1, alpha: 1, beta: -0.75 } },
};

/** Roundings of scale^(-beta): by roots some four for each quarter, else as WGSL allows pow by exp2 and log2. */
function shrinkUnits({ beta }: reference.Lrn): number {
  const quarters = 4 * beta;
  return Number.isInteger(quarters) && quarters > 0 && quarters <= 16
    ? 8 + 8 * quarters
    : 16 + 32 * Math.abs(beta);
}

/** Each with its own channels, and with four times as many: those in fours have kernels of their own. */
const widths = Object.entries(options).flatMap((
  [name, { shape, ...rest }],
): [string, typeof options[string]][] =>
  [1, 4].map((times) => {
    const wide = [...shape.slice(0, 3), shape[3] * times];
    return [`${name}, ${wide[3]} channels`, { shape: wide, ...rest }];
  })
);

testCases(
  "localResponseNormalization and its gradient equal their definition",
  widths.map(([name, { shape, o: raw, scale = 2 }]): KernelCase => {
    const o = {
      ...raw,
      bias: Math.fround(raw.bias),
      alpha: Math.fround(raw.alpha),
      beta: Math.fround(raw.beta),
    };
    const x = random("x", shape, scale), dy = random("dy", shape), units = shrinkUnits(raw);
    const close = (value: Tensor, magnitude: Tensor): Expected => sums(value, magnitude, units);
    return {
      name,
      feeds: { x, dy },
      record: ({ x, dy }) => {
        const y = localResponseNormalization(x, o), [dx] = backward(y, dy);
        return { y, dx: dx! };
      },
      expect: {
        y: close(reference.lrn(x, o), reference.lrn(x, o)),
        dx: close(
          reference.lrnGradient(x, dy, o),
          reference.lrnGradient(abs(x), abs(dy), o, raw.beta < 0 ? -1 : 1),
        ),
      },
    };
  }),
);
