/** A disk that is full: nothing that was saved is lost, the message says what to do, and the training goes on once there is room. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { latestCheckpoint } from "../formats/checkpoint/checkpoint_state.ts";
import { CheckpointReader } from "../formats/checkpoint/reader.ts";
import { denoFiles } from "../host/files.ts";
import { run, withFolder } from "./_tools.ts";

async function command(name: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(name, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Runs a test in a file system of so many megabytes; false where none can be mounted. */
async function withSmallDisk(megabytes: number, test: (folder: string) => Promise<void>): Promise<boolean> {
  let isMounted = false;
  await withFolder(async (folder) => {
    isMounted = await command("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder);
    if (!isMounted) return;
    const inside = `${folder}/run`;
    try {
      await Deno.mkdir(inside);
      await test(inside);
    } finally {
      await command("umount", folder);
    }
  });
  return isMounted;
}

const canMount = await withSmallDisk(1, async () => {});

Deno.test({
  name:
    "a full disk stops the training with a clear message; the checkpoints before stay whole, and more room is enough",
  ignore: !canMount,
  fn: async () => {
    const mounted = await withSmallDisk(14, async (folder) => {
      const args = [
        `--train_dir=${folder}`,
        "--batch_size=1",
        "--train_image_size=8",
        "--eval_split_name=",
        "--save_interval_secs=1",
        "--max_to_keep=0",
        "--save_summaries_secs=0",
      ];
      const stopped = await run("train", [...args, "--max_number_of_steps=1000000"]);
      assertEquals(stopped.code, 1, stopped.stderr);
      assertMatch(
        stopped.stderr,
        /The same command goes on from .*\nCannot write ".*": the disk is full; free some space/,
      );
      const latest = await latestCheckpoint(denoFiles, folder);
      assert(latest, "no checkpoint is left");
      const reader = await CheckpointReader.open(denoFiles, latest);
      for (const name of reader.tensors.keys()) await reader.read(name);
      const names: string[] = [];
      for await (const { name } of Deno.readDir(folder)) names.push(name);
      assertEquals(names.filter((name) => /tmp|part|aside/.test(name)), [], "unfinished files are left");

      const step = Number(latest.slice(latest.lastIndexOf("-") + 1));
      for (const name of names) { // room: what is older than the newest checkpoint goes
        if (/^model\.ckpt-/.test(name) && !name.startsWith(`model.ckpt-${step}.`)) {
          await Deno.remove(`${folder}/${name}`);
        }
      }
      const resumed = await run("train", [...args, `--max_number_of_steps=${step + 2}`]);
      assertEquals(resumed.code, 0, resumed.stderr);
      assertMatch(resumed.stderr, new RegExp(`Resuming .* at step ${step.toLocaleString("en")}\n`));
    });
    assert(mounted);
  },
});
