/** Tuning: which questions the planning of a program asks, and how answers are found. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { chooserOf, shapeClass } from "../kernels/choices.ts";
import { buildNet, type Net } from "../nets/net.ts";
import { getNet } from "../nets/nets_factory.ts";
import { matmul } from "../tape/ops/matmul.ts";
import { ParameterLayout } from "../tape/parameter_layout.ts";
import { Plan, type PlanRequest } from "../tape/plan.ts";
import { questionsOf } from "../tape/questions.ts";
import { Tape } from "../tape/tape.ts";
import { candidatesOn, choicesOf, type OpenCandidate, tune } from "../tape/tune.ts";
import { trainingRequest } from "../training/description.ts";
import { configureOptimizer } from "../training/optimizers.ts";
import { withGpu } from "./_gpu.ts";

const target = { kind: "software", subgroups: false, maxBindingSize: 2 ** 27 } as const;

/** A net with a convolution that has a choice. */
const small: Net = {
  ...getNet("lenet"),
  build(s, images, { numClasses }) {
    const x = s.conv2d(images, 32, [3, 3], { stride: 2, scope: "conv1" });
    const y = s.flatten(s.conv2d(x, 64, [3, 3], { scope: "conv2" }));
    return s.fullyConnected(y, numClasses, { activation: null, scope: "fc3" });
  },
};
const resnet = getNet("resnet_v1_50");

function programOf(net: Net, batch: number, isTraining: boolean): { tape: Tape; request: PlanRequest } {
  const tape = new Tape(), side = net.defaultImageSize;
  const images = tape.feed("images", [batch, side, side, net.channels]);
  const built = buildNet(tape, net, images, { numClasses: net.numClasses, isTraining });
  if (!isTraining) return { tape, request: { fetches: { logits: built.logits } } };
  return { tape, request: trainingRequest({ tape, built }, configureOptimizer({ optimizer: "adam" })) };
}

/** Names of the questions that a plan asks where some ways are forced. */
function askedBy({ tape, request }: ReturnType<typeof programOf>, forced: string[]): Set<string> {
  const asked = new Set<string>(), choose = chooserOf({ kind: "software", forced });
  const listening: PlanRequest = {
    ...request,
    choose: (operation, sizes, ways, byDefault) => {
      asked.add(shapeClass(operation, sizes));
      return choose(operation, sizes, ways, byDefault);
    },
  };
  new Plan(tape, listening, new ParameterLayout(tape.variables), target.maxBindingSize);
  return asked;
}

const programs = {
  "a small net": [small, 1, false],
  "training of a small net": [small, 32, true],
  "ResNet-50": [resnet, 1, false],
} as const;
for (const [what, [net, batch, isTraining]] of Object.entries(programs)) {
  Deno.test(`questionsOf() has what planning ${what} asks, whatever the answers`, () => {
    const program = programOf(net, batch, isTraining);
    const names = questionsOf(program.tape, program.request, target).map((question) => question.name);
    const asked = [[], ["direct"], ["winograd"], ["8x8"]].map((forced) => [...askedBy(program, forced)]);
    assertEquals(names.toSorted(), [...new Set(asked.flat())].sort());
    assertEquals(new Set(names).size, names.length);
    const lastProduct = names.findLastIndex((name) => name.startsWith("gemm "));
    assert(lastProduct < names.findIndex((name) => name.startsWith("conv")), "products come first");
  });
}

Deno.test("forward sums of a training are plain, whatever is forced; gradients take Winograd's way", () => {
  const { tape, request } = programOf(resnet, 2, true);
  const choose = chooserOf({ kind: "software", forced: ["winograd"] });
  const { launches } = new Plan(tape, { ...request, choose }, new ParameterLayout(tape.variables), 2 ** 27);
  const operations = launches.filter(({ launch }) => launch.kernel.name.startsWith("winograd_output"))
    .map(({ origin }) => origin.operation);
  assert(operations.length > 0);
  assertEquals(operations.filter((name) => name === "conv2d"), []);
});

/** A net of one product, whose default is the way "16x16". */
function product() {
  const tape = new Tape();
  const y = matmul(tape.feed("a", [128, 128]), tape.feed("b", [128, 128]));
  return questionsOf(tape, { fetches: { y } }, target);
}

/** A stopwatch that gives each way's times in turn, the last one ever after, and counts how often it was asked. */
function fake(
  times: Record<string, number[]>,
): { open: OpenCandidate; counts: Record<string, number>; alive: () => number } {
  const counts: Record<string, number> = {};
  let alive = 0;
  return {
    counts,
    alive: () => alive,
    open: ({ ways }, choose) => {
      const way = choose("gemm", [128, 128, 128, 1], ways, ways[0]), left = [...times[way]];
      counts[way] = 0;
      alive++;
      const time = () => {
        counts[way]++;
        return Promise.resolve(left.length > 1 ? left.shift()! : left[0]);
      };
      return Promise.resolve({ time, destroy: () => void alive-- });
    },
  };
}

Deno.test("tune() chooses what is clearly faster in the best of its rounds, and gives up what is hopeless", async () => {
  const cases: [Record<string, number[]>, string, number[]?][] = [
    [{ "16x16": [10], "8x8": [8], "1x32": [50], shared: [31] }, "8x8", [4, 4, 1, 1]],
    [{ "16x16": [10], "8x8": [9.5], "1x32": [50], shared: [11] }, "16x16", [4, 4, 1, 4]],
    [{ "16x16": [10], "8x8": [15], "1x32": [50], shared: [28] }, "16x16", [2, 2, 1, 2]],
    [{ "16x16": [9, 14, 10, 9], "8x8": [9.5, 9.5, 8.5], "1x32": [50], shared: [90] }, "16x16"],
    [{ "16x16": [40], "8x8": [10], "1x32": [50], shared: [29] }, "8x8"],
    [{ "16x16": [9, 20, 20, 9], "8x8": [10], "1x32": [50], shared: [50] }, "16x16"],
  ];
  for (const [times, chosen, looks] of cases) {
    const { open, counts, alive } = fake(times), questions = product();
    const [answer] = await tune(questions, { kind: "software", open });
    assertEquals([answer.question.name, answer.chosen, alive()], [questions[0].name, chosen, 0]);
    if (looks) assertEquals(Object.values(counts), looks);
  }
});

Deno.test("tune() counts answers, and those known before, in the questions after them; choicesOf() keeps what is no default", async () => {
  const { tape, request } = programOf(small, 1, false), questions = questionsOf(tape, request, target);
  const heard: string[] = [], known = new Map([["gemm 1x1x1x1", "shared"], [questions[0].name, "shared"]]);
  const answers = await tune(questions, {
    kind: "software",
    known,
    open: (question, choose) => {
      const way = choose(question.name.replace(/ \d+x.*/, ""), [], question.ways, question.usual);
      if (question.name.startsWith("conv")) {
        heard.push(choose("gemm", [196, 64, 288, 1], ["16x16", "8x8"], "16x16"));
        heard.push(choose("gemm", [1, 1, 1, 1], ["16x16", "shared"], "16x16"));
      }
      return Promise.resolve({ time: () => Promise.resolve(way === "8x8" ? 1 : 2), destroy: () => {} });
    },
  });
  assertEquals(heard, ["8x8", "shared", "8x8", "shared"]);
  const better = questions.filter(({ usual, ways }) => usual !== "8x8" && ways.includes("8x8"));
  const expected = [["gemm 1x1x1x1", "shared"], ...better.map(({ name }) => [name, "8x8"])];
  assertEquals([...choicesOf(answers, known)].sort(), expected.sort() as [string, string][]);
});

Deno.test("candidatesOn() times every way of every question on the device, and frees what it made", () =>
  withGpu(async (gpu) => {
    const { tape, request } = programOf(small, 2, true), open = candidatesOn(gpu);
    for (const question of questionsOf(tape, request, target)) {
      for (const way of question.ways) {
        const candidate = await open(
          question,
          chooserOf({ kind: "software", forced: [way, ...question.given] }),
        );
        assert(await candidate.time(1) > 0, `${question.name}: ${way}`);
        candidate.destroy();
      }
    }
  }));
