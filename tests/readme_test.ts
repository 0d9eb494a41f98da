/** What the README promises about flags, against the tools themselves. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { run } from "./_tools.ts";

/** Names of the flags of TF-Slim's programs. */
const slim: Record<string, string[]> = JSON.parse(
  await Deno.readTextFile(new URL("fixtures/tf_slim_flags.json", import.meta.url)),
);
const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
const section = readme.slice(readme.indexOf("## TF-Slim's flags")).split("\n## ")[0];

/** Our tool for each of TF-Slim's programs that has one. */
const tools: Readonly<Record<string, string>> = {
  "train_image_classifier.py": "train",
  "eval_image_classifier.py": "eval",
  "eval_loop.py": "eval",
  "export_inference_graph.py": "export",
  "download_and_convert_data.py": "download_and_convert_data",
  "datasets/build_imagenet_data.py": "build_imagenet_data",
};

for (const [program, names] of Object.entries(slim)) {
  const tool = tools[program];
  Deno.test(`every flag of ${program} is in the README's tables${tool ? ` and one of tools/${tool}.ts` : ""}`, async () => {
    assertEquals(names.filter((name) => !section.includes(`\`${name}\``)), [], "not in the README");
    if (!tool) return;
    const { code, stdout } = await run(tool, ["--help"]);
    assertEquals(code, 0);
    assertEquals(
      names.filter((name) => !new RegExp(`--(\\[no\\])?${name}\\b`).test(stdout)),
      [],
      "not in --help",
    );
  });
}
