/** The rooms and who may import whom: read from the import statements of every file. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

/** What each room may import besides itself. `mod` is mod.ts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  formats: [],
  gpu: [],
  random: [],
  kernels: ["random"],
  tape: ["kernels", "gpu"],
  layers: ["tape", "kernels", "random"],
  nets: ["layers", "tape"],
  preprocessing: ["tape", "formats", "kernels", "random"],
  datasets: ["formats", "preprocessing", "random"],
  training: ["gpu", "tape", "layers", "formats", "kernels", "random", "nets", "preprocessing", "datasets"],
  export: ["formats", "kernels", "layers", "tape"],
  graphs: ["formats", "kernels", "tape"],
  host: ["gpu", "kernels", "tape", "formats"],
  mod: [
    "formats",
    "gpu",
    "random",
    "kernels",
    "tape",
    "layers",
    "nets",
    "preprocessing",
    "datasets",
    "training",
    "export",
    "graphs",
  ],
};
/** Rooms that may import everything: programs that people run, and tests. */
const unbound = ["tools", "tests", "bench", "web"];
/** Rooms that a browser runs as they are. */
const portable = [
  "formats",
  "gpu",
  "random",
  "kernels",
  "tape",
  "layers",
  "nets",
  "preprocessing",
  "training",
  "export",
  "graphs",
];

interface Source {
  /** Relative to the root. */
  readonly path: string;
  readonly room: string;
  /** Without comments. */
  readonly code: string;
  /** As written. */
  readonly specifiers: readonly string[];
  /** Those of this repository, relative to the root. */
  readonly imports: readonly string[];
}

/** Code without comments. A `//` inside a string follows a colon here, as in a URL. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

/** What a file imports or exports from elsewhere, statically or not. */
function specifiersOf(code: string): string[] {
  const statements = /^(?:import|export)\b(?:[^;"']*?\bfrom)?\s*["']([^"']+)["']/gm;
  const calls = /\bimport\(\s*["']([^"']+)["']/g;
  return [statements, calls].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]));
}

function roomOf(path: string): string {
  return path === "mod.ts" ? "mod" : path.split("/")[0];
}

async function* files(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory, root))) {
    const path = `${directory === "." ? "" : `${directory}/`}${name}`;
    if (name.startsWith(".") || ["node_modules", "dist", "data", "runs"].includes(name)) continue;
    if (isDirectory) yield* files(path);
    else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) yield path;
  }
}

async function readSources(): Promise<Map<string, Source>> {
  const sources = new Map<string, Source>();
  for await (const path of files(".")) {
    const code = withoutComments(await Deno.readTextFile(new URL(path, root))),
      specifiers = specifiersOf(code);
    const imports = specifiers.filter((s) => s.startsWith(".")).map((s) =>
      new URL(s, new URL(path, root)).pathname.slice(root.pathname.length)
    );
    sources.set(path, { path, room: roomOf(path), code, specifiers, imports });
  }
  return sources;
}

const sources = await readSources();

Deno.test("specifiersOf() finds imports of every form, and none in comments", () => {
  const text = `/** import { a } from "./comment.ts"; */
// import "./line.ts";
import "./effect.ts";
import one from "./one.ts"; // import "./after.ts"
import type { Two } from "./two.ts";
import {
  three,
} from "npm:three@1.0.0";
import code from "./four.wgsl" with { type: "text" };
export * from "./five.ts";
export { six } from './six.ts';
export const url = "https://example.org/seven.ts";
const eight = await import("./eight.ts");
function from(text = "./nine.ts") {}`;
  assertEquals(specifiersOf(withoutComments(text)), [
    "./effect.ts",
    "./one.ts",
    "./two.ts",
    "npm:three@1.0.0",
    "./four.wgsl",
    "./five.ts",
    "./six.ts",
    "./eight.ts",
  ]);
});

Deno.test("every room is in the table", () => {
  const known = [...Object.keys(mayImport), ...unbound];
  assertEquals(
    [...new Set([...sources.values()].map(({ room }) => room))].filter((room) => !known.includes(room)),
    [],
  );
  assert(sources.size > 80);
});

Deno.test("imports point where the table says", () => {
  const wrong = [...sources.values()].filter(({ room }) => room in mayImport).flatMap((
    { path, room, imports },
  ) =>
    imports.filter((to) => roomOf(to) !== room && !mayImport[room].includes(roomOf(to))).map((to) =>
      `${path} -> ${to}`
    )
  );
  assertEquals(wrong, []);
});

Deno.test("the table of rooms has no circle", () => {
  const done = new Set<string>();
  const visit = (room: string, above: string[]) => {
    assert(!above.includes(room), `${above.join(" -> ")} -> ${room}`);
    if (done.has(room)) return;
    for (const next of mayImport[room]) visit(next, [...above, room]);
    done.add(room);
  };
  for (const room of Object.keys(mayImport)) visit(room, []);
});

Deno.test("no file imports itself by way of others", () => {
  const done = new Set<string>();
  const visit = (path: string, above: string[]) => {
    assert(!above.includes(path), `${above.slice(above.indexOf(path)).join(" -> ")} -> ${path}`);
    if (done.has(path)) return;
    for (const next of sources.get(path)?.imports ?? []) visit(next, [...above, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
});

/** Files that mod.ts needs. */
function reached(from: string): Source[] {
  const found = new Set<string>(), stack = [from];
  for (let path = stack.pop(); path; path = stack.pop()) {
    if (found.has(path) || !sources.has(path)) continue;
    found.add(path);
    stack.push(...sources.get(path)!.imports);
  }
  return [...found].map((path) => sources.get(path)!);
}

const browser = new Set([
  ...reached("mod.ts"),
  ...[...sources.values()].filter((s) => portable.includes(s.room)),
]);

Deno.test("portable files and what mod.ts reaches use neither Deno nor Node", () => {
  assert(browser.size > 60);
  const wrong = [...browser].flatMap(({ path, code, specifiers }) => [
    ...[...code.matchAll(/\bDeno\s*[.[][^\n]*/g)].map((match) => `${path}: ${match[0]}`),
    ...specifiers.filter((s) => s.startsWith("node:")).map((s) => `${path}: ${s}`),
  ]);
  assertEquals(wrong, []);
});

Deno.test("portable files say that they are browser compatible", async () => {
  for (const { path } of browser) {
    const text = await Deno.readTextFile(new URL(path, root));
    assert(text.includes("module is browser compatible"), path);
  }
});

Deno.test("portable files and what mod.ts reaches load over HTTP: no bare specifier, exact versions", () => {
  const exact = /^npm:(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(\/[\w./-]+)?$/;
  const wrong = [...browser].flatMap(({ path, specifiers }) =>
    specifiers.filter((s) => !s.startsWith("./") && !s.startsWith("../") && !exact.test(s)).map((s) =>
      `${path}: ${s}`
    )
  );
  assertEquals(wrong, []);
});
