/**
 * Says what this machine computes on, how fast that is, and what would make it faster.
 *
 * Usage: deno task doctor, or deno run --allow-ffi --allow-env --allow-read --allow-write tools/doctor.ts
 * (reading and writing only concern Deno's cache and the embedded driver's place in the user's cache directory).
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { measurePeaks, type Peaks } from "../gpu/peaks.ts";
import { probeSpeed, type Speed } from "../gpu/probe.ts";
import { adapterChoices, openGpu, systemVulkanDevices } from "../host/drivers.ts";
import { distributionIds, installHint } from "../host/install_hints.ts";
import type { VulkanDevice } from "../host/vulkan.ts";
import { defineFlags, runTool } from "./_flags.ts";

const flags = defineFlags(
  "Prints the adapter, its limits and its speed, and what to install if it is slow.",
  {
    adapter: {
      type: "choice",
      choices: adapterChoices,
      help: "Adapter to examine; without it WGSLIM_ADAPTER, else auto",
    },
    json: { type: "boolean", help: "Print JSON, with all limits" },
  },
);

/** The limits that decide which nets and batches fit; `--json` has all. */
const shownLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
  "minStorageBufferOffsetAlignment",
] as const;

/** Prints the report; 0 if the adapter computes rightly, 1 if not. */
export async function main(args: string[]): Promise<number> {
  const values = flags.parse(args);
  const vulkan = systemVulkanDevices();
  const gpu = await openGpu({ adapter: values.adapter });
  try {
    const report = describeMachine(gpu, vulkan ?? [], await probeSpeed(gpu), await measurePeaks(gpu));
    console.log(values.json ? JSON.stringify(report, null, 2) : formatReport(report));
    return report.matmul.isRight ? 0 : 1;
  } finally {
    gpu.close();
  }
}

type Report = ReturnType<typeof describeMachine>;

function describeMachine(gpu: Gpu, vulkan: VulkanDevice[], speed: Speed, peaks: Peaks) {
  const { description } = gpu.adapter;
  const driver = vulkan.find((device) => device.name === description)?.driver ?? "";
  const limits: Record<string, number> = {};
  for (const name in gpu.limits) limits[name] = gpu.limits[name as keyof GPUSupportedLimits];
  return {
    deno: Deno.version.deno,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    adapter: gpu.adapter,
    driver,
    features: [...gpu.device.features].sort(),
    limits,
    matmul: {
      size: speed.size,
      gflops: speed.matmulGflops,
      relativeError: speed.matmulError,
      isRight: speed.matmulError < 1e-4,
    },
    peaks,
    advice: advise(gpu, `${driver} ${description}`, vulkan.length > 0),
  };
}

/** What would make this machine faster, best first; empty on a real GPU. */
function advise({ adapter }: Gpu, driver: string, hasSystemDriver: boolean): string[] {
  const advice: string[] = [];
  if (adapter.kind === "gpu") return advice;
  if (adapter.driverSource === "embedded") {
    const how = hasSystemDriver ? "leave --adapter and WGSLIM_ADAPTER away" : installHint("software");
    advice.push(`Mesa's driver computes 5 to 8 times faster than the embedded one: ${how}`);
  }
  const mesa = Number(/Mesa (\d+)/.exec(driver)?.[1] ?? Infinity);
  if (mesa < 25) {
    const isDebian = distributionIds()[0] === "debian";
    const how = isDebian
      ? "run apt install -t bookworm-backports mesa-vulkan-drivers"
      : "upgrade the distribution";
    advice.push(`Mesa ${mesa} is old, and Mesa 25 computes 2 to 6 times faster: ${how}`);
  }
  advice.push(`Everything runs on the CPU; if this machine has a GPU, ${installHint("hardware")}`);
  return advice;
}

function formatReport(report: Report): string {
  const { adapter, matmul, peaks } = report;
  const vendor = [adapter.vendor, adapter.architecture].filter(Boolean).join(" ");
  const verdict = matmul.isRight ? "right" : "WRONG: this driver cannot be trusted";
  const rows = [
    ["Deno", `${report.deno} on ${report.os} ${report.arch}, ${report.cores} cores`],
    ["Adapter", `${adapter.description || adapter.device} (${vendor}), ${kindText[adapter.kind]}`],
    ["Driver", [adapter.driverSource, report.driver].filter(Boolean).join(", ")],
    ["Features", report.features.join(", ") || "none of those that kernels use"],
    ...shownLimits.map((name, i) => [i === 0 ? "Limits" : "", `${name} ${formatCount(report.limits[name])}`]),
    [
      "Matmul",
      `${
        matmul.gflops.toFixed(1)
      } GFLOP/s at ${matmul.size} x ${matmul.size} x ${matmul.size}, results ${verdict} ` +
      `(relative error ${matmul.relativeError.toExponential(1)})`,
    ],
    [
      "Peaks",
      `${peaks.gflops.toFixed(1)} GFLOP/s in registers, ${
        peaks.gigabytes.toFixed(1)
      } GB/s read and written by copies`,
    ],
    ...report.advice.map((text, i) => [i === 0 ? "Faster" : "", text]),
  ];
  return rows.map(([title, text]) => title.padEnd(10) + text).join("\n");
}

const kindText = { gpu: "a real GPU", software: "software on the CPU" } as const;

/** Bytes and counts in binary units where they are whole: "128 Mi". */
function formatCount(value: number): string {
  for (const [unit, size] of [["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10]] as const) {
    if (value >= size && value % size === 0) return `${value / size} ${unit}`;
  }
  return String(value);
}

if (import.meta.main) await runTool(main);
