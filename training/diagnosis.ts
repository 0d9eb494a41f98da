/**
 * Where a step went bad: the first variable, end point or gradient that is not finite.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { compile } from "../tape/compile.ts";
import { gradients } from "../tape/gradients.ts";
import { Tape, type Value } from "../tape/tape.ts";
import type { Batch } from "../datasets/reader.ts";
import { recordClassifier } from "./classifier.ts";
import { cloneLoss } from "./losses.ts";
import type { Trainer } from "./trainer.ts";

/** What is looked through, in the order in which a step computes it. */
interface Suspect {
  readonly name: string;
  readonly value: Value;
}

/**
 * Runs a batch forwards and backwards once more and looks for the first number that is not finite.
 *
 * @returns a phrase such as "the gradient of LeNet/fc3/weights has 12 numbers that are not finite (of 3,211,264)"; undefined
 * where with the variables as they are now all numbers are finite
 */
export async function diagnose(trainer: Trainer, batch: Batch): Promise<string | undefined> {
  const { gpu, compiled, options } = trainer, { parameters } = compiled;
  for (const name of parameters.names) {
    const found = describe(`variable ${name}`, await parameters.read(name));
    if (found) return found;
  }
  const tape = new Tape(), forward: Suspect[] = [], backward: Suspect[] = [], { numClones = 1 } = options;
  const clones = recordClassifier(tape, trainer.classifier);
  let number = 0;
  for (const clone of clones) {
    const of = numClones > 1 ? ` of clone ${number++}` : "";
    for (const [name, value] of clone.endPoints) forward.push({ name: `end point ${name}${of}`, value });
    const { crossEntropy, value: loss } = cloneLoss(clone, { ...options, numClones });
    forward.push({ name: `the loss${of}`, value: crossEntropy });
    const trained = compiled.trained.map((name) => tape.variables.get(name)!);
    const found = gradients(loss, trained.map((v) => v.value));
    trained.forEach((v, i) => {
      const value = found[i];
      if (value) backward.unshift({ name: `the gradient of ${v.name}${of}`, value });
    });
  }
  const suspects = [...forward, ...backward];
  const fetches = Object.fromEntries(suspects.map(({ name, value }) => [name, value]));
  const program = await compile(gpu, tape, {
    label: "diagnosis",
    fetches,
    parameters,
    precision: options.precision,
  });
  try {
    trainer.feed(program, batch);
    if (program.takes("step")) program.feed("step", Uint32Array.of(batch.index));
    program.run();
    for (const { name } of suspects) {
      const found = describe(name, await program.fetch(name));
      if (found) return found;
    }
  } finally {
    program.destroy();
  }
}

function describe(name: string, values: Float32Array): string | undefined {
  const count = values.reduce((sum, v) => sum + (Number.isFinite(v) ? 0 : 1), 0), all = values.length;
  if (count > 0) {
    return `${name} has ${say(count, "number")} that ${count > 1 ? "are" : "is"} not finite (of ${
      all.toLocaleString("en")
    })`;
  }
}

function say(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count > 1 ? "s" : ""}`;
}
