/** Restoring variables, or their moving averages, from a checkpoint; no device is needed. */

// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { type TensorSource, writeCheckpoint } from "../formats/checkpoint/writer.ts";
import { memoryFiles } from "../formats/files.ts";
import type { Parameters } from "../tape/parameters.ts";
import { restoreVariables } from "../training/checkpoints.ts";

const shapes: Readonly<Record<string, readonly number[]>> = { "net/w": [2], "net/b": [1] };

/** Parameters in memory, and what was written to them. */
function parametersOf(): { parameters: Parameters; written: Record<string, number[]> } {
  const written: Record<string, number[]> = {};
  const parameters = {
    names: Object.keys(shapes),
    shape: (name: string) => shapes[name],
    write: (name: string, data: Float32Array) => written[name] = [...data],
  };
  return { parameters: parameters as unknown as Parameters, written };
}

async function checkpointOf(values: Record<string, number[]>): Promise<CheckpointReader> {
  const files = memoryFiles(), path = "run/model.ckpt-1";
  const tensors = new Map<string, TensorSource>();
  for (const [name, data] of Object.entries(values)) {
    tensors.set(name, { dtype: "float32", shape: [data.length], data: Float32Array.from(data) });
  }
  await writeCheckpoint(files, path, tensors);
  return await CheckpointReader.open(files, path);
}

const variables = { "net/w": [1, 2], "net/b": [3] };

Deno.test("restoreVariables() reads variables, or what a slot holds in their place", async () => {
  const reader = await checkpointOf({ ...variables, "net/w/Average": [5, 6], "net/b/Average": [7] });
  const { parameters, written } = parametersOf();
  await restoreVariables(reader, parameters);
  assertEquals(written, variables);
  await restoreVariables(reader, parameters, undefined, "Average");
  assertEquals(written, { "net/w": [5, 6], "net/b": [7] });
  await restoreVariables(reader, parameters, ["net/b"]);
  assertEquals(written, { "net/w": [5, 6], "net/b": [3] });
});

Deno.test("restoreVariables() lists all that a checkpoint lacks and changes nothing then", async () => {
  const reader = await checkpointOf({ ...variables, "net/w/Average": [5, 6] }),
    other = await checkpointOf({});
  const { parameters, written } = parametersOf();
  await assertRejects(
    () => restoreVariables(reader, parameters, undefined, "Average"),
    Error,
    'Cannot restore from "run/model.ckpt-1": it lacks net/b/Average; was it trained with moving_average_decay?',
  );
  await assertRejects(
    () => restoreVariables(other, parameters),
    Error,
    "it lacks net/w, net/b; build the net",
  );
  assertEquals(written, {});
});

Deno.test("restoreVariables() names a moving average of another shape", async () => {
  const reader = await checkpointOf({ "net/w/Average": [5], "net/b/Average": [7] });
  await assertRejects(
    () => restoreVariables(reader, parametersOf().parameters, undefined, "Average"),
    TypeError,
    'Cannot restore "net/w/Average"',
  );
});
