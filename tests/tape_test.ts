/** Recording: what the tape gives back, and what it refuses, by full text. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { zeros } from "../layers/initializers.ts";
import { gradients } from "../tape/gradients.ts";
import { conv2d } from "../tape/ops/conv2d.ts";
import { dropout } from "../tape/ops/dropout.ts";
import { l2Loss, mean, softmax, softmaxCrossEntropy } from "../tape/ops/losses.ts";
import { localResponseNormalization } from "../tape/ops/lrn.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { avgPool2d, maxPool2d } from "../tape/ops/pool.ts";
import { relu } from "../tape/ops/activations.ts";
import { add, biasAdd, reshape, scale } from "../tape/ops/pointwise.ts";
import { type DType, type Shape, Tape, type Value } from "../tape/tape.ts";

const scope = "net/layer";
const lrnOptions = { depthRadius: 1.5, scope };

/** Operation, shapes of its operands (f32 unless said otherwise), and the error. */
const refused: [string, (...x: Value[]) => unknown, [Shape, DType?][], typeof Error, string][] = [
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope }),
    [[[2, 8, 8, 3]], [[3, 3, 4, 5]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [2,8,8,3], [3,3,4,5]: the input has 3 channels, the weights expect 4",
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope }),
    [[[2, 8, 3]], [[3, 3, 3, 5]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [2,8,3], [3,3,3,5]: the input needs 4 dimensions [n, height, width, channels]",
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope }),
    [[[2, 8, 8, 3]], [[27, 5]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [2,8,8,3], [27,5]: the weights need 4 dimensions [height, width, in, out]",
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope, padding: "VALID" }),
    [[[1, 2, 9, 1]], [[3, 3, 1, 1]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [1,2,9,1], [3,3,1,1]: a window of 3x3 at rate 1x1 does not fit into 2x9 " +
    'with VALID padding: the output would be empty; use "SAME" or a larger image',
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope, stride: [1, 0] }),
    [[[1, 2, 9, 1]], [[3, 3, 1, 1]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [1,2,9,1], [3,3,1,1]: the stride must be whole numbers of at least 1, got 1x0",
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope, rate: 1.5 }),
    [[[1, 2, 9, 1]], [[3, 3, 1, 1]]],
    RangeError,
    "Cannot apply conv2d in net/layer to [1,2,9,1], [3,3,1,1]: the rate must be whole numbers of at least 1, got 1.5x1.5",
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope, padding: "same" as "SAME" }),
    [[[1, 2, 9, 1]], [[3, 3, 1, 1]]],
    RangeError,
    'Cannot apply conv2d in net/layer to [1,2,9,1], [3,3,1,1]: padding must be "SAME", "VALID", or [[top, bottom], [left, right]] ' +
    'with less than the window\'s 3x3 each, got "same"',
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, { scope }),
    [[[1, 2, 9, 1], "u8"], [[3, 3, 1, 1]]],
    TypeError,
    "Cannot apply conv2d in net/layer to x0: operand 0 must be f32, this is u8",
  ],
  [
    "maxPool2d",
    (x) => maxPool2d(x, [2, 3], { scope }),
    [[[1, 1, 9, 1]]],
    RangeError,
    "Cannot apply maxPool2d in net/layer to [1,1,9,1]: a window of 2x3 at rate 1x1 does not fit into 1x9 with VALID " +
    'padding: the output would be empty; use "SAME" or a larger image',
  ],
  [
    "avgPool2d",
    (x) => avgPool2d(x, -2, { scope }),
    [[[1, 1, 9, 1]]],
    RangeError,
    "Cannot apply avgPool2d in net/layer to [1,1,9,1]: the window must be whole numbers of at least 1, got -2x-2",
  ],
  [
    "matmul",
    (a, b) => matmul(a, b, { scope, transposeB: true }),
    [[[2, 3]], [[3, 5]]],
    RangeError,
    "Cannot apply matmul in net/layer to [2,3], [3,5]: the inner dimensions 3 and 5 differ",
  ],
  [
    "matmul",
    (a, b) => matmul(a, b, { scope }),
    [[[2, 3, 1]], [[3, 5]]],
    RangeError,
    "Cannot apply matmul in net/layer to [2,3,1], [3,5]: both operands need 2 dimensions",
  ],
  [
    "add",
    (a, b) => add(a, b, { scope }),
    [[[2, 3]], [[3, 2]]],
    RangeError,
    "Cannot apply add in net/layer to [2,3], [3,2]: the shapes differ",
  ],
  [
    "add without a scope",
    (a, b) => add(a, b),
    [[[2]], [[3]]],
    RangeError,
    "Cannot apply add to [2], [3]: the shapes differ",
  ],
  [
    "scale",
    (x, by) => scale(x, 2, { by, scope }),
    [[[2, 3]], [[1]]],
    RangeError,
    "Cannot apply scale in net/layer to [2,3], [1]: the second operand must be a scalar []",
  ],
  [
    "biasAdd",
    (x, b) => biasAdd(x, b, { scope }),
    [[[2, 3]], [[2]]],
    RangeError,
    "Cannot apply biasAdd in net/layer to [2,3], [2]: the bias needs one value a channel",
  ],
  [
    "reshape",
    (x) => reshape(x, [4, 2], { scope }),
    [[[2, 3]]],
    RangeError,
    "Cannot apply reshape in net/layer to [2,3]: [4,2] has another number of elements",
  ],
  [
    "reshape",
    (x) => reshape(x, [-2, -3], { scope }),
    [[[2, 3]]],
    RangeError,
    "Cannot make net/layer/reshape [-2,-3]: dimensions are whole numbers of at least 1",
  ],
  [
    "relu",
    (x) => relu(x, { scope }),
    [[[2], "i32"]],
    TypeError,
    "Cannot apply relu in net/layer to x0: operand 0 must be f32, this is i32",
  ],
  [
    "localResponseNormalization",
    (x) => localResponseNormalization(x, { scope }),
    [[[2, 3]]],
    RangeError,
    "Cannot apply localResponseNormalization in net/layer to [2,3]: the input needs 4 dimensions " +
    "[n, height, width, channels]",
  ],
  [
    "localResponseNormalization",
    (x) => localResponseNormalization(x, lrnOptions),
    [[[2, 3, 3, 4]]],
    RangeError,
    "Cannot apply localResponseNormalization in net/layer to [2,3,3,4]: depthRadius 1.5 is no count",
  ],
  [
    "dropout",
    (x, step) => dropout(x, step, { keep: 0, operation: 0, seed: 0, scope }),
    [[[2, 3]], [[1], "u32"]],
    RangeError,
    "Cannot apply dropout in net/layer to [2,3], [1]: the keep probability 0 is outside (0, 1]",
  ],
  [
    "dropout",
    (x, step) => dropout(x, step, { keep: 0.5, operation: 0, seed: 0, scope }),
    [[[2, 3]], [[2], "u32"]],
    RangeError,
    "Cannot apply dropout in net/layer to [2,3], [2]: the step must be one number",
  ],
  [
    "softmax",
    (x) => softmax(x, { scope }),
    [[[]]],
    RangeError,
    "Cannot apply softmax in net/layer to []: there are no classes",
  ],
  [
    "softmaxCrossEntropy",
    (z, labels) => softmaxCrossEntropy(z, labels, { scope }),
    [[[4, 10]], [[5], "i32"]],
    RangeError,
    "Cannot apply softmaxCrossEntropy in net/layer to [4,10], [5]: there must be one label an example",
  ],
  [
    "softmaxCrossEntropy",
    (z, labels) => softmaxCrossEntropy(z, labels, { scope }),
    [[[4, 1, 10]], [[4], "i32"]],
    RangeError,
    "Cannot apply softmaxCrossEntropy in net/layer to [4,1,10], [4]: the logits need 2 dimensions [n, classes]",
  ],
  [
    "softmaxCrossEntropy",
    (z, labels) => softmaxCrossEntropy(z, labels, { scope }),
    [[[4, 10]], [[4]]],
    TypeError,
    "Cannot apply softmaxCrossEntropy in net/layer to x1: operand 1 must be i32, this is f32",
  ],
];

for (const [name, call, operands, type, text] of refused) {
  const shapes = operands.map(([shape, dtype = "f32"]) => `${dtype} [${shape}]`).join(", ");
  Deno.test(`${name}() refuses ${shapes}: ${text.slice(text.indexOf(": ") + 2)}`, () => {
    const tape = new Tape(), values = operands.map(([shape, dtype], i) => tape.feed(`x${i}`, shape, dtype));
    assertEquals(assertThrows(() => call(...values), type).message, text);
    assertEquals(tape.nodes.length, 0, "a refused operation is not recorded");
  });
}

Deno.test("Tape.apply() refuses values of another tape", () => {
  const [a, b] = [new Tape(), new Tape()].map((tape) => tape.feed("x", [1]));
  const error = assertThrows(() => add(a, b, { scope }), TypeError);
  assertEquals(error.message, "Cannot apply add in net/layer to x: it is on another tape");
});

Deno.test("Tape.feed() and variable() give the known value again, and refuse another type or shape", () => {
  const tape = new Tape(), x = tape.feed("x", [2, 3]), w = tape.variable("w", [3], { initialize: zeros });
  assert(tape.feed("x", [2, 3]) === x && tape.variable("w", [3], { initialize: zeros }) === w);
  const texts: [() => unknown, typeof Error, string][] = [
    [() => tape.feed("x", [3, 2]), TypeError, "Cannot feed x as f32 [3,2]: it is already fed as f32 [2,3]"],
    [
      () => tape.feed("x", [2, 3], "i32"),
      TypeError,
      "Cannot feed x as i32 [2,3]: it is already fed as f32 [2,3]",
    ],
    [
      () => tape.variable("w", [4], { initialize: zeros }),
      TypeError,
      "Cannot make variable w with shape [4]: it exists with shape [3]",
    ],
    [
      () => tape.constant(new Float32Array(3), [2]),
      TypeError,
      "Cannot make a constant of shape [2]: got 3 values",
    ],
    [() => tape.feed("y", [0]), RangeError, "Cannot make y [0]: dimensions are whole numbers of at least 1"],
    [
      () => tape.variable("v", [2, 0.5], { initialize: zeros }),
      RangeError,
      "Cannot make v [2,0.5]: dimensions are whole numbers of at least 1",
    ],
  ];
  for (const [call, type, text] of texts) assertEquals(assertThrows(call, type).message, text);
  assertEquals([[...tape.feeds.keys()], [...tape.variables.keys()]], [["x"], ["w"]]);
});

Deno.test("gradients() refuses what is no scalar, and operations without a gradient", () => {
  const tape = new Tape(), x = tape.feed("x", [2, 3]);
  assertEquals(
    assertThrows(() => gradients(relu(x), [x]), RangeError).message,
    "Cannot differentiate relu [2,3]: it is no scalar",
  );
  assertEquals(
    assertThrows(() => gradients(mean(softmax(x, { scope })), [x]), TypeError).message,
    "Cannot differentiate net/layer/softmax: softmax has no gradient",
  );
  const by = tape.feed("by", []);
  assertEquals(
    assertThrows(() => gradients(mean(scale(x, 1, { by, scope })), [by]), TypeError).message,
    "Cannot differentiate net/layer/scale for its scalar operand",
  );
});

Deno.test("gradients() gives undefined where the loss does not depend on a value", () => {
  const tape = new Tape(),
    [a, b, c] = ["a", "b", "c"].map((name) => tape.variable(name, [4], { initialize: zeros }));
  add(b, c);
  const found = gradients(add(mean(relu(a)), l2Loss(c, 1)), [a, b, c]);
  assertEquals(found.map((g) => g?.shape), [[4], undefined, [4]]);
});

Deno.test("gradients() records nothing for layers below the wanted ones, and no gradient of the images", () => {
  const record = (wanted: string[]) => {
    const tape = new Tape(),
      variable = (name: string, shape: Shape) => tape.variable(name, shape, { initialize: zeros });
    let x = tape.feed("images", [2, 6, 6, 3]);
    for (const i of [1, 2, 3]) {
      const scope = `conv${i}`, w = variable(`${scope}/weights`, [3, 3, 3, 3]);
      x = relu(biasAdd(conv2d(x, w, { scope }), variable(`${scope}/biases`, [3]), { scope }), { scope });
    }
    const loss = mean(x, { scope: "loss" }), forward = tape.nodes.length;
    gradients(loss, wanted.map((name) => tape.variables.get(name)!.value));
    return tape.nodes.slice(forward).map((node) => `${node.scope}/${node.operation.name}`);
  };
  const start = ["loss/scale", "loss/spread", "conv3/reluGradient"];
  assertEquals(record(["conv3/biases"]), [...start, "conv3/biasGradient"]);
  assertEquals(record(["conv3/weights"]), [...start, "conv3/conv2dWeightGradient"]);
  assertEquals(record(["conv2/weights"]), [
    ...start,
    "conv3/conv2dInputGradient",
    "conv2/reluGradient",
    "conv2/conv2dWeightGradient",
  ]);
  const all = record(["conv1/weights", "conv1/biases", "conv2/weights", "conv3/weights"]);
  assertEquals(all.filter((name) => name.endsWith("conv2dInputGradient")), [
    "conv3/conv2dInputGradient",
    "conv2/conv2dInputGradient",
  ]);
  assertEquals(record([]), []);
});

Deno.test("gradients() adds up what several users give", () => {
  const tape = new Tape(), x = tape.feed("x", [3]), forward = add(mean(x), mean(scale(x, 2)));
  const before = tape.nodes.length, [dx] = gradients(add(forward, l2Loss(x, 4)), [x]);
  assertEquals(dx!.shape, [3]);
  const sums = tape.nodes.slice(before).filter((node) =>
    node.operation.name === "add" && node.scope.startsWith("gradients/")
  );
  assertEquals(sums.map((node) => node.scope), ["gradients/x", "gradients/x"]);
});
