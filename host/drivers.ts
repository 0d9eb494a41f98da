/**
 * Opens a device in Deno: a real GPU, the system's software driver, the embedded one, or Dawn's.
 *
 * @module
 */
import { join } from "node:path";
import { chooseAdapter, type DriverSource, summarizeAdapter } from "../gpu/adapter.ts";
import { Gpu, type PipelineProgress } from "../gpu/gpu.ts";
import { WAYS } from "../kernels/choices.ts";
import { type Choices, loadChoices } from "../tape/stored_choices.ts";
import { cacheDirectory } from "./cache_dir.ts";
import { cacheStorage } from "./choice_storage.ts";
import { openDawn } from "./dawn.ts";
import { mayStartCompiler, startCompiler } from "./compiler.ts";
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
  /** Ways to compute, taken wherever there is a choice. @default the environment variable WGSLIM_VARIANT, separated by commas */
  variant?: readonly string[];
  /** The fastest ways. @default those that tools/tune.ts stored for the adapter, or none where ways are forced */
  measured?: Choices;
}

/** Whose driver this process computes on: Deno makes one WebGPU instance, which cannot change it. */
let chosen: "system" | "embedded" | null = null;

/**
 * Opens a device on the wished adapter.
 *
 * @throws {RangeError} where the wish is no {@linkcode AdapterChoice}, or a way to compute is unknown
 * @throws {Error} where the machine has no such adapter; the message says what to install
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  const wish = wishedAdapter(options.adapter), forced = wishedVariant(options.variant);
  const { adapter, driverSource } = await openAdapter(wish),
    summary = summarizeAdapter(adapter, driverSource);
  const measured = options.measured ??
    (forced.length > 0 ? undefined : await loadChoices(cacheStorage, summary));
  const compilesLate = driverSource === "system" && summary.kind === "software"; // lavapipe
  return Gpu.open(adapter, {
    driverSource,
    onPipeline: options.onPipeline,
    preferences: { forced, measured },
    startCompiler: compilesLate && mayStartCompiler() ? () => startCompiler(wish) : undefined,
  });
}

/** The flag's value, else the environment's, else "auto". @throws {RangeError} where it is none of the choices */
export function wishedAdapter(flag: string | undefined): AdapterChoice {
  const wish = flag ?? (Deno.env.get("WGSLIM_ADAPTER") || "auto");
  const known = adapterChoices.find((choice) => choice === wish);
  if (known) return known;
  const source = flag === undefined ? `WGSLIM_ADAPTER=${wish}` : `--adapter=${wish}`;
  throw new RangeError(`Cannot use ${source}: it is none of ${adapterChoices.join(", ")}`);
}

/** The flag's ways, else the environment's, else none. @throws {RangeError} where one is unknown */
export function wishedVariant(flag: readonly string[] | undefined): readonly string[] {
  const isReadable =
    Deno.permissions.querySync({ name: "env", variable: "WGSLIM_VARIANT" }).state === "granted";
  const text = isReadable ? Deno.env.get("WGSLIM_VARIANT") : undefined;
  const wish = flag ?? text?.split(",").map((way) => way.trim()).filter((way) => way) ?? [];
  const unknown = wish.find((way) => !WAYS.some((known) => known === way));
  if (unknown === undefined) return wish;
  const source = flag === undefined ? `WGSLIM_VARIANT=${text}` : `--variant=${wish}`;
  throw new RangeError(`Cannot use ${source}: ${unknown} is none of ${WAYS.join(", ")}`);
}

interface Opened {
  adapter: GPUAdapter;
  driverSource: DriverSource;
}

async function openAdapter(wish: AdapterChoice): Promise<Opened> {
  prepareLinux();
  if (wish === "embedded") return openEmbedded();
  const devices = systemVulkanDevices();
  const isBare = devices?.length === 0;
  const needsEmbedded = isBare && isEmbeddedDriverSupported();
  if (wish === "dawn") {
    if (needsEmbedded) await loadEmbeddedDriver();
    return openWithDawn();
  }
  if (wish === "auto" && (needsEmbedded || chosen === "embedded")) return openEmbedded();
  if (isBare) throw missing(wish, devices);
  if (chosen === "embedded") throw new Error(`Cannot open --adapter=${wish}: ${otherChosen}`);
  chosen = "system";
  const adapter = await chooseAdapter(navigator.gpu, wishedKind[wish]);
  if (!adapter) throw missing(wish, devices ?? []);
  return { adapter, driverSource: "system" };
}

const wishedKind = { auto: "any", gpu: "gpu", system: "software" } as const;
const wishedThing = {
  auto: "an adapter",
  gpu: "a real GPU",
  system: "a software driver of the system",
} as const;
const otherChosen =
  "this process computes on another driver, and WebGPU keeps its first one; start a new process";

function missing(wish: keyof typeof wishedThing, devices: VulkanDevice[]): Error {
  const found = devices.map((device) => device.name).join(", ") || "no Vulkan device";
  const hint = installHint(wish === "gpu" ? "hardware" : "software");
  const way = wish === "auto" && isEmbeddedDriverSupported() ? `use --adapter=embedded, or ${hint}` : hint;
  return new Error(`Cannot open ${wishedThing[wish]}: this machine has ${found}; ${way}`);
}

async function openWithDawn(): Promise<Opened> {
  const adapter = await chooseAdapter(await openDawn());
  if (adapter) return { adapter, driverSource: "dawn" };
  throw new Error(`Cannot open an adapter with Dawn: it found no device; ${installHint("software")}`);
}

async function openEmbedded(): Promise<Opened> {
  if (chosen === "system") throw new Error(`Cannot open the embedded driver: ${otherChosen}`);
  await loadEmbeddedDriver();
  const adapter = await chooseAdapter(navigator.gpu);
  if (adapter) return { adapter, driverSource: "embedded" };
  throw new Error(`Cannot open the embedded driver: its loader found no device; ${installHint("software")}`);
}

/** Loads the embedded loader by its path, and points every loader in this process to the embedded driver. */
async function loadEmbeddedDriver(): Promise<void> {
  if (chosen === "embedded") return;
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
      { cause },
    );
  }
  chosen = "embedded";
}

/** Devices of the system's loader; null where the question has no meaning or is not permitted. */
export function systemVulkanDevices(): VulkanDevice[] | null {
  if (Deno.build.os !== "linux" || chosen === "embedded") return null;
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
