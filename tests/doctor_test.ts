// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";

async function doctor(...flags: string[]) {
  const script = new URL("../tools/doctor.ts", import.meta.url).pathname;
  const args = ["run", "--no-check", "--frozen", "-A", script, ...flags];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("doctor prints adapter, limits and speed, in words and as JSON", async () => {
  const [words, json] = [await doctor(), await doctor("--json")];
  assertEquals([words.code, json.code], [0, 0], words.stderr + json.stderr);
  const report = JSON.parse(json.stdout);
  assertEquals(report.deno, Deno.version.deno);
  assert(report.matmul.isRight && report.matmul.gflops > 0.5, json.stdout);
  assert(report.peaks.gflops > report.matmul.gflops, json.stdout);
  assert(report.peaks.gigabytes > 0.2 && report.peaks.gigabytes < 1e5, json.stdout);
  assert(report.limits.maxBufferSize >= 256 << 20 && report.limits.maxBindGroups >= 4, json.stdout);
  assertEquals(report.adapter.kind === "software", report.advice.length > 0, "software can be made faster");
  assertMatch(
    words.stdout,
    new RegExp(`^Deno +${Deno.version.deno.replaceAll(".", "\\.")} on ${Deno.build.os}`),
  );
  assert(words.stdout.includes(report.adapter.description), words.stdout);
  assertMatch(words.stdout, /^Limits +maxBufferSize \d+/m);
  assertMatch(
    words.stdout,
    /^Matmul +\d+\.\d GFLOP\/s at .*, results right \(relative error \d\.\de-\d+\)$/m,
  );
  assertMatch(
    words.stdout,
    /^Peaks +\d+\.\d GFLOP\/s in registers, \d+\.\d GB\/s read and written by copies$/m,
  );
});

Deno.test("doctor refuses what it does not know with exit code 2", async () => {
  const [flag, value] = await Promise.all([doctor("--adaptor=gpu"), doctor("--adapter=cuda")]);
  assertEquals([flag.code, value.code], [2, 2]);
  assertEquals(flag.stderr, "Cannot use --adaptor: there is no such flag; did you mean --adapter?\n");
  assertEquals(
    value.stderr,
    "Cannot use --adapter=cuda: it takes one of auto, gpu, system, embedded, dawn\n",
  );
});
