// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CheckpointManager } from "../formats/checkpoint/checkpoint_manager.ts";
import {
  formatCheckpointState,
  latestCheckpoint,
  parseCheckpointState,
} from "../formats/checkpoint/checkpoint_state.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import type { Tensor } from "../formats/checkpoint/tensor.ts";
import { concatenate, type Files, isTemporaryName, memoryFiles, temporaryName } from "../formats/files.ts";

const text = (value: string) => new TextEncoder().encode(value);

function step(value: number): Map<string, Tensor> {
  return new Map([["global_step", { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) }]]);
}

Deno.test("parseCheckpointState() reads what formatCheckpointState() wrote", () => {
  const state = {
    modelCheckpointPath: "modèle \"q\" \\ 's'\n\t✓.ckpt-5",
    allModelCheckpointPaths: ["a", "", "C:\\runs\\model.ckpt-5"],
  };
  const written = formatCheckpointState(state);
  assertEquals(/^[\x20-\x7e\n]*$/.test(written), true);
  assertEquals(parseCheckpointState(written), state);
});

Deno.test("parseCheckpointState() takes all that protocol buffer text allows here", () => {
  const state = parseCheckpointState(`# a comment
    model_checkpoint_path : 'm' "odel\\x2eckpt-\\0615"  # another
    all_model_checkpoint_paths:"a";all_model_checkpoint_paths:"b",
    all_model_checkpoint_timestamps: 1700000000.5 last_preserved_timestamp: -1e9`);
  assertEquals(state, { modelCheckpointPath: "model.ckpt-15", allModelCheckpointPaths: ["a", "b"] });
});

Deno.test("parseCheckpointState() names the malformed line", () => {
  for (
    const bad of [
      "x",
      'model_checkpoint_path "a"',
      'other: "a"',
      "model_checkpoint_path: 5",
      'model_checkpoint_path: "a',
    ]
  ) {
    assertThrows(
      () => parseCheckpointState(`model_checkpoint_path: "a"\n${bad}`),
      SyntaxError,
      "line 2 is malformed",
    );
  }
  assertThrows(
    () => parseCheckpointState('model_checkpoint_path: "\\q"'),
    SyntaxError,
    "escape \\q is unknown",
  );
});

Deno.test("latestCheckpoint() finds V1 checkpoints, in one file and in shards", async () => {
  const state = (path: string) => text(`model_checkpoint_path: "${path}"\n`);
  const cases: [string, string, string | undefined][] = [
    ["model.ckpt-3", "run/model.ckpt-3", "run/model.ckpt-3"],
    ["model.ckpt-?????-of-00002", "run/model.ckpt-00001-of-00002", "run/model.ckpt-?????-of-00002"],
    ["model.ckpt-?????-of-00003", "run/model.ckpt-00001-of-00002", undefined],
    ["model.ckpt-3", "run/model.ckpt-30", undefined],
  ];
  for (const [path, file, expected] of cases) {
    const files = memoryFiles({ "run/checkpoint": state(path), [file]: new Uint8Array() });
    assertEquals(await latestCheckpoint(files, "run"), expected);
  }
});

Deno.test("latestCheckpoint() works in the present folder", async () => {
  const files = memoryFiles();
  const manager = await CheckpointManager.open(files, "");
  assertEquals(await manager.save(4, step(4)), "model.ckpt-4");
  assertEquals(await latestCheckpoint(files, ""), "model.ckpt-4");
});

Deno.test("CheckpointManager goes on where another left off", async () => {
  const files = memoryFiles();
  const first = await CheckpointManager.open(files, "run", { maxToKeep: 2 });
  for (const n of [1, 2, 3]) await first.save(n, step(n));
  const second = await CheckpointManager.open(files, "run", { maxToKeep: 2 });
  assertEquals(second.checkpoints, ["run/model.ckpt-2", "run/model.ckpt-3"]);
  assertEquals(second.latest, "run/model.ckpt-3");
  await second.save(4, step(4));
  assertEquals(second.checkpoints, ["run/model.ckpt-3", "run/model.ckpt-4"]);
  assertEquals(await files.list("run"), [
    "checkpoint",
    "model.ckpt-3.data-00000-of-00001",
    "model.ckpt-3.index",
    "model.ckpt-4.data-00000-of-00001",
    "model.ckpt-4.index",
  ]);
});

Deno.test("CheckpointManager removes only its own leftovers and old files", async () => {
  const keep = [
    "run/notes.txt",
    "run/model.ckpt-1.txt",
    "run/model.ckpt-10.index",
    temporaryName("run/other"),
  ];
  const files = memoryFiles(Object.fromEntries(keep.map((path) => [path, new Uint8Array()])));
  await files.write(temporaryName("run/model.ckpt-9.index"), []);
  await files.write(temporaryName("run/checkpoint"), []);
  const manager = await CheckpointManager.open(files, "run", { maxToKeep: 1 });
  for (const n of [1, 2]) await manager.save(n, step(n));
  assertEquals(
    await files.list("run"),
    [
      ...keep.map((path) => path.slice(4)),
      "checkpoint",
      "model.ckpt-2.data-00000-of-00001",
      "model.ckpt-2.index",
    ].sort(),
  );
});

Deno.test("CheckpointManager keeps one checkpoint of every so many hours for good", async () => {
  const files = memoryFiles();
  let hours = 0;
  const options = { maxToKeep: 1, keepCheckpointEveryNHours: 2, now: () => hours * 3_600_000 };
  const manager = await CheckpointManager.open(files, "run", options);
  for (hours = 0.5; hours <= 6; hours += 0.5) await manager.save(hours * 10, step(hours * 10));
  const kept = (await files.list("run")).filter((name) => name.endsWith(".index"));
  // After 2 hours the first one is kept, then the first after 4; 60 is the newest.
  assertEquals(kept, ["model.ckpt-25.index", "model.ckpt-45.index", "model.ckpt-60.index"]);
});

Deno.test("CheckpointManager saves a step anew without the state file naming it meanwhile", async () => {
  const plain = memoryFiles();
  const seen: (string | undefined)[] = [];
  const files: Files = {
    ...plain,
    async rename(from, to) {
      if (to.endsWith("-2.index")) seen.push(await latestCheckpoint(plain, "run"));
      await plain.rename(from, to);
    },
  };
  const manager = await CheckpointManager.open(files, "run");
  for (const n of [1, 2]) await manager.save(n, step(n));
  await manager.save(2, step(20));
  assertEquals(seen, ["run/model.ckpt-1", "run/model.ckpt-1"]);
  const reader = await CheckpointReader.open(files, (await latestCheckpoint(files, "run"))!);
  assertEquals((await reader.readAs("global_step", "int64", [])).data[0], 20n);
});

Deno.test("CheckpointManager leaves the last whole checkpoint in place wherever saving stops", async () => {
  for (let stopAt = 0;; stopAt++) {
    const plain = memoryFiles();
    await (await CheckpointManager.open(plain, "run", { maxToKeep: 1 })).save(1, step(1));
    let operations = 0;
    const stop = () => {
      if (operations++ === stopAt) throw new Error("killed");
    };
    const files: Files = {
      ...plain,
      async write(path, chunks) {
        stop();
        await plain.write(path, chunks);
      },
      async rename(from, to) {
        stop();
        await plain.rename(from, to);
      },
      async remove(path) {
        stop();
        await plain.remove(path);
      },
    };
    const manager = await CheckpointManager.open(files, "run", { maxToKeep: 1 });
    let isDone = true;
    try {
      await manager.save(2, step(2));
    } catch {
      isDone = false;
    }
    const latest = await latestCheckpoint(plain, "run");
    const { data } = await (await CheckpointReader.open(plain, latest!)).readAs("global_step", "int64", []);
    assertEquals(latest, `run/model.ckpt-${data[0]}`);
    if (isDone) return assertEquals([stopAt, data[0]], [operations, 2n]);
  }
});

/** A disk that takes so many bytes; what is written when it is full fails. */
function disk(capacity: number): { files: Files; free: { bytes: number } } {
  const plain = memoryFiles(), free = { bytes: capacity };
  const files: Files = {
    ...plain,
    async write(path, chunks) {
      const bytes = await concatenate(chunks);
      if (bytes.length > free.bytes) throw new Error(`Cannot write "${path}": the disk is full`);
      free.bytes -= bytes.length;
      await plain.write(path, [bytes]);
    },
    async remove(path) {
      free.bytes += await plain.size(path) ?? 0;
      await plain.remove(path);
    },
  };
  return { files, free };
}

/** The step that a checkpoint holds. */
async function stepOf(files: Files, prefix: string): Promise<bigint> {
  return (await (await CheckpointReader.open(files, prefix)).readAs("global_step", "int64", [])).data[0];
}

Deno.test("CheckpointManager loses nothing on a full disk, at whichever byte, and goes on once there is room", async () => {
  let failures = 0;
  for (let room = 0;; room += 10) {
    const { files, free } = disk(1e6);
    const manager = await CheckpointManager.open(files, "run", { maxToKeep: 2 });
    for (const n of [1, 2]) await manager.save(n, step(n));
    const before = await files.list("run");
    free.bytes = room;
    let failed = false;
    try {
      for (const n of [2, 3]) await manager.save(n, step(10 * n)); // the newest anew, then one more
    } catch {
      failed = true;
      failures++;
    }
    const latest = await latestCheckpoint(files, "run");
    assert(await stepOf(files, latest!) > 0n);
    for (const name of await files.list("run")) {
      assertEquals(isTemporaryName(name), false);
      if (name.endsWith("-00001")) assert(await files.size(name.replace(/^(.*)\.data.*/, "run/$1.index")));
    }
    if (!failed) break;
    if (room === 0) assertEquals(await files.list("run"), before);
    free.bytes = 1e6;
    await manager.save(4, step(4));
    assertEquals(manager.checkpoints.length, 2);
    assertEquals(await stepOf(files, (await latestCheckpoint(files, "run"))!), 4n);
    assertEquals((await files.list("run")).length, 5, "what was not retired in time goes later");
  }
  assert(failures > 10);
});

Deno.test("CheckpointManager.open() removes data without an index", async () => {
  const files = memoryFiles({
    "run/model.ckpt-8.data-00000-of-00001": new Uint8Array(3),
    "run/best.ckpt-8.data-00000-of-00001": new Uint8Array(3),
    "run/other-8.data-00000-of-00001": new Uint8Array(3),
  });
  await (await CheckpointManager.open(files, "run")).save(9, step(9));
  assertEquals(await files.list("run"), [
    "checkpoint",
    "model.ckpt-9.data-00000-of-00001",
    "model.ckpt-9.index",
    "other-8.data-00000-of-00001",
  ]);
});

Deno.test("saveBest() keeps the best one, beside the newest", async () => {
  const files = memoryFiles();
  const manager = await CheckpointManager.open(files, "run", { maxToKeep: 1 });
  const saved: (string | undefined)[] = [];
  for (const [n, value] of [[1, 0.5], [2, 0.7], [3, 0.7], [4, NaN], [5, 0.6]]) {
    await manager.save(n, step(n));
    saved.push(await manager.saveBest(n, step(n), { metric: "accuracy", value }));
  }
  assertEquals(saved, ["run/best.ckpt-1", "run/best.ckpt-2", undefined, undefined, undefined]);
  assertEquals(manager.best, { metric: "accuracy", value: 0.7, step: 2 });
  assertEquals(await files.list("run"), [
    "best.ckpt-2.data-00000-of-00001",
    "best.ckpt-2.index",
    "best.json",
    "checkpoint",
    "model.ckpt-5.data-00000-of-00001",
    "model.ckpt-5.index",
  ]);
  assertEquals(await latestCheckpoint(files, "run"), "run/model.ckpt-5");
  assertEquals(await stepOf(files, "run/best.ckpt-2"), 2n);

  const next = await CheckpointManager.open(files, "run", { maxToKeep: 1 });
  const never = new Map([["x", () => Promise.reject(new Error("fetched"))]]);
  assertEquals(await next.saveBest(6, never, { metric: "accuracy", value: 0.65 }), undefined);
  assertEquals(await next.saveBest(7, step(7), { metric: "loss", value: 3, goal: "min" }), "run/best.ckpt-7");
  assertEquals(await next.saveBest(8, step(8), { metric: "loss", value: 4, goal: "min" }), undefined);
  assertEquals(await next.saveBest(9, step(9), { metric: "loss", value: 2, goal: "min" }), "run/best.ckpt-9");
  assertEquals((await files.list("run")).filter((name) => name.endsWith(".index")), [
    "best.ckpt-9.index",
    "model.ckpt-5.index",
  ]);
});

Deno.test("saveBest() leaves one best checkpoint wherever it stops, after the next opening", async () => {
  for (let stopAt = 0, isDone = false; !isDone; stopAt++) {
    const plain = memoryFiles();
    const score = (value: number) => ({ metric: "accuracy", value });
    await (await CheckpointManager.open(plain, "run")).saveBest(1, step(1), score(0.1));
    let operations = 0;
    const stopping = <A extends unknown[]>(run: (...args: A) => Promise<void>) => (...args: A) =>
      operations++ < stopAt ? run(...args) : Promise.reject(new Error("killed"));
    const files = {
      ...plain,
      write: stopping(plain.write),
      rename: stopping(plain.rename),
      remove: stopping(plain.remove),
    };
    const manager = await CheckpointManager.open(files, "run");
    isDone = await manager.saveBest(2, step(2), score(0.2)).then(() => true, () => false);
    const { best } = await CheckpointManager.open(plain, "run");
    assertEquals(await stepOf(plain, `run/best.ckpt-${best?.step}`), BigInt(best!.step));
    assertEquals((await plain.list("run")).length, 3);
  }
});

Deno.test("CheckpointManager.open() takes no best checkpoint from a damaged best.json", async () => {
  for (const bad of ["", "[]", "null", '{"metric": "a", "value": 1}', '{"metric":"a","value":1,"step":2}']) {
    const files = memoryFiles({ "run/best.json": text(bad) });
    const manager = await CheckpointManager.open(files, "run");
    assertEquals(manager.best, undefined);
    assertEquals(await manager.saveBest(3, step(3), { metric: "a", value: 0 }), "run/best.ckpt-3");
  }
});

Deno.test("CheckpointManager.open() refuses a negative count", async () => {
  await assertRejects(
    () => CheckpointManager.open(memoryFiles(), "run", { maxToKeep: -1 }),
    RangeError,
    "Cannot keep -1 checkpoints",
  );
});
