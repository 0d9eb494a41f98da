/**
 * The nets of the rows as other libraries take them.
 *
 * @module
 */
import type { Value } from "../tape/tape.ts";
import type { NetCase, Tensor } from "./cases.ts";
import { fold } from "./fold.ts";
import { channelsFirst, type Layout, toLayout } from "./layouts.ts";
import { sourcesOf, type Step, stepsTo } from "./interpret.ts";
import { dataOf, recordNet } from "./nets.ts";

/** A net with what it computes on. */
export interface ConvertedNet {
  /** Its logits, recorded. */
  readonly target: Value;
  /** Images and variables by name. */
  readonly values: ReadonlyMap<string, Tensor>;
  /** One row of a one and zeros an image: its class. */
  readonly targets: Tensor;
}

/** A case's net: as it is for training, without batch normalization for inference. */
export function converted(c: NetCase): ConvertedNet {
  const { images, targets, variables } = dataOf(c), target = recordNet(c).net.logits;
  const net = c.kind === "train" ? { target, variables } : fold({ target, variables });
  return { target: net.target, values: new Map([...net.variables, ["images", images]]), targets };
}

/** A net for a library that keeps channels first. */
export interface ChannelsFirstNet {
  readonly steps: readonly Step[];
  /** Images and variables by name, as the library keeps them. */
  readonly values: ReadonlyMap<string, Tensor>;
  /** How it keeps those that it keeps in another way than we do. */
  readonly layouts: ReadonlyMap<string, Layout>;
}

/** A net as a library takes it that keeps channels first; of its values only those that it needs. */
export function withChannelsFirst({ target, values }: ConvertedNet): ChannelsFirstNet {
  const steps = stepsTo(target), layouts = channelsFirst(steps), moved = new Map<string, Tensor>();
  for (const { label } of sourcesOf(steps)) {
    moved.set(label, toLayout(values.get(label)!, layouts.get(label) ?? {}));
  }
  return { steps, values: moved, layouts };
}
