/**
 * WebGPU from Dawn, Chrome's implementation, whose shader compiler is stricter than Deno's.
 *
 * @module
 */

/** What the addon exports. */
interface DawnModule {
  create(flags: string[]): GPU;
}

/** Kept for the life of the process: adapters and devices die with the object they came from. */
let instance: GPU | null = null;

/**
 * Loads Dawn's native addon and returns its `navigator.gpu`.
 *
 * @throws {Error} where the addon cannot be fetched or loaded
 */
export async function openDawn(): Promise<GPU> {
  if (instance) return instance;
  const address = new URL("./dawn_package.ts", import.meta.url).href;
  try {
    const module: DawnModule = await import(address);
    return instance = module.create([]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot load Dawn from npm:webgpu@0.6.2: ${reason}; it needs network access once, and --allow-ffi`,
      { cause },
    );
  }
}
