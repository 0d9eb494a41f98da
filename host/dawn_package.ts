/**
 * Loads Dawn's addon when this module is imported, which only `--adapter=dawn` does: it is 60 MB.
 *
 * @module
 */
export { create } from "npm:webgpu@0.6.2";
