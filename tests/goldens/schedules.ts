/**
 * Topic `schedules`: learning rates at many steps, from schedules.json.
 *
 * Where a decay would take no step at all, TF's rate is not a number; we refuse, and so do the cases check. Names of
 * operations have no counterpart.
 */
import { configureLearningRate, decayTypes, type LearningRateFlags } from "../../training/learning_rate.ts";
import { Comparison } from "./_comparison.ts";
import { ExactChecks, type GoldenCase, numberOf, readJson } from "./report.ts";

interface Schedule {
  num_samples_per_epoch: number;
  /** The flags that are not at their defaults. */
  flags_given: Record<string, string | number>;
  flags: LearningRateFlags & { batch_size: number };
  decay_steps: number;
  /** Pairs of a step and the rate there. */
  values: [step: number, rate: number | string][];
}

/** Rates below TINY have few digits left in float32: they may be off by a fixed amount. */
const TINY = 1e-12;

function runSchedule({ num_samples_per_epoch, flags, values }: Schedule): Comparison {
  const report = new Comparison();
  const learningRate = configureLearningRate(flags, num_samples_per_epoch, flags.batch_size);
  for (const [step, value] of values) {
    const expected = numberOf(value), tolerance = expected < TINY ? { absolute: 1e-14 } : { relative: 1e-6 };
    report.number(`rate at step ${step}`, learningRate(step), expected, tolerance);
  }
  return report;
}

/** Checks that a schedule is refused with a RangeError whose message has a certain part. */
function runRefusal(flags: LearningRateFlags, samples: number, batch: number, part: string): ExactChecks {
  const checks = new ExactChecks();
  try {
    configureLearningRate(flags, samples, batch);
    checks.check(false, "the schedule was not refused");
  } catch (error) {
    checks.check(error instanceof RangeError && error.message.includes(part), `refused with: ${error}`);
  }
  return checks;
}

/** The cases of a directory of this topic. */
export async function* cases(directory: string): AsyncGenerator<GoldenCase> {
  const all: { cases: Schedule[]; unknown_type_error: string } = await readJson(
    `${directory}/schedules.json`,
  );
  for (const c of all.cases) {
    const { num_samples_per_epoch: samples, flags, decay_steps } = c, { batch_size } = flags;
    const given = Object.entries(c.flags_given).map(([name, value]) => ` ${name}=${value}`).join("");
    yield {
      name: `${samples} samples${given}`,
      run: () =>
        decay_steps === 0 && flags.learning_rate_decay_type !== "fixed"
          ? runRefusal(flags, samples, batch_size, "over 0 steps")
          : runSchedule(c),
    };
  }
  const [, type] = /\[(.*)\]/.exec(all.unknown_type_error) ?? [, ""];
  const unknown = decayTypes.includes(type) ? `${type}s` : type; // we know a type that TF-Slim does not
  yield {
    name: "unknown type",
    run: () =>
      runRefusal({ learning_rate_decay_type: unknown }, 100, 10, `learning_rate_decay_type ${unknown}`),
  };
}
