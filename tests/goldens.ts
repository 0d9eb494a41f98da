/**
 * Compares the code with reference data that the original software made.
 *
 * Usage: deno run -A tests/goldens.ts TOPIC [--goldens=DIR] [--only=TEXT] [--variant=WAY,...] [--browser]
 *
 * Runs every case of a directory (the repository's own by default) and prints one line for each with its largest error and
 * tolerance. --variant names ways that are taken where several kernels compute the same. --browser computes the cases of
 * topic nets in headless Chromium, on SwiftShader. Exits with 1 if a case fails, is unknown or there is none, or the topic
 * is unknown.
 */

import { parseArgs } from "node:util";
import { reasonOf } from "../formats/errors.ts";
import { wishedVariant } from "../host/drivers.ts";
import { runCases, type Topic, type TopicModule } from "./goldens/report.ts";

/** The topics; each module is loaded only when it is asked for. */
export const topics: Record<string, () => Promise<TopicModule>> = {
  checkpoints: () => import("./goldens/checkpoints.ts"),
  metrics: () => import("./goldens/metrics.ts"),
  events: () => import("./goldens/events.ts"),
  graphdef: () => import("./goldens/graphdef.ts"),
  jpeg: () => import("./goldens/jpeg.ts"),
  imagenet: () => import("./goldens/imagenet.ts"),
  model_deploy: () => import("./goldens/model_deploy.ts"),
  nets: () => import("./goldens/nets.ts"),
  optimizers: () => import("./goldens/optimizers.ts"),
  preprocessing: () => import("./goldens/preprocessing.ts"),
  schedules: () => import("./goldens/schedules.ts"),
  tfrecord: () => import("./goldens/tfrecord.ts"),
  training: () => import("./goldens/training.ts"),
};

/** Runs a topic; returns the exit status. */
export async function main(args: string[], print: (line: string) => void = console.log): Promise<number> {
  let topic: string, module: TopicModule, goldens: string | undefined, only: string, browser: boolean;
  try {
    const { values, positionals } = parseArgs({
      args,
      options: {
        goldens: { type: "string" },
        only: { type: "string", default: "" },
        variant: { type: "string" },
        browser: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    if (positionals.length !== 1 || !Object.hasOwn(topics, positionals[0])) {
      throw new Error(`name one topic: ${Object.keys(topics).join(", ")}`);
    }
    [topic] = positionals;
    ({ goldens, only, browser } = values);
    module = await topics[topic]();
    if (browser && !module.inBrowser) throw new Error(`topic ${topic} does not compute in a browser`);
    const { variant } = values;
    if (variant !== undefined) Deno.env.set("WGSLIM_VARIANT", wishedVariant(variant.split(",")).join());
  } catch (thrown) {
    print(`Cannot run: ${reasonOf(thrown)}`);
    print(
      "Usage: deno run -A tests/goldens.ts TOPIC [--goldens=DIR] [--only=TEXT] [--variant=WAY,...] [--browser]",
    );
    return 1;
  }
  const directory = goldens ?? new URL(`fixtures/${topic}`, import.meta.url).pathname;
  const runAll = async (cases: Topic) => {
    const { passed, failed } = await runCases(cases(directory), only, print);
    print(`${topic}: ${passed} passed, ${failed} failed`);
    return failed > 0 || passed === 0 ? 1 : 0;
  };
  try {
    return browser ? await module.inBrowser!(runAll) : await runAll(module.cases);
  } catch (thrown) {
    print(`Cannot run the cases of ${directory}: ${reasonOf(thrown)}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
