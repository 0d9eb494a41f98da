/**
 * What Deno allows of workers.
 *
 * @module
 */

/** Whether Deno lets the module of a worker be read; if not, it would say so for each that is started. */
export function mayStartWorker(module: URL): boolean {
  if (module.protocol !== "file:") return true;
  return Deno.permissions.querySync({ name: "read", path: module }).state === "granted";
}
