/**
 * Opens a device in Deno: a real GPU, the system's software driver, the embedded one, or Dawn's.
 *
 * @module
 */
import { join } from "node:path";
import { chooseAdapter, type DriverSource, summarizeAdapter } from "../gpu/adapter.ts";
import { Gpu, type PipelineProgress } from "../gpu/gpu.ts";
import { cacheDirectory } from "./cache_dir.ts";
import { openDawn } from "./dawn.ts";
import { installEmbeddedDriver, isEmbeddedDriverSupported } from "./embedded_driver.ts";
import { installHint } from "./install_hints.ts";
import { listVulkanDevices, type VulkanDevice } from "./vulkan.ts";

/** Values of `--adapter` and of `WGSLIM_ADAPTER`. */
export const adapterChoices = ["auto", "gpu", "system", "embedded", "dawn"] as const;

/**
 * Which adapter to open. "auto": a real GPU, else the system's software driver, else the embedded one. "gpu": hardware or
 * an error. "system": the installed software driver. "embedded": SwiftShader. "dawn": whatever Dawn finds.
 */
export type AdapterChoice = typeof adapterChoices[number];

/** Options of {@linkcode openGpu}. */
export interface OpenGpuOptions {
  /** @default the environment variable WGSLIM_ADAPTER, else "auto" */
  adapter?: string;
  /** Called as pipelines are asked for and finished. */
  onPipeline?: PipelineProgress;
}

/** Set once the embedded driver has been put in front of the system's: an instance, once made, cannot be changed. */
let embeddedLoaded = false;

/**
 * Opens a device on the wished adapter.
 *
 * @throws {RangeError} where the wish is no {@linkcode AdapterChoice}
 * @throws {Error} where the machine has no such adapter; the message says what to install
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  const { adapter, driverSource } = await openAdapter(wishedAdapter(options.adapter));
  return Gpu.open(adapter, { driverSource, onPipeline: options.onPipeline });
}

/** The flag's value, else the environment's, else "auto". @throws {RangeError} where it is none of the choices */
export function wishedAdapter(flag: string | undefined): AdapterChoice {
  const wish = flag ?? (Deno.env.get("WGSLIM_ADAPTER") || "auto");
  const known = adapterChoices.find((choice) => choice === wish);
  if (known) return known;
  const source = flag === undefined ? `WGSLIM_ADAPTER=${wish}` : `--adapter=${wish}`;
  throw new RangeError(`Cannot use ${source}: it is none of ${adapterChoices.join(", ")}`);
}

async function openAdapter(
  wish: AdapterChoice,
): Promise<{ adapter: GPUAdapter; driverSource: DriverSource }> {
  prepareLinux();
  if (wish === "embedded") return openEmbedded();
  const devices = systemVulkanDevices();
  const isBare = devices?.length === 0 && isEmbeddedDriverSupported();
  if (wish === "dawn") {
    if (isBare) await loadEmbeddedDriver();
    const adapter = await chooseAdapter(await openDawn());
    if (!adapter) {
      throw new Error(`Cannot open an adapter with Dawn: it found no device; ${installHint("software")}`);
    }
    return { adapter, driverSource: "dawn" };
  }
  if (wish === "auto" && isBare) return openEmbedded();
  if (embeddedLoaded && wish !== "auto") throw new Error(`Cannot open --adapter=${wish}: ${alreadyChosen}`);
  const adapter = await chooseAdapter(navigator.gpu, wishedKind[wish]);
  if (adapter) return { adapter, driverSource: embeddedLoaded ? "embedded" : "system" };
  if (wish === "auto" && isEmbeddedDriverSupported() && devices === null) {
    throw new Error(
      `Cannot find an adapter: asking Vulkan needs --allow-ffi and --allow-env; or ${
        installHint("software")
      }`,
    );
  }
  const found = devices?.map((device) => device.name).join(", ") || "no Vulkan device";
  throw new Error(
    `Cannot open ${what[wish]}: this machine has ${found}; ${
      installHint(wish === "gpu" ? "hardware" : "software")
    }`,
  );
}

const wishedKind = { auto: "any", gpu: "gpu", system: "software" } as const;
const what = { auto: "an adapter", gpu: "a real GPU", system: "a software driver of the system" } as const;
const alreadyChosen =
  "this process has loaded another driver, and WebGPU keeps its first one; start a new process";

async function openEmbedded(): Promise<{ adapter: GPUAdapter; driverSource: DriverSource }> {
  await loadEmbeddedDriver();
  const adapter = await chooseAdapter(navigator.gpu);
  if (!adapter) {
    throw new Error(
      `Cannot open the embedded driver: its loader found no device; ${installHint("software")}`,
    );
  }
  const { description } = summarizeAdapter(adapter, "embedded");
  if (!/swiftshader/i.test(description)) {
    throw new Error(`Cannot open the embedded driver: ${alreadyChosen} (now ${description})`);
  }
  return { adapter, driverSource: "embedded" };
}

/** Loads the embedded loader by its path, and points every loader in this process to the embedded driver. */
async function loadEmbeddedDriver(): Promise<void> {
  if (embeddedLoaded) return;
  const directory = await installEmbeddedDriver();
  const manifest = join(directory, "vk_swiftshader_icd.json");
  Deno.env.set("VK_DRIVER_FILES", manifest);
  Deno.env.set("VK_ICD_FILENAMES", manifest); // the name that loaders older than 1.3.207 read
  try {
    Deno.dlopen(join(directory, "libvulkan.so.1"), {
      vkGetInstanceProcAddr: { parameters: ["pointer", "buffer"], result: "pointer" },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot load the embedded driver: ${reason}; it needs --allow-ffi, and glibc rather than musl`,
      {
        cause,
      },
    );
  }
  embeddedLoaded = true;
}

/** Devices of the system's loader; null where the question has no meaning or is not permitted. */
export function systemVulkanDevices(): VulkanDevice[] | null {
  if (Deno.build.os !== "linux" || embeddedLoaded) return null;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  return listVulkanDevices();
}

/**
 * Keeps WebGPU to Vulkan, as its OpenGL emulation has fewer limits and another shader compiler, and gives Mesa the private
 * directory that it complains about when it is missing.
 */
function prepareLinux(): void {
  if (Deno.build.os !== "linux" || Deno.permissions.querySync({ name: "env" }).state !== "granted") return;
  if (!Deno.env.get("DENO_WEBGPU_BACKEND")) Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  if (Deno.env.get("XDG_RUNTIME_DIR")) return;
  try {
    const directory = join(cacheDirectory(), "run");
    Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
    Deno.env.set("XDG_RUNTIME_DIR", directory);
  } catch {
    // Mesa works without it; it only prints a line.
  }
}
