/**
 * Dropout of values and of paths, as TensorFlow's graphs for training have them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { attributeOf } from "../../formats/graph_def/attributes.ts";
import type { DropoutMask } from "../../kernels/dropout.ts";
import type { Node } from "../../tape/tape.ts";
import { type Attributes, beside, floats } from "./builder.ts";
import type { Translation } from "./translation.ts";

const int32 = attributeOf.dtype("int32"), int64 = attributeOf.dtype("int64");
const uniform: Attributes = {
  T: int32,
  dtype: floats.T,
  seed: attributeOf.integer(0),
  seed2: attributeOf.integer(0),
};

/** `tf.nn.dropout`: values below the rate become 0, all others grow. */
export function addDropout(t: Translation, { scope, inputs: [x], attributes }: Node): string {
  const { keep } = attributes as DropoutMask, rate = 1 - keep;
  const inner = `${scope}/${/(^|\/)dropout$/i.test(scope) ? "dropout_1" : "dropout"}`; // TF takes both for one name
  const factor = t.filled(inner, "Const", 1 / (1 - rate));
  const scaled = t.add("Mul", inner, [x, factor]);
  const random = t.add("RandomUniform", `${inner}/random_uniform`, [t.addShape(inner, x)], uniform);
  const threshold = t.filled(`${inner}/GreaterEqual`, "y", rate);
  const isKept = t.add("GreaterEqual", inner, [random, threshold]);
  return t.add("SelectV2", inner, [isKept, scaled, t.filled(inner, "Const", 0)]);
}

/** NASNet's `drop_path`: the mask is 1 for examples that stay; the fewer stay, the more training steps there were. */
export function addDropPath(t: Translation, { scope, inputs: [x], attributes }: Node): string {
  const { keep, burnInSteps } = attributes as DropoutMask;
  const step = t.add("Cast", scope, [t.once("global_step", () => addGlobalStep(t, scope))], {
    SrcT: int64,
    DstT: floats.T,
    Truncate: attributeOf.boolean(false),
  });
  const ratio = t.add(
    "RealDiv",
    scope,
    [step, t.filled(`${scope}/truediv`, "y", burnInSteps)],
    floats,
    "truediv",
  );
  const capped = t.add("Minimum", scope, [t.filled(`${scope}/Minimum`, "x", 1), ratio]);
  const dropped = t.add("Mul", scope, [capped, t.filled(`${scope}/mul`, "y", 1 - keep)], floats, "mul");
  const kept = t.add("Sub", scope, [t.filled(`${scope}/sub`, "x", 1), dropped], floats, "sub");
  const examples = t.addElement(scope, t.addShape(scope, x), 0);
  const ones = [1, 2, 3].map((i) => t.integers(`${scope}/random_uniform/shape`, `${i}`, [1], []));
  const packing = { T: int32, N: attributeOf.integer(4), axis: attributeOf.integer(0) };
  const shape = t.add("Pack", scope, [examples, ...ones], packing, "random_uniform/shape");
  const random = t.add("RandomUniform", `${scope}/random_uniform`, [shape], uniform);
  const mask = t.add("Floor", scope, [t.add("AddV2", scope, [kept, random], floats, "add")]);
  const one = t.filled(`${scope}/truediv_1`, "x", 1);
  const factor = t.add("RealDiv", scope, [one, kept], floats, "truediv");
  const grown = t.add("Mul", scope, [x, factor], floats, "mul");
  return t.add("Mul", scope, [grown, mask], floats, "mul");
}

/** The step that `tf.train.get_or_create_global_step` makes in the scope that is open. */
function addGlobalStep(t: Translation, scope: string): string {
  const name = `${scope}/global_step`, place = beside(name), typed = { ...place, T: int64 };
  const value = attributeOf.tensor({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
  t.add("Const", name, [], { ...place, dtype: int64, value }, "Initializer/zeros");
  t.add("VariableV2", name, [], {
    ...place,
    dtype: int64,
    shape: attributeOf.shape([]),
    container: attributeOf.text(""),
    shared_name: attributeOf.text(""),
  }, "");
  const locked = { use_locking: attributeOf.boolean(true), validate_shape: attributeOf.boolean(true) };
  t.add("Assign", name, [name, `${name}/Initializer/zeros`], { ...typed, ...locked });
  return t.add("Identity", name, [name], typed, "read");
}
