// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { wishedAdapter } from "../host/drivers.ts";
import { isEmbeddedDriverSupported } from "../host/embedded_driver.ts";
import { installHint } from "../host/install_hints.ts";
import { untar } from "../host/untar.ts";
import { serveSources } from "./_serve_sources.ts";

/** WebGPU keeps its first driver, so each case has a process of its own. */
async function open(
  choices: string[],
  options: { env?: Record<string, string>; args?: string[]; script?: string } = {},
) {
  const script = options.script ?? new URL("./_open_gpu.ts", import.meta.url).pathname;
  const args = ["run", "--no-check", ...(options.args ?? ["--frozen", "-A"]), script, ...choices];
  // Mesa looks for a runtime directory, and an inherited choice would win over a case's own.
  const env = { DENO_DIR: denoDir, WGSLIM_ADAPTER: "", XDG_RUNTIME_DIR: "", NO_COLOR: "1", ...options.env };
  const output = await new Deno.Command(Deno.execPath(), { args, env }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(output.code, 0, stderr);
  return { results: stdout.trim().split("\n").map((line) => JSON.parse(line)), stderr };
}

/** Deno's cache stays where it is when a case moves the user's cache directory. */
const denoDir = Deno.env.get("DENO_DIR") ??
  `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
/** Makes a Vulkan loader, if there is one, find no driver: what a bare machine looks like. */
const noDriver = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };
const squares = [0, 1, 4, 9];
/** The embedded driver is for x86-64 Linux. */
const ignore = !isEmbeddedDriverSupported();

async function withTempDir(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("wishedAdapter() takes the flag before the variable, and lists what it knows", () => {
  const before = Deno.env.get("WGSLIM_ADAPTER");
  try {
    Deno.env.delete("WGSLIM_ADAPTER");
    assertEquals(wishedAdapter(undefined), "auto");
    Deno.env.set("WGSLIM_ADAPTER", "system");
    assertEquals(wishedAdapter(undefined), "system");
    assertEquals(wishedAdapter("embedded"), "embedded");
    const all = "it is none of auto, gpu, system, embedded, dawn";
    assertThrows(() => wishedAdapter("cuda"), RangeError, `Cannot use --adapter=cuda: ${all}`);
    Deno.env.set("WGSLIM_ADAPTER", "cpu");
    assertThrows(() => wishedAdapter(undefined), RangeError, `Cannot use WGSLIM_ADAPTER=cpu: ${all}`);
  } finally {
    before === undefined ? Deno.env.delete("WGSLIM_ADAPTER") : Deno.env.set("WGSLIM_ADAPTER", before);
  }
});

Deno.test({
  name: "openGpu() unpacks the embedded driver once, repairs it, and shares it between processes",
  ignore,
  fn: () =>
    withTempDir(async (cache) => {
      const env = { XDG_CACHE_HOME: cache };
      const both = await Promise.all([open(["embedded"], { env }), open(["embedded"], { env })]);
      for (const { results: [result] } of both) {
        assertEquals([result.driverSource, result.kind, result.squares], ["embedded", "software", squares]);
        assertMatch(result.description, /SwiftShader/);
      }
      const directory = `${cache}/wgslim/swiftshader-147.0.0`;
      const library = `${directory}/libvk_swiftshader.so`;
      const unpacked = await Deno.stat(library);
      await open(["embedded"], { env });
      assertEquals((await Deno.stat(library)).ino, unpacked.ino, "a whole driver is used as it is");

      await Deno.truncate(library, 1000);
      const { results: [repaired] } = await open(["embedded"], { env });
      assertEquals(repaired.squares, squares);
      assertEquals((await Deno.stat(library)).size, unpacked.size);
      const names = Array.from(Deno.readDirSync(`${cache}/wgslim`), (entry) => entry.name).sort();
      assertEquals(names, ["run", "swiftshader-147.0.0"], "nothing is left beside it");
    }),
});

Deno.test({
  name: "openGpu() turns to the embedded driver where Vulkan has no device",
  ignore,
  fn: async () => {
    const { results: [auto, again, system, gpu], stderr } = await open(["-", "-", "system", "gpu"], {
      env: noDriver,
    });
    for (const result of [auto, again]) {
      assertEquals([result.driverSource, result.squares], ["embedded", squares]);
    }
    assertEquals(stderr.replace(/^.*Download.*\n/gm, ""), "", "a run prints nothing of its own");
    const other =
      "this process computes on another driver, and WebGPU keeps its first one; start a new process";
    assertEquals(system.error, `Cannot open --adapter=system: ${other}`);
    assertEquals(gpu.error, `Cannot open --adapter=gpu: ${other}`);
  },
});

Deno.test({
  name: "openGpu() says what to install where the wished kind is missing",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { results: [system, gpu, auto] } = await open(["system", "gpu", "auto"], { env: noDriver });
    assertMatch(
      system.error,
      /^Cannot open a software driver of the system: this machine has no Vulkan device; .*install/,
    );
    assertMatch(gpu.error, /^Cannot open a real GPU: this machine has no Vulkan device; .*NVIDIA/);
    assert(gpu.error.endsWith(installHint("hardware")));
    assertEquals(auto.driverSource, ignore ? undefined : "embedded", "a refusal leaves the choice open");
  },
});

Deno.test({
  name: "openGpu() says which directory to change where the cache cannot be written",
  ignore,
  fn: () =>
    withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const { results: [result] } = await open(["embedded"], {
        env: { XDG_CACHE_HOME: `${directory}/file` },
      });
      assertMatch(
        result.error,
        /^Cannot unpack the embedded driver to .*\/file\/wgslim\/.*; set XDG_CACHE_HOME/,
      );
    }),
});

Deno.test({
  name: "openGpu() works on modules loaded over HTTP, without a configuration",
  ignore,
  fn: () =>
    withTempDir(async (directory) => {
      await using server = serveSources();
      const { results: [result] } = await open(["embedded"], {
        script: `${server.address}/tests/_open_gpu.ts`,
        args: ["-A", "--no-config", "--no-lock"],
        env: { XDG_CACHE_HOME: directory },
      });
      assertEquals([result.driverSource, result.squares], ["embedded", squares]);
    }),
});

Deno.test({
  name: "openGpu() computes on Dawn, and the process ends by itself",
  ignore,
  fn: async () => {
    const { results: [result] } = await open(["dawn"]);
    assertEquals([result.driverSource, result.squares], ["dawn", squares]);
  },
});

/** A ustar header for one entry. */
function tarEntry(name: string, body: string, type = "0"): Uint8Array {
  const block = new Uint8Array(512 * (1 + Math.ceil(body.length / 512)));
  const put = (text: string, offset: number) => block.set(new TextEncoder().encode(text), offset);
  put(name, 0);
  put(body.length.toString(8).padStart(11, "0"), 124);
  put(" ".repeat(8), 148);
  put(type, 156);
  put(body, 512);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(sum.toString(8).padStart(6, "0") + "\0 ", 148);
  return block;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

Deno.test("untar() reads plain files, also empty ones and those of a whole block, and skips the rest", () => {
  const blocks = joined(
    tarEntry("./a.txt", "alpha"),
    tarEntry("directory/", "", "5"),
    tarEntry("block", "x".repeat(512)),
    tarEntry("empty", ""),
    new Uint8Array(1024),
  );
  const texts = Array.from(untar(blocks), ([name, bytes]) => [name, new TextDecoder().decode(bytes)]);
  assertEquals(texts, [["a.txt", "alpha"], ["block", "x".repeat(512)], ["empty", ""]]);
  assertEquals(untar(new Uint8Array(0)).size, 0);
});

Deno.test("untar() names the byte where an archive is damaged", () => {
  const archive = joined(tarEntry("a", "alpha"), tarEntry("b", "x".repeat(600)));
  const damaged = archive.slice();
  damaged[1024 + 1] ^= 1;
  assertThrows(
    () => untar(damaged),
    SyntaxError,
    "its header at byte 1024 is damaged or its file is cut off",
  );
  assertThrows(() => untar(archive.subarray(0, 1600)), SyntaxError, "at byte 1024");
  assertThrows(() => untar(gzipSync(archive)), SyntaxError, "at byte 0");
});
