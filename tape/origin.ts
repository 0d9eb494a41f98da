/**
 * What a launch is for.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Shape } from "./tape.ts";

/** Where launches come from; the launches of one operation share one of these. */
export interface Origin {
  readonly scope: string;
  readonly operation: string;
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
}

/** Shapes as messages and profiles show them. */
export function shapesText({ inputs, outputs }: Origin): string {
  const text = (shapes: readonly Shape[]) => shapes.map((shape) => `[${shape}]`).join(" ");
  return `${text(inputs)} -> ${text(outputs)}`;
}

/** Scope, operation and shapes. */
export function labelOf(origin: Origin): string {
  return `${origin.scope || "."}/${origin.operation} ${shapesText(origin)}`;
}
