/** Has TensorFlow, in a Python of one's own, read what this project wrote. */

import { bytesOfTensor, type Tensor } from "../../formats/checkpoint/tensor.ts";
import { toHex } from "../goldens/report.ts";

/** Names the Python that has TensorFlow. */
const variable = "WGSLIM_PYTHON";

/**
 * Runs a script of this folder.
 *
 * @throws {Error} with what the script printed, if it fails or there is no such Python
 */
export async function runPython(script: string, ...args: string[]): Promise<string> {
  const python = Deno.env.get(variable);
  if (!python) {
    throw new Error(
      `Cannot run ${script}: ${variable} is not set; make a virtual environment with tensorflow==2.15.* and set ` +
        `${variable}=/path/to/venv/bin/python`,
    );
  }
  const path = new URL(script, import.meta.url).pathname;
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command(python, { args: [path, ...args] }).output();
  } catch (thrown) {
    throw new Error(`Cannot run ${python}: set ${variable} to a Python that has TensorFlow`, {
      cause: thrown,
    });
  }
  const [out, err] = [result.stdout, result.stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!result.success) throw new Error(`${script} failed: ${out}\n${err}`);
  return out;
}

/** Fails unless TensorFlow finds exactly these tensors in a checkpoint, bit for bit. */
export async function assertTensorFlowReads(
  prefix: string,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await withJson(describeTensors(tensors), (file) => runPython("checkpoint_interop.py", prefix, file));
}

/** Tensors as the scripts of this folder read them: by name type, shape and bytes in hexadecimal digits. */
export function describeTensors(tensors: ReadonlyMap<string, Tensor>) {
  return Object.fromEntries([...tensors].map(([name, tensor]) => {
    const hex = tensor.dtype === "string" ? tensor.data.map(toHex) : toHex(bytesOfTensor(tensor));
    return [name, { dtype: tensor.dtype, shape: tensor.shape, hex }];
  }));
}

/** Writes a file of JSON for the time of a call. */
export async function withJson(value: unknown, use: (file: string) => Promise<unknown>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(value));
    await use(file);
  } finally {
    await Deno.remove(file);
  }
}
