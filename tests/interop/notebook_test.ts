/** The notebook runs from top to bottom in Deno's Jupyter kernel. Needs WGSLIM_PYTHON with nbclient; see _tensorflow.ts. */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals, assertGreater } from "@std/assert";
import { withFolder } from "../_tools.ts";
import { runPython } from "./_tensorflow.ts";

const path = new URL("../../notebooks/walkthrough.ipynb", import.meta.url).pathname;

/** A cell as the file has it. */
interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly source: readonly string[];
  readonly outputs?: readonly { readonly output_type: string }[];
}

Deno.test("notebooks/walkthrough.ipynb runs, and its networks learn what it says", () =>
  withFolder(async (folder) => {
    const kernel = { argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"] };
    await Deno.mkdir(`${folder}/kernels/deno`, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/kernels/deno/kernel.json`,
      JSON.stringify({ ...kernel, display_name: "Deno", language: "typescript" }),
    );
    const learned = `${folder}/learned.json`, before = Deno.env.get("JUPYTER_PATH");
    const last = `await Deno.writeTextFile(${JSON.stringify(learned)}, ` +
      "JSON.stringify({ losses, accuracy: metrics.accuracy, tuned: tuned.accuracy }))";
    Deno.env.set("JUPYTER_PATH", folder);
    try {
      await runPython("run_notebook.py", path, last);
    } finally {
      if (before === undefined) Deno.env.delete("JUPYTER_PATH");
      else Deno.env.set("JUPYTER_PATH", before);
    }
    const { losses, accuracy, tuned } = JSON.parse(await Deno.readTextFile(learned));
    assertGreater(losses[0], 2 * losses.at(-1));
    assertGreater(accuracy, 0.75);
    assertGreater(tuned, 0.9);
  }));

async function codeCells(): Promise<Cell[]> {
  const { cells }: { cells: Cell[] } = JSON.parse(await Deno.readTextFile(path));
  return cells.filter(({ cell_type }) => cell_type === "code");
}

Deno.test("notebooks/walkthrough.ipynb shows what its cells print", async () => {
  const cells = await codeCells();
  assert(cells.length > 10);
  for (const { outputs } of cells) {
    assertGreater(outputs!.length, 0);
    assertEquals(outputs!.filter(({ output_type }) => output_type === "error"), []);
  }
});

Deno.test("the types in notebooks/walkthrough.ipynb fit, which its kernel does not check", () =>
  withFolder(async (folder) => {
    const root = new URL("../../", import.meta.url), file = `${folder}/walkthrough.ts`;
    const code = (await codeCells()).map(({ source }) => source.join("")).join("\n");
    await Deno.writeTextFile(file, code.replaceAll('from "../', `from "${root}`));
    const args = ["check", "--config", new URL("deno.json", root).pathname, file];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert(success, new TextDecoder().decode(stderr));
  }));
