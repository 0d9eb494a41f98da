/** Profiles: what launches cost, how long they take, and tools/profile.ts as users run it. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { chooserOf } from "../kernels/choices.ts";
import { sgd } from "../kernels/optimizers.ts";
import { buildNet } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { compile } from "../tape/compile.ts";
import { costsOf } from "../tape/cost.ts";
import { concat } from "../tape/ops/arrange.ts";
import { relu } from "../tape/ops/activations.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Parameters } from "../tape/parameters.ts";
import { Plan, type PlanRequest } from "../tape/plan.ts";
import { profileProgram, type TimingMethod } from "../tape/profile.ts";
import { Tape } from "../tape/tape.ts";
import { withGpu } from "./_gpu.ts";

const planOf = (tape: Tape, request: PlanRequest) =>
  new Plan(tape, request, new ParameterLayout(tape.variables), 2 ** 27);

for (const name of ["lenet", "resnet_v2_50", "mobilenet_v1_025", "inception_v1", "nasnet_cifar"]) {
  Deno.test(`costsOf() counts two operations a multiply-accumulate of ${name}`, () => {
    const tape = new Tape(), net = getNet(name), side = net.defaultImageSize;
    const images = tape.feed("images", [1, side, side, net.channels]);
    const { logits } = buildNet(tape, net, images, { numClasses: net.numClasses, isTraining: false });
    const choose = chooserOf({ kind: "software", forced: ["direct"] }); // Winograd's way takes fewer
    const costs = costsOf(planOf(tape, { fetches: { logits }, choose }));
    const flops = costs.reduce((sum, cost) => sum + cost.flops, 0);
    assertEquals(flops, 2 * net.macs);
  });
}

Deno.test("costsOf() counts bytes once, twice where they are changed, and of a copy those that it moves", () => {
  const tape = new Tape(), a = tape.feed("a", [10, 16]), b = tape.feed("b", [10, 8]);
  const w = tape.variable("w", [64], { initialize: () => new Float32Array(64) });
  const plan = planOf(tape, {
    fetches: { both: concat([relu(a), b]) },
    updates: [{ rule: sgd, options: {}, rate: tape.feed("rate", [2]), values: new Map([["w", relu(w)]]) }],
  });
  const bytes = plan.launches.map(({ launch }, i) => [launch.kernel.name, costsOf(plan)[i].bytes]);
  assertEquals(bytes, [
    ["pointwise", 2 * 640],
    ["copy_columns_4", 2 * 640],
    ["copy_columns_4", 2 * 320],
    ["pointwise", 2 * 256],
    ["sgd", 4 * 4 + 256 + 2 * 256], // two rates, the factor and a decay
  ]);
});

for (const method of ["timestamps", "repeats"] as TimingMethod[]) {
  Deno.test(`profileProgram() times every launch by ${method}`, () =>
    withGpu(async (gpu) => {
      const tape = new Tape(),
        x = tape.feed("x", [1 << 24]), // a GPU takes a while for it, too
        parameters = new Parameters(gpu, tape.variables);
      const program = await compile(gpu, tape, { fetches: { y: relu(x), z: relu(relu(x)) }, parameters });
      const { launches, runMs, ...rest } = await profileProgram(gpu, program, { rounds: 2, method });
      assertEquals(rest, { method, rounds: 2 });
      assertEquals(launches.map((launch) => launch.operation), ["relu", "relu", "relu"]);
      const sum = launches.reduce((sum, { ms }) => sum + ms, 0);
      assert(launches.every(({ ms }) => ms > 0.01), `${launches.map(({ ms }) => ms)}`);
      assert(sum > runMs / 10 && sum < 10 * runMs, `${sum} ms launch by launch, ${runMs} ms as one`);
      program.destroy();
      parameters.destroy();
    }));
}

async function profile(...flags: string[]) {
  const script = new URL("../tools/profile.ts", import.meta.url).pathname;
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi"];
  const args = ["run", "--no-check", "--frozen", ...permissions, script, ...flags];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

for (const mode of ["inference", "training"]) {
  Deno.test(`tools/profile.ts tells of the ${mode} of LeNet, as a table and as a trace`, async () => {
    const trace = await Deno.makeTempFile();
    try {
      const flags = ["--model_name=lenet", `--mode=${mode}`, "--batch_size=2", "--rounds=1"];
      const { code, stdout, stderr } = await profile(...flags, `--trace=${trace}`);
      assertEquals(code, 0, stderr);
      const [title, peaks, ...lines] = stdout.split("\n");
      assertEquals(title, `lenet, ${mode} on images [2,28,28,1]`);
      assertMatch(
        peaks,
        /^peaks of the adapter: [\d.]+ GFLOP\/s in registers, [\d.]+ GB\/s read and written by copies$/,
      );
      const rows = lines.filter((line) => /^ *\d+ .* (compute|memory)$/.test(line));
      assert(
        rows.some((row) => /LeNet\/conv1 .* conv2d .*\[2,28,28,1\] \[5,5,1,32\] -> \[2,28,28,32\]/.test(row)),
      );
      assertEquals(rows.some((row) => / update +rmsprop +rmsprop /.test(row)), mode === "training");
      assertMatch(stdout, new RegExp(`^all +${rows.length} +[\\d.]+ +100.0% `, "m"));
      const { traceEvents } = JSON.parse(await Deno.readTextFile(trace));
      const events = traceEvents.filter(({ ph }: { ph: string }) => ph === "X");
      assertEquals(events.length, rows.length);
      let end = 0;
      for (const { name, ts, dur } of events) {
        assert(name.includes("/") && dur >= 0, name);
        assertAlmostEquals(ts, end, 1e-6);
        end = ts + dur;
      }
    } finally {
      await Deno.remove(trace);
    }
  });
}

Deno.test("tools/profile.ts --json has sums by kernel and of all, and --top the slowest launches", async () => {
  const { code, stdout, stderr } = await profile("--model_name=lenet", "--rounds=1", "--json", "--top=3");
  assertEquals(code, 0, stderr);
  const { model, input, peaks, total, kernels, launches, runMs } = JSON.parse(stdout);
  assertEquals([model, input, launches.length], ["lenet", [1, 28, 28, 1], 3]);
  assertEquals(total.flops, 2 * getNet("lenet").macs);
  for (const field of ["ms", "flops", "bytes", "leastMs"]) {
    const sum = kernels.reduce((sum: number, kernel: Record<string, number>) => sum + kernel[field], 0);
    assertAlmostEquals(sum, total[field], 1e-9 * total[field]);
  }
  assert(peaks.gflops > 0.5 && peaks.gigabytes > 0.2 && runMs > 0 && total.share > 0, stdout);
  const [{ ms, flops, gflops, leastMs, share }, second, third] = launches;
  assert(ms >= second.ms && second.ms >= third.ms);
  assertAlmostEquals(gflops, flops / ms / 1e6, 1e-9 * gflops);
  assertAlmostEquals(share, leastMs / ms, 1e-9);
});

Deno.test("tools/profile.ts refuses what it cannot do with exit code 2", async () => {
  const [mode, trace] = await Promise.all([
    profile("--mode=train"),
    profile("--trace=/no such folder/trace.json"),
  ]);
  assertEquals([mode.code, trace.code], [2, 2]);
  assertEquals(mode.stderr, "Cannot use --mode=train: it takes one of inference, training\n");
  assertMatch(trace.stderr, /^Cannot write --trace=\/no such folder\/trace\.json: /);
});
