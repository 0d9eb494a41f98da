/** The loop over new checkpoints, with files in memory and a clock that only sleeping moves. */

// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { DataLossError, NotFoundError } from "../formats/errors.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { type Clock, evaluationLoop } from "../training/evaluation_loop.ts";

/** A clock that does what is due at a second before it passes it. */
function clockWith(events: Record<number, () => Promise<unknown>> = {}): Clock {
  let now = 0;
  return {
    now: () => now,
    async sleep(seconds) {
      const end = now + seconds;
      for (const [at, event] of Object.entries(events)) {
        if (now <= Number(at) && Number(at) < end) await event();
      }
      now = end;
    },
  };
}

/** Saves the checkpoint of a step into "run", keeping one. */
async function save(files: Files, step: number): Promise<string> {
  const manager = await CheckpointManager.open(files, "run", { maxToKeep: 1 });
  return await manager.save(
    step,
    new Map([["v", { dtype: "float32", shape: [1], data: Float32Array.of(step) }]]),
  );
}

Deno.test("evaluationLoop() waits for the first checkpoint, evaluates each new one once, and stops at the timeout", async () => {
  const files = memoryFiles(), seen: [string, number][] = [];
  const clock = clockWith({
    5: () => save(files, 10),
    32: () => save(files, 20),
    45: () => save(files, 30),
    50: () => save(files, 40),
  });
  const evaluate = async (prefix: string) => {
    seen.push([prefix, clock.now()]);
    await clock.sleep(2);
  };
  const options = { intervalSecs: 20, timeoutSecs: 30, clock };
  assertEquals(await evaluationLoop(files, "run", evaluate, options), 3);
  assertEquals(seen, [["run/model.ckpt-10", 6], ["run/model.ckpt-20", 33], ["run/model.ckpt-40", 53]]);
  assertEquals(clock.now(), 55 + 30);
});

Deno.test("evaluationLoop() keeps the interval between the starts of evaluations", async () => {
  const files = memoryFiles(), starts: number[] = [];
  await save(files, 1);
  const clock = clockWith({ 1: () => save(files, 2), 31: () => save(files, 3), 65: () => save(files, 4) });
  const evaluate = async () => {
    starts.push(clock.now());
    await clock.sleep(starts.length === 3 ? 50 : 3); // the third takes longer than the interval
  };
  await evaluationLoop(files, "run", evaluate, { intervalSecs: 30, timeoutSecs: 100, clock });
  assertEquals(starts, [0, 30, 60, 110]);
});

Deno.test("evaluationLoop() without any checkpoint, or with a state file that names none, is 0 after the timeout", async () => {
  const empty = memoryFiles(), nameless = memoryFiles({ "run/checkpoint": new Uint8Array() });
  for (const files of [empty, nameless]) {
    const clock = clockWith();
    const never = () => Promise.reject(new Error("nothing to evaluate"));
    const options = { intervalSecs: 5, timeoutSecs: 7, clock };
    assertEquals(await evaluationLoop(files, "run", never, options), 0);
    assertEquals(clock.now(), 7);
  }
});

Deno.test("evaluationLoop() tries a checkpoint again that is deleted or cut while it is read", async () => {
  const files = memoryFiles(), path = "run/model.ckpt-1.data-00000-of-00001", reasons: Error[] = [];
  const prefix = await save(files, 1), whole = await files.read(path), values: number[] = [];
  const clock = clockWith({
    10: () => files.write(path, [whole.subarray(0, 2)]),
    20: () => files.write(path, [whole]),
    60: () => save(files, 2),
  });
  await files.remove(path);
  const evaluate = async (prefix: string) => {
    const reader = await CheckpointReader.open(files, prefix);
    values.push((await reader.readAs("v", "float32", [1])).data[0]);
  };
  const onUnreadable = (reason: Error) => reasons.push(reason);
  const options = { intervalSecs: 15, timeoutSecs: 60, onUnreadable, clock };
  assertEquals(await evaluationLoop(files, "run", evaluate, options), 2);
  assertEquals(values, [1, 2]);
  assertEquals(reasons.map((r) => [r.constructor, (r as NotFoundError).path]), [[NotFoundError, path], [
    DataLossError,
    path,
  ]]);
  assertEquals(prefix, "run/model.ckpt-1");
});

Deno.test("evaluationLoop() ends with any other error", async () => {
  const files = memoryFiles(), clock = clockWith();
  await save(files, 1);
  for (
    const error of [new NotFoundError("no data set", "data/a.tfrecord"), new Error("another net")]
  ) {
    await assertRejects(
      () => evaluationLoop(files, "run", () => Promise.reject(error), { intervalSecs: 1, clock }),
      Error,
      error.message,
    );
  }
});
