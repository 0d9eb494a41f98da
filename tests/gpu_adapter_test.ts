// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { chooseAdapter, summarizeAdapter } from "../gpu/adapter.ts";
import { probeSpeed } from "../gpu/probe.ts";
import { withGpu } from "./_gpu.ts";

interface Info {
  vendor?: string;
  architecture?: string;
  description?: string;
  isFallbackAdapter?: boolean;
}

/** An adapter of which only the description exists. */
function adapterOf(
  { vendor = "", architecture = "", description = "", isFallbackAdapter }: Info,
): GPUAdapter {
  return { info: { vendor, architecture, device: "", description, isFallbackAdapter } } as GPUAdapter;
}

const software: Record<string, Info> = {
  "Mesa in Deno": { vendor: "65541", description: "llvmpipe (LLVM 15.0.6, 256 bits)" },
  "SwiftShader in Deno": { vendor: "6880", description: "SwiftShader Device (Subzero)" },
  "SwiftShader in Chromium": { vendor: "google", architecture: "swiftshader" },
  "WARP in Deno": { vendor: "5140", description: "Microsoft Basic Render Driver" },
  "WARP in Chromium": { vendor: "microsoft", architecture: "warp" },
  "anything that says so": { vendor: "unheard of", isFallbackAdapter: true },
};
for (const [name, info] of Object.entries(software)) {
  Deno.test(`summarizeAdapter() takes for software: ${name}`, () => {
    assertEquals(summarizeAdapter(adapterOf(info), "system").kind, "software");
  });
}

Deno.test("summarizeAdapter() takes the rest for hardware, and names vendors given as numbers", () => {
  const nvidia = adapterOf({
    vendor: "4318",
    description: "NVIDIA H100 80GB HBM3",
    isFallbackAdapter: false,
  });
  assertEquals(summarizeAdapter(nvidia, "system"), {
    kind: "gpu",
    vendor: "nvidia",
    architecture: "",
    device: "",
    description: "NVIDIA H100 80GB HBM3",
    isFallback: false,
    driverSource: "system",
  });
  const browser = summarizeAdapter(adapterOf({ vendor: "apple", architecture: "metal-3" }), "browser");
  assertEquals([browser.kind, browser.vendor], ["gpu", "apple"]);
});

Deno.test("chooseAdapter() prefers hardware and answers null where the wished kind is not there", async () => {
  const hardware = adapterOf({ vendor: "nvidia" });
  const mesa = adapterOf({ description: "llvmpipe", isFallbackAdapter: true });
  const machine = (fast: GPUAdapter | null, fallback: GPUAdapter | null): GPU => {
    const requestAdapter = (options?: GPURequestAdapterOptions) =>
      Promise.resolve(options?.forceFallbackAdapter ? fallback : fast);
    return { requestAdapter } as GPU;
  };
  const both = machine(hardware, mesa);
  assert(await chooseAdapter(both) === hardware);
  assert(await chooseAdapter(both, "gpu") === hardware);
  assert(await chooseAdapter(both, "software") === mesa);
  const softwareOnly = machine(mesa, mesa);
  assert(await chooseAdapter(softwareOnly) === mesa);
  assert(await chooseAdapter(softwareOnly, "gpu") === null);
  assert(await chooseAdapter(machine(null, mesa)) === mesa);
  assert(await chooseAdapter(machine(hardware, null), "software") === null);
  assert(await chooseAdapter(machine(null, null)) === null);
});

Deno.test("probeSpeed() multiplies rightly, measures something, and frees its buffers", () =>
  withGpu(async (gpu) => {
    const speed = await probeSpeed(gpu);
    assert(speed.matmulError < 1e-6, `relative error ${speed.matmulError}`);
    assert(speed.matmulGflops > 0.5 && speed.matmulGflops < 1e6, `${speed.matmulGflops} GFLOP/s`);
  }));
