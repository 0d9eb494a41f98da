/**
 * The registry: every net by its TF-Slim name.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { cifarnet } from "./cifarnet.ts";
import { lenet } from "./lenet.ts";
import type { Net } from "./net.ts";

/** All nets by name. */
export const nets: ReadonlyMap<string, Net> = new Map([cifarnet, lenet].map((net) => [net.name, net]));

/** The net of that name; throws a RangeError that lists the known names. */
export function getNet(name: string): Net {
  const net = nets.get(name);
  if (!net) {
    throw new RangeError(`Cannot find net ${name}: the known nets are ${[...nets.keys()].join(", ")}`);
  }
  return net;
}
