/**
 * Which adapter the work runs on, and what it is: a real GPU or a program that plays one.
 *
 * This module is browser compatible.
 * @module
 */

/** Who brought the driver: the machine, this project's unpacked copy, Dawn's addon, or the browser. */
export type DriverSource = "system" | "embedded" | "dawn" | "browser";

/** What is known of an adapter, in words fit for a log line. */
export interface AdapterSummary {
  /** "gpu" is hardware; "software" computes on the CPU. Kernels choose their variants by it. */
  readonly kind: "gpu" | "software";
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** As the implementation reports it. */
  readonly isFallback: boolean;
  readonly driverSource: DriverSource;
}

/** Names under which software drivers present themselves: Mesa, Google, Microsoft. */
const softwareNames = /llvmpipe|lavapipe|softpipe|swrast|swiftshader|subzero|basic render|\bwarp\b/i;

/** PCI and Khronos vendor numbers, which native WebGPU gives where browsers give a name. */
const vendorNames: ReadonlyMap<number, string> = new Map([
  [0x1002, "amd"],
  [0x1010, "imgtec"],
  [0x106b, "apple"],
  [0x10de, "nvidia"],
  [0x13b5, "arm"],
  [0x1414, "microsoft"],
  [0x1ae0, "google"],
  [0x5143, "qualcomm"],
  [0x8086, "intel"],
  [0x10005, "mesa"],
]);

/** Describes an adapter and tells hardware from software by its flag and its names. */
export function summarizeAdapter(adapter: GPUAdapter, driverSource: DriverSource): AdapterSummary {
  const info = adapter.info;
  const isFallback = info.isFallbackAdapter ?? false;
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return {
    kind: isFallback || softwareNames.test(names) ? "software" : "gpu",
    vendor: vendorNames.get(Number(info.vendor)) ?? info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    isFallback,
    driverSource,
  };
}

/** What {@linkcode chooseAdapter} may return. */
export type AdapterWish = "any" | "gpu" | "software";

/**
 * Asks for the fastest adapter of the wished kind; null where there is none.
 *
 * With "any" a real GPU comes first and a software driver second: implementations put hardware before software when asked
 * for high performance, and a software driver is asked for by name only where nothing else answered.
 */
export async function chooseAdapter(gpu: GPU, wish: AdapterWish = "any"): Promise<GPUAdapter | null> {
  const isKind = (adapter: GPUAdapter | null) =>
    adapter !== null && (wish === "any" || summarizeAdapter(adapter, "system").kind === wish);
  const first = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (isKind(first)) return first;
  if (wish === "gpu") return null;
  const second = await gpu.requestAdapter({ forceFallbackAdapter: true });
  return isKind(second) ? second : null;
}

/** Features that some kernel can use; the rest of WebGPU's are about drawing. */
const usefulFeatures: readonly string[] = ["shader-f16", "timestamp-query", "subgroups"];

/** Invocations that must be in a subgroup for kernels to use it. */
const LEAST_SUBGROUP = 8;

/**
 * Requests a device with all limits of the adapter, and with the features that kernels can use.
 *
 * Deno 2.9 does not list subgroups, and gives them to whoever asks. Where they are narrow they are not asked for.
 */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  const listed = [...adapter.features].filter((name) =>
    usefulFeatures.includes(name) && name !== "subgroups"
  );
  const isWide = ((adapter.info as { subgroupMinSize?: number }).subgroupMinSize ?? 0) >= LEAST_SUBGROUP;
  const request = (features: readonly string[]) =>
    adapter.requestDevice({
      label: "wgslim",
      requiredLimits,
      requiredFeatures: features as GPUFeatureName[],
    });
  if (!isWide) return request(listed);
  return await request([...listed, "subgroups"]).catch(() => request(listed));
}
