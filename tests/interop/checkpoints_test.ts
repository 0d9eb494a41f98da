/** TensorFlow reads the checkpoints that this project writes, and the tools those that it writes. Needs WGSLIM_PYTHON; see _tensorflow.ts. */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointManager } from "../../formats/checkpoint/checkpoint_manager.ts";
import { openCheckpoint } from "../../formats/checkpoint/open.ts";
import { CheckpointReader } from "../../formats/checkpoint/reader.ts";
import type { Tensor } from "../../formats/checkpoint/tensor.ts";
import { denoFiles } from "../../host/files.ts";
import { cases } from "../goldens/checkpoints.ts";
import { runCases } from "../goldens/report.ts";
import { assertTensorFlowReads, runPython } from "./_tensorflow.ts";

const root = new URL("../../", import.meta.url).pathname;

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** All tensors of a fixture, which has every data type. */
async function fixture(name: string): Promise<Map<string, Tensor>> {
  const prefix = new URL(`../fixtures/checkpoints/${name}`, import.meta.url).pathname;
  const reader = await CheckpointReader.open(denoFiles, prefix);
  const tensors = new Map<string, Tensor>();
  for (const tensor of reader.names()) tensors.set(tensor, await reader.read(tensor));
  return tensors;
}

Deno.test("TensorFlow reads a checkpoint with every data type", () =>
  withFolder(async (folder) => {
    const tensors = await fixture("v2_single/model.ckpt-7");
    const manager = await CheckpointManager.open(denoFiles, folder);
    await assertTensorFlowReads(await manager.save(7, tensors), tensors);
  }));

Deno.test("TensorFlow reads the newest of several checkpoints of thousands of tensors", () =>
  withFolder(async (folder) => {
    const tensors = new Map<string, Tensor>();
    for (let i = 0; i < 8000; i++) {
      tensors.set(`scope_${i % 7}/layer ${i}/✓weights`, {
        dtype: "int32",
        shape: [1],
        data: Int32Array.of(i),
      });
    }
    const manager = await CheckpointManager.open(denoFiles, folder, { maxToKeep: 2 });
    for (const step of [1, 2]) {
      await manager.save(step, new Map([["x", { dtype: "uint8", shape: [0], data: new Uint8Array() }]]));
    }
    await assertTensorFlowReads(await manager.save(3, tensors), tensors);
  }));

async function runTool(name: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", `${root}tools/${name}.ts`, ...args],
  });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the tools read what TensorFlow writes, V1 and V2, and TensorFlow reads what they convert it to", () =>
  withFolder(async (folder) => {
    const theirs = `${folder}/theirs`;
    await runPython("make_checkpoint_fixtures.py", theirs);
    const lines: string[] = [];
    const { passed, failed } = await runCases(cases(theirs), "", (line) => lines.push(line));
    assertEquals([passed, failed], [8, 0], lines.join("\n"));
    for (const name of ["v1_single", "v1_two_shards", "v2_single", "v2_two_shards"]) {
      const input = `--checkpoint_path=${theirs}/${name}`, prefix = `${folder}/ours/${name}`;
      const listed = JSON.parse(await runTool("inspect_checkpoint", input, "--statistics", "--json"));
      const contents = JSON.parse(await Deno.readTextFile(`${theirs}/${name}/contents.json`));
      assertEquals(listed.tensors.length, Object.keys(contents).length);
      for (const { name, dtype, shape } of listed.tensors) {
        assertEquals([dtype, shape], [contents[name].dtype, contents[name].shape]);
      }
      await runTool("convert_checkpoint", input, `--output_path=${prefix}`);
      const reader = await openCheckpoint(denoFiles, prefix), tensors = new Map<string, Tensor>();
      for (const tensor of reader.names()) tensors.set(tensor, await reader.read(tensor));
      await assertTensorFlowReads(prefix, tensors);
    }
  }));

Deno.test("the comparison notices a wrong value, a missing and a surplus tensor", () =>
  withFolder(async (folder) => {
    const one = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });
    const prefix = await (await CheckpointManager.open(denoFiles, folder)).save(
      1,
      new Map([["a", one(1)], ["b", one(2)]]),
    );
    await assertRejects(
      () => assertTensorFlowReads(prefix, new Map([["a", one(1)], ["b", one(3)]])),
      Error,
      "b: values differ",
    );
    await assertRejects(
      () => assertTensorFlowReads(prefix, new Map([["a", one(1)]])),
      Error,
      "b: only in the checkpoint",
    );
    const more = new Map([["a", one(1)], ["b", one(2)], ["c", one(3)]]);
    await assertRejects(() => assertTensorFlowReads(prefix, more), Error, "c: only expected");
  }));
