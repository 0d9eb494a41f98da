/**
 * Says where the time of a net's step goes: every launch with its time, rates and share of what the adapter can do.
 *
 * Usage: deno task profile --model_name=resnet_v1_50, or
 *   deno run --allow-read --allow-write --allow-env --allow-ffi tools/profile.ts --help
 * (ffi and env find the Vulkan driver; writing concerns the user's cache directory and --trace).
 *
 * Launches are timed by the device's clock where it has one, else each alone and many times over. Bytes are those of the
 * buffers that a launch binds, each counted once: where they stay in a cache, a launch can be faster than memory is.
 *
 * @module
 */
import { DeviceClock } from "../gpu/device_clock.ts";
import { measurePeaks } from "../gpu/peaks.ts";
import { ProgressLine } from "../host/terminal.ts";
import { profileProgram } from "../tape/profile.ts";
import { optimizerNames } from "../training/optimizers.ts";
import { defineFlags, runTool, UsageError } from "./_flags.ts";
import { adapterFlags, modelFlags, openDevice, precisionFlag } from "./_model_flags.ts";
import { formatPeaks, formatReport, listed, reportOf } from "./_profile_report.ts";
import { compileStep } from "./_profile_step.ts";
import { traceOf } from "./_trace.ts";

const net = { group: "Net" } as const;
const measurement = { group: "Measurement" } as const;
const output = { group: "Output" } as const;

const flags = defineFlags("Lists the operations of a net's step with their times and rates.", {
  model_name: modelFlags.model_name,
  mode: {
    ...net,
    type: "choice",
    choices: ["inference", "training"],
    default: "inference",
    help: "Which step; training includes gradients and update",
  },
  batch_size: { ...net, type: "int", default: 1, min: 1, help: "Images a step" },
  image_size: { ...net, type: "int", min: 1, help: "Side of the images; without it the net's own" },
  optimizer: {
    ...net,
    type: "choice",
    choices: optimizerNames,
    default: "rmsprop",
    help: "Optimizer of the training",
  },
  rounds: { ...measurement, type: "int", default: 5, min: 1, help: "Rounds, whose medians are shown" },
  timing: {
    ...measurement,
    type: "choice",
    choices: ["timestamps", "repeats"],
    help:
      "The device's clock, or the host's and each launch many times; without it the device's if it has one",
  },
  top: { ...output, type: "int", min: 1, help: "List only so many launches, the slowest first" },
  trace: { ...output, type: "path", help: "File for a trace that Perfetto and chrome://tracing show" },
  json: { ...output, type: "boolean", help: "Print JSON" },
  precision: precisionFlag,
  ...adapterFlags,
});

/** Runs the tool. */
export async function main(args: string[]): Promise<number> {
  const { model_name: modelName, mode, batch_size: batchSize, rounds, ...values } = flags.parse(args);
  const writeTrace = values.trace === undefined ? undefined : openTrace(values.trace);
  const progress = new ProgressLine(), gpu = await openDevice(values, progress);
  try {
    if (values.timing === "timestamps" && !DeviceClock.isSupported(gpu)) {
      throw new UsageError("Cannot use --timing=timestamps: this adapter has no clock; leave it away");
    }
    progress.update(`compiling ${modelName}`);
    const { program, input } = await compileStep(gpu, {
      modelName,
      mode,
      batchSize,
      imageSize: values.image_size,
      optimizer: values.optimizer,
      precision: values.precision,
    });
    progress.update("measuring the adapter's peaks");
    const peaks = await measurePeaks(gpu);
    progress.update(`measuring ${program.commands.length} launches`);
    const profile = await profileProgram(gpu, program, {
      rounds,
      method: values.timing,
      onRound: (done) => progress.update(`measuring: ${done} of ${rounds} rounds`),
    });
    progress.end(false);
    const report = reportOf(profile, peaks), { launches, kernels, total } = report;
    const title = `${modelName}, ${mode} on images [${input}]`;
    writeTrace?.(JSON.stringify(traceOf(title, launches)));
    if (values.json) {
      const { description, kind } = gpu.adapter, { method, runMs } = profile;
      const step = {
        model: modelName,
        mode,
        input,
        adapter: description,
        kind,
        peaks,
        method,
        rounds,
        runMs,
      };
      console.log(
        JSON.stringify({ ...step, total, kernels, launches: listed(launches, values.top) }, null, 2),
      );
    } else {
      console.log(`${title}\n${formatPeaks(peaks)}\n\n${formatReport(report, profile, values.top)}`);
    }
    return 0;
  } finally {
    gpu.close();
  }
}

/** Opens the file before anything is measured, so that a wrong path costs no time. */
function openTrace(path: string): (text: string) => void {
  try {
    const file = Deno.openSync(path, { write: true, create: true, truncate: true });
    return (text) => {
      file.writeSync(new TextEncoder().encode(text));
      file.close();
    };
  } catch (error) {
    throw new UsageError(`Cannot write --trace=${path}: ${(error as Error).message}`);
  }
}

if (import.meta.main) await runTool(main);
