/** What an evaluation prints and keeps, and the flags that it takes over; no device is needed. */

// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import type { Dataset } from "../datasets/dataset.ts";
import { Metrics } from "../training/metrics.ts";
import { recordEvaluation } from "../tools/_evaluation.ts";
import { evaluationFlags, inheritedArgs } from "../tools/_evaluation_flags.ts";
import { classNames, confusionCsv, detailsToJson, formatMetrics } from "../tools/_report.ts";
import { withFolder } from "./_tools.ts";

/** A data set of which only the names are asked for; label 0 is a background that labels_offset 1 leaves out. */
const dataset = {
  name: "animals",
  splitName: "test",
  labelsToNames: new Map([[0, "background"], [1, 'cat, "tabby"'], [2, "dog"]]),
} as unknown as Dataset;

/** Metrics of `numClasses` classes after predictions, as pairs [label, prediction]. */
function counted(pairs: readonly (readonly [number, number])[], numClasses: number): Metrics {
  const metrics = new Metrics(numClasses), logits = new Float32Array(pairs.length * numClasses);
  for (const [i, [, prediction]] of pairs.entries()) logits[i * numClasses + prediction] = 1;
  metrics.add(logits, Int32Array.from(pairs, ([label]) => label), pairs.length);
  return metrics;
}

const pairs = [[0, 0], [0, 0], [0, 0], [0, 1], [1, 1]] as const;

Deno.test("formatMetrics() prints classes, confusion matrix, confused pairs and totals", () => {
  const text = formatMetrics(counted(pairs, 3), dataset, 1);
  assertEquals(
    text,
    `class         images  recall  precision
cat, "tabby"       4   75.0%     100.0%
dog                1  100.0%      50.0%
2                  0       -          -

label, taken for 0 1 2
0 cat, "tabby"   3 1 .
1 dog            . 1 .
2 2              . . .

most confused  taken for  images  share
cat, "tabby"   dog             1  25.0%

accuracy 0.8000   Recall_5 1.0000   (5 images)`,
  );
});

Deno.test("formatMetrics() leaves out the matrix of more than 20 classes, and confused pairs where there are none", () => {
  for (const [numClasses, printed] of [[20, true], [21, false]] as const) {
    const text = formatMetrics(counted([[0, 0]], numClasses), dataset, 0);
    assertEquals(text.includes("label, taken for"), printed);
    assert(!text.includes("most confused"));
  }
});

Deno.test("confusionCsv() quotes names, and detailsToJson() has matrix, pairs and predictions", () => {
  const metrics = counted(pairs, 2), names = classNames(metrics, dataset, 1);
  assertEquals(confusionCsv(metrics, names), 'label,"cat, ""tabby""",dog\n"cat, ""tabby""",3,1\ndog,0,1\n');
  const { confusion, most_confused, predictions, classes } = detailsToJson(metrics, names);
  assertEquals(confusion, [[3, 1], [0, 1]]);
  assertEquals(most_confused, [{ label: 0, prediction: 1, count: 1, share: 0.25 }]);
  assertEquals([predictions.length, classes[1].name], [5, "dog"]);
});

Deno.test("recordEvaluation() adds a line an evaluation and keeps the latest matrix", () =>
  withFolder(async (folder) => {
    const record = { step: 1, checkpoint: "run/model.ckpt-1", dataset: "animals", split: "test", images: 5 };
    for (const step of [1, 2]) {
      const metrics = counted([[0, step - 1]], 2), results = { accuracy: 0.5, recall_5: 1, seconds: 2.5 };
      await recordEvaluation(`${folder}/eval`, { ...record, step, ...results }, metrics, ["cat", "dog"]);
    }
    const lines = (await Deno.readTextFile(`${folder}/eval/evaluations.jsonl`)).split("\n");
    assertEquals(lines.map((line) => line && JSON.parse(line).step), [1, 2, ""]);
    assertEquals(
      lines[0],
      '{"step":1,"checkpoint":"run/model.ckpt-1","dataset":"animals","split":"test","images":5,"accuracy":0.5,' +
        '"recall_5":1,"seconds":2.5}',
    );
    assertEquals(
      await Deno.readTextFile(`${folder}/eval/confusion.csv`),
      "label,cat,dog\ncat,0,1\ndog,0,0\n",
    );
  }));

Deno.test("inheritedArgs() takes over what the command line leaves open", () =>
  withFolder(async (folder) => {
    assertEquals(await inheritedArgs(folder, []), []);
    const trained = {
      model_name: "cifarnet",
      train_image_size: 24,
      moving_average_decay: 0.99,
      batch_size: 4,
    };
    await Deno.writeTextFile(`${folder}/flags.json`, JSON.stringify(trained));
    const args = await inheritedArgs(folder, ["--model-name", "lenet"]);
    assertEquals(args, ["--eval_image_size=24", "--moving_average_decay=0.99"]);
    const values = evaluationFlags.parse([...args, "--moving_average_decay=0"]);
    assertEquals([values.eval_image_size, values.moving_average_decay, values.batch_size], [24, 0, 100]);
  }));
