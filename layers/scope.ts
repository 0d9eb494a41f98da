/**
 * Scopes: what TF-Slim calls variable scope, arg scope and collections, as values instead of global stacks.
 *
 * A scope knows where names begin (`LeNet/conv1`), which defaults its layers take, and where end points, regularization
 * losses and moving averages are collected. `scope()` and `with()` give children; nothing changes behind the caller's back.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { l2Loss } from "../tape/ops/losses.ts";
import type { Shape, Tape, Value } from "../tape/tape.ts";
import { type ArgScope, mergeArgScopes } from "./arguments.ts";
import type { Initializer } from "./initializers.ts";

/** One variable's contribution to the loss. */
export interface RegularizationLoss {
  readonly variable: string;
  /** decay * sum(w^2) / 2, shape []. */
  readonly value: Value;
  /** The factor: the loss's gradient is the variable itself, so many times. */
  readonly decay: number;
}

/** What moves a variable after each training step: variable += (1 - decay) * (value - variable). */
export interface MovingAverage {
  readonly variable: string;
  readonly value: Value;
  readonly decay: number;
}

/** Where TF-Slim gives a value one more name with `tf.identity`. Nothing runs for it: exported graphs alone have it. */
export interface Identity {
  readonly name: string;
  readonly value: Value;
  /** Operations recorded before it. */
  readonly position: number;
}

/** What all scopes of one net share. */
interface Shared {
  readonly tape: Tape;
  readonly seed: number;
  /** Whether batch normalization of a scope keeps its moving statistics, and uses them, in training too. */
  readonly keepsStatistics: (scope: string) => boolean;
  readonly endPoints: Map<string, Value>;
  readonly regularizationLosses: Map<string, RegularizationLoss>;
  readonly movingAverages: Map<string, MovingAverage>;
  readonly identities: Identity[];
  randoms: number;
}

/** A place in a net. {@linkcode Layers} adds the layers that can be recorded there. */
export abstract class Scope {
  protected constructor(
    readonly shared: Shared,
    /** Where the names of variables begin; "" at the outermost. */
    readonly name: string,
    readonly args: ArgScope,
  ) {}

  /** A scope of the same kind elsewhere. */
  protected abstract at(name: string, args: ArgScope): this;

  /** The tape that layers are recorded on. */
  get tape(): Tape {
    return this.shared.tape;
  }

  /** Seed of the run: it decides initial values and random masks. */
  get seed(): number {
    return this.shared.seed;
  }

  /** Named values of the net, in order of recording. */
  get endPoints(): ReadonlyMap<string, Value> {
    return this.shared.endPoints;
  }

  /** In order of the variables' creation. */
  get regularizationLosses(): readonly RegularizationLoss[] {
    return [...this.shared.regularizationLosses.values()];
  }

  /** What batch normalization in training moves, in order of recording (slim's `UPDATE_OPS`). */
  get movingAverages(): readonly MovingAverage[] {
    return [...this.shared.movingAverages.values()];
  }

  /** In order of recording. */
  get identities(): readonly Identity[] {
    return this.shared.identities;
  }

  /** A child scope: names below it begin with this one's. */
  scope(name: string): this {
    return this.at(this.path(name), this.args);
  }

  /** The same place with other defaults; those not named stay. */
  with(args: ArgScope): this {
    return this.at(this.name, mergeArgScopes(this.args, args));
  }

  /** Full name of something below this scope. */
  path(name: string): string {
    return this.name ? `${this.name}/${name}` : name;
  }

  /** Records an end point and returns it. */
  endPoint(name: string, value: Value): Value {
    this.shared.endPoints.set(name, value);
    return value;
  }

  /** Notes that TF-Slim has an identity of that name below this scope here, and returns the value. */
  identity(name: string, value: Value): Value {
    this.shared.identities.push({ name: this.path(name), value, position: this.tape.nodes.length });
    return value;
  }

  /** A variable below this scope, with its regularization loss if `decay` is above 0. Asking again gives the same. */
  variable(
    name: string,
    shape: Shape,
    options: { initialize: Initializer; decay?: number; trainable?: boolean },
  ): Value {
    const path = this.path(name), { decay = 0 } = options, { regularizationLosses } = this.shared;
    const value = this.tape.variable(path, shape, options);
    if (decay > 0 && !regularizationLosses.has(path)) {
      const scope = `${path}/Regularizer/l2_regularizer`;
      regularizationLosses.set(path, { variable: path, decay, value: l2Loss(value, decay, { scope }) });
    }
    return value;
  }

  /** Has a variable below this scope follow a value in training. */
  protected follow(name: string, value: Value, decay: number): void {
    const variable = this.path(name);
    this.shared.movingAverages.set(variable, { variable, value, decay });
  }

  /** A number that tells the random operations of one net apart. */
  protected nextRandom(): number {
    return this.shared.randoms++;
  }
}
