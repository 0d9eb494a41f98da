/**
 * Plans a program: dead operations dropped, epilogues fused, launches in order, what depends on nothing but parameters and
 * constants before all else, and where every value lies. No device is needed, so that memory can be told before anything runs.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Choose, chooserOf, type Preferences, WORKGROUPS } from "../kernels/choices.ts";
import type { Emitter } from "../kernels/emitter.ts";
import { withHalfStorage } from "../kernels/half.ts";
import { sizeOf } from "../kernels/kernel.ts";
import { TEXTURE_LIMIT } from "../kernels/texture.ts";
import { computedInFours } from "./channelwise.ts";
import { backwardOf, fuse, reachable, type Step } from "./fuse.ts";
import { halfValues } from "./halves.ts";
import { Known, withoutUnread } from "./known.ts";
import { lifetimes, rivalsOf } from "./lifetimes.ts";
import type { LabelledLaunch, Region } from "./memory.ts";
import { labelOf, type Origin } from "./origin.ts";
import type { ParameterLayout } from "./parameter_layout.ts";
import { isBatchNormByBatch } from "./ops/batch_norm.ts";
import { absorbPadding } from "./padding.ts";
import { Places } from "./places.ts";
import { planMemory } from "./plan_memory.ts";
import { lowerInParts } from "./split.ts";
import { divide, type Stages } from "./stages.ts";
import type { Node, Tape, Value } from "./tape.ts";
import { bytesOfTextures } from "./textures.ts";
import { planUpdates, type Update } from "./updates.ts";

/** What a program is to compute. */
export interface PlanRequest {
  /** Values that can be read after a run, by name. */
  readonly fetches: Readonly<Record<string, Value>>;
  readonly updates?: readonly Update[];
  /** Chooses between kernels that compute the same. @default {that of an adapter of which nothing is known} */
  readonly choose?: Choose;
  /** What the program will run on. @default {"software"} */
  readonly kind?: Preferences["kind"];
  /** Whether it has subgroups of eight invocations or more. @default {false} */
  readonly subgroups?: boolean;
  /** How images lie between operations; see halves.ts. @default {"f32"} */
  readonly precision?: Precision;
}

/** Element type of images between operations; sums are float32 with either. */
export type Precision = "f32" | "f16";

/** A planned program. */
export class Plan implements Stages {
  readonly preparation: Stages["preparation"];
  readonly fills: Stages["fills"];
  readonly intake: Stages["intake"];
  readonly intakeFills: Stages["intakeFills"];
  readonly launches: Stages["launches"];
  readonly outtake: Stages["outtake"];
  readonly textures: Stages["textures"];
  /** Whether a run changes the parameters. */
  readonly changesParameters: boolean;
  /** Bytes of each block, and the label of the largest value in it. */
  readonly blocks: { bytes: number; label: string }[] = [];
  /** Feeds, constants and states that the program touches. */
  readonly sources: Value[] = [];
  #lowered: LabelledLaunch[] = [];
  readonly #places: Places;
  readonly #known: Known;
  readonly #limit: number;
  readonly #choose: Choose;
  readonly #workgroups: number;
  readonly #subgroups: boolean;
  /** Operations that compute gradients, or take some. */
  readonly #backward: ReadonlySet<Node>;
  /** How the sums of products are computed forward. */
  readonly #forwardSums: Emitter<Value>["sums"];

  /**
   * @param maxBindingSize bytes of the largest storage binding
   * @throws {RangeError} where something cannot be split into bindings of that size
   */
  constructor(
    readonly tape: Tape,
    request: PlanRequest,
    readonly layout: ParameterLayout,
    maxBindingSize: number,
  ) {
    this.#limit = Math.min(Math.floor(maxBindingSize / 256) * 64, TEXTURE_LIMIT);
    const { updates = [], kind = "software" } = request;
    this.#choose = request.choose ?? chooserOf({ kind });
    this.#workgroups = WORKGROUPS[kind];
    this.#subgroups = request.subgroups ?? false;
    const kept = new Set(Object.values(request.fetches)),
      taken = updates.flatMap((u) => [...u.values.values()]);
    const needed = new Set([...kept, ...taken]);
    const nodes: Node[] = absorbPadding(reachable(tape.nodes, needed), needed);
    this.changesParameters = updates.length > 0;
    this.#backward = backwardOf(nodes);
    const isTraining = this.changesParameters || this.#backward.size > 0;
    const isMagnified = nodes.some(({ operation }) => isBatchNormByBatch(operation));
    this.#forwardSums = !isTraining ? "long" : isMagnified ? "shortest" : "short";
    this.#places = new Places(tape, request.precision === "f16" ? halfValues(nodes, needed) : new Set());
    this.#known = new Known(this.#places, this);
    for (const step of fuse(nodes, needed)) this.#lower(step);
    this.#planUpdates(updates);
    this.#lowered = withoutUnread(this.#lowered, needed, this.#places);
    ({
      preparation: this.preparation,
      fills: this.fills,
      intake: this.intake,
      intakeFills: this.intakeFills,
      launches: this.launches,
      outtake: this.outtake,
      textures: this.textures,
    } = divide(this.#lowered, {
      kept,
      changesParameters: this.changesParameters,
      partOf: (value) => this.#places.part(value),
      bytesEach: (value) => this.bytesEach(value),
    }));
    this.#placeAll(kept);
    this.#checkBindings(maxBindingSize);
  }

  /** Where a value lies. */
  region(value: Value): Region {
    return this.#places.region(value);
  }

  /** Whether the intake copies a feed. */
  isTakenIn(feed: Value): boolean {
    const taken = [
      ...this.intake.flatMap(({ launch }) => launch.buffers),
      ...this.intakeFills.map((f) => f.value),
    ];
    return taken.some((value) => this.#places.root(value) === feed);
  }

  /** Bytes of an element of a value. */
  bytesEach(value: Value): number {
    return this.#places.bytesEach(value);
  }

  /** Bytes of a value on the device, rounded up so that whole vec4 can be read and written. */
  bytesOf(value: Value): number {
    return this.#places.bytesOf(value);
  }

  /** Bytes of blocks, textures and sources: all that the program needs beside the parameters. */
  get bytes(): number {
    const sizes = [
      ...this.blocks.map((b) => b.bytes),
      bytesOfTextures(this.textures),
      ...this.sources.map((v) => this.bytesOf(v)),
    ];
    return sizes.reduce((a, b) => a + b, 0);
  }

  #emitter(origin: Origin, sums: Emitter<Value>["sums"] = "long"): Emitter<Value> {
    const label = labelOf(origin);
    return {
      limit: this.#limit,
      workgroups: this.#workgroups,
      subgroups: this.#subgroups,
      sums,
      isLasting: (value) => this.#known.isLasting(value),
      inFours: (value, columns) => this.#known.inFours(value, columns),
      choose: this.#choose,
      emit: ({ kernel, ...rest }) => {
        const halves = rest.buffers.flatMap((value, i) => this.bytesEach(value) === 2 ? [i + 1] : []);
        const stopgap = rest.stopgap &&
          { ...rest.stopgap, kernel: withHalfStorage(rest.stopgap.kernel, halves) };
        const launch = { ...rest, kernel: withHalfStorage(kernel, halves), stopgap };
        this.#lowered.push({ launch, origin, label: `${label} (${launch.kernel.name})` });
        this.#known.learn(launch);
      },
      scratch: (elements, copiesOf) => {
        const scratch = this.#places.temporary(`${label}/scratch`, [elements]);
        if (copiesOf) this.#places.halveLike(scratch, copiesOf);
        return scratch;
      },
      window: (value, first, count) => this.#places.window(value, first, [count]),
    };
  }

  #lower({ node, inputs, outputs, epilogue, isSensitive }: Step): void {
    const { operation, attributes, scope } = node;
    if (!operation.lower || operation.inPlace) this.#places.alias(outputs[0], inputs[0]);
    if (!operation.lower) return;
    const shapes = (values: readonly Value[]) => values.map((v) => v.shape);
    const origin = { scope, operation: operation.name, inputs: shapes(inputs), outputs: shapes(outputs) };
    const context = { inputs, outputs, attributes, epilogue, isSensitive, firstImage: 0 };
    const sums = this.#backward.has(node) ? "long" : this.#forwardSums;
    lowerInParts(this.#emitter(origin, sums), computedInFours(operation, this.#places), context, {
      limit: this.#limit,
      images: (v, first, count) =>
        this.#places.window(v, first * sizeOf(v.shape.slice(1)), [count, ...v.shape.slice(1)]),
      bytesEach: (v) => this.bytesEach(v),
      scratchLike: (v) => this.#places.temporary(`${labelOf(origin)}/part`, v.shape),
    });
  }

  #planUpdates(updates: readonly Update[]): void {
    planUpdates({
      tape: this.tape,
      layout: this.layout,
      limit: this.#limit,
      launches: this.#lowered,
      emitter: (origin) => this.#emitter(origin),
      places: this.#places,
    }, updates);
  }

  /** Gives every value that some launch touches its memory. */
  #placeAll(kept: Iterable<Value>): void {
    const root = (value: Value) => this.#places.root(value), planned: Value[] = [];
    const lives = lifetimes(this, kept, root);
    for (const value of new Set([...lives.keys(), ...this.tape.feeds.values()])) {
      if (this.#places.isPlaced(value)) continue;
      const { source } = value;
      if (source?.kind === "variable") {
        const { page, first } = this.layout.place(source.variable.name);
        this.#places.place(value, { kind: "arena", slot: "", initial: 0, page }, 4 * first);
      } else if (source) {
        this.sources.push(value);
        this.#places.place(value, { kind: "source", value });
      } else planned.push(value);
    }
    const items = planned.map((value) => ({ bytes: this.bytesOf(value), ...lives.get(value)! }));
    const { places, blocks } = planMemory(items, rivalsOf(this, planned, root));
    places.forEach(({ block, offset }, i) =>
      this.#places.place(planned[i], { kind: "block", index: block }, offset)
    );
    for (const [b, bytes] of blocks.entries()) {
      const largest = places.findIndex(({ block }, i) => block === b && items[i].bytes === bytes);
      this.blocks.push({ bytes, label: planned[largest].label });
    }
  }

  #checkBindings(most: number): void {
    for (const { launch, label } of this.#lowered) {
      for (const value of launch.buffers) {
        const { size, offset } = this.region(value);
        if (size <= most && offset % 256 === 0) continue;
        throw new RangeError(
          `Cannot bind ${value.label} [${value.shape}] in ${label}: its ${size} bytes cannot be cut to fit this device's ` +
            `maxStorageBufferBindingSize of ${most}; use a smaller batch or image size`,
        );
      }
    }
  }
}
