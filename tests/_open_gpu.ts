/** Opens each adapter named in the arguments in turn, computes on it, and prints a line of JSON: what it is or why not. */
import { Executor } from "../gpu/executor.ts";
import { openGpu } from "../host/drivers.ts";

const code = `@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) { values[id.x] = f32(id.x * id.x); }`;

for (const choice of Deno.args) {
  try {
    const gpu = await openGpu({ adapter: choice === "-" ? undefined : choice });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = gpu.createBuffer({ label: "squares", size: 16, usage });
    const pipeline = await gpu.pipeline({ label: "squares", code });
    const bindGroup = gpu.bindGroup("squares", pipeline, [buffer]);
    new Executor(gpu, [{ label: "squares", pipeline, bindGroup, workgroups: [1, 1, 1], work: 4 }]).run();
    const squares = [...new Float32Array(await gpu.download(buffer))];
    console.log(JSON.stringify({ ...gpu.adapter, squares }));
    gpu.close();
  } catch (error) {
    console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  }
}
