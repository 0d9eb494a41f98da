/** The library `safetensors` reads what this project writes, and the other way round. Needs WGSLIM_PYTHON; see _tensorflow.ts. */

// @ts-types="../../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { SafetensorsFile, writeSafetensors } from "../../formats/safetensors.ts";
import { denoFiles } from "../../host/files.ts";
import { describeTensors, runPython, withJson } from "./_tensorflow.ts";

const script = "safetensors_interop.py";
const metadata = new Map([["format", "tf"], ["note", "é ✓\n"]]);

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A tensor of every type that both formats have, and odd shapes, names and values. */
async function fixture(): Promise<Map<string, Tensor>> {
  const prefix = new URL("../fixtures/checkpoints/v2_single/model.ckpt-7", import.meta.url).pathname;
  const reader = await openCheckpoint(denoFiles, prefix), tensors = new Map<string, Tensor>();
  for (const [name, { dtype }] of reader.tensors) {
    if (dtype !== "string" && dtype !== "complex128") tensors.set(name, await reader.read(name));
  }
  return tensors;
}

const about = (tensors: ReadonlyMap<string, Tensor>) => (
  { metadata: Object.fromEntries(metadata), tensors: describeTensors(tensors) }
);

Deno.test("the library safetensors reads every type that writeSafetensors() writes", () =>
  withFolder(async (folder) => {
    const tensors = await fixture(), path = `${folder}/a.safetensors`;
    await writeSafetensors(denoFiles, path, tensors, metadata);
    await withJson(about(tensors), (file) => runPython(script, "read", path, file));
    tensors.set("global_step", { dtype: "int64", shape: [], data: BigInt64Array.of(8n) });
    await withJson(about(tensors), (file) =>
      assertRejects(
        () => runPython(script, "read", path, file),
        Error,
        "global_step: type, shape or values differ",
      ));
  }));

Deno.test("openCheckpoint() reads every type that the library safetensors writes", () =>
  withFolder(async (folder) => {
    const tensors = await fixture(), path = `${folder}/a.safetensors`;
    await withJson(about(tensors), (file) => runPython(script, "write", path, file));
    const reader = await openCheckpoint(denoFiles, path);
    assertEquals(reader.metadata, metadata);
    assertEquals(reader.names().toSorted(), [...tensors.keys()].toSorted());
    for (const [name, tensor] of tensors) assertEquals(await reader.read(name), tensor);
  }));

/** Bytes of a header and so many of values after it. */
function fileOf(header: string, size: number): Uint8Array {
  const json = new TextEncoder().encode(header), bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

Deno.test("SafetensorsFile.open() takes and refuses the same files as the library", () =>
  withFolder(async (folder) => {
    const tensor = (name: string, begin: number, end: number, shape = [(end - begin) / 4]) =>
      `"${name}":{"dtype":"F32","shape":${JSON.stringify(shape)},"data_offsets":[${begin},${end}]}`;
    const cases: [header: string, size: number][] = [
      ["{}", 0],
      ["{}", 4],
      ["{}      ", 0],
      [`{${tensor("a", 0, 8)},${tensor("b", 8, 12)}}`, 12],
      [`{${tensor("b", 8, 12)},${tensor("a", 0, 8)}}`, 12],
      [`{${tensor("a", 0, 8)},${tensor("b", 4, 12)}}`, 12],
      [`{${tensor("a", 0, 4)},${tensor("b", 8, 12)}}`, 12],
      [`{${tensor("a", 0, 4)},${tensor("a", 4, 8)}}`, 8],
      [`{${tensor("a", 0, 4)}}`, 3],
      [`{${tensor("a", 0, 4)}}`, 5],
      [`{${tensor("a", 0, 4, [2])}}`, 4],
      [`{${tensor("a", 4, 0, [0])}}`, 4],
      [`{${tensor("a", 0, 0, [0, 7])},${tensor("b", 0, 0)},${tensor("c", 0, 4, [])}}`, 4],
      ['{"__metadata__":{"a":"b"}}', 0],
      ['{"__metadata__":{"a":1}}', 0],
      ["[]", 0],
      ["{", 0],
    ];
    const ours: boolean[] = [], paths: string[] = [];
    for (const [i, [header, size]] of cases.entries()) {
      const path = `${folder}/${i}.safetensors`;
      await denoFiles.write(path, [fileOf(header, size)]);
      paths.push(path);
      ours.push(await SafetensorsFile.open(denoFiles, path).then(() => true, () => false));
    }
    const theirs = (await runPython(script, "load", ...paths)).split("\n").map((line) => line === "ok");
    assertEquals(
      cases.map(([header], i) => [header, ours[i]]),
      cases.map(([header], i) => [header, theirs[i]]),
    );
  }));
