/** What the README promises about flags, against the tools themselves. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { trainingFlags } from "../tools/_training_flags.ts";
import { evaluationFlags } from "../tools/_evaluation_flags.ts";
import { defineFlags } from "../tools/_flags.ts";
import { exportFlags } from "../tools/export.ts";

/** Names of the flags of TF-Slim's programs. */
const slim: Record<string, string[]> = JSON.parse(
  await Deno.readTextFile(new URL("fixtures/tf_slim_flags.json", import.meta.url)),
);
const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));

/** The rows of the table that follows the first mention of a program in the section on flags. */
function tableOf(program: string): string {
  const section = readme.slice(readme.indexOf("## TF-Slim's flags")),
    from = section.indexOf(`\`${program}\``);
  return from < 0 ? "" : section.slice(from).split("\n\n")[1];
}

const helps: Readonly<Record<string, string>> = {
  "train_image_classifier.py": defineFlags("", trainingFlags).help(),
  "eval_image_classifier.py": evaluationFlags.help(),
  "eval_loop.py": evaluationFlags.help(),
  "export_inference_graph.py": exportFlags.help(),
};

for (const [program, help] of Object.entries(helps)) {
  Deno.test(`every flag of ${program} is in the README's table and in the tool's help`, () => {
    const table = tableOf(program);
    assertEquals(slim[program].filter((name) => !table.includes(`\`${name}\``)), [], "not in the README");
    assertEquals(
      slim[program].filter((name) => !new RegExp(`--(\\[no\\])?${name}\\b`).test(help)),
      [],
      "not in --help",
    );
  });
}
