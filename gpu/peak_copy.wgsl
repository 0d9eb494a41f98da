// Copies 64 bytes an invocation.
override lanes: u32 = 64u; // invocations of a workgroup
@group(0) @binding(0) var<storage, read> x: array<mat4x4f>;
@group(0) @binding(1) var<storage, read_write> y: array<mat4x4f>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = x[id.x];
}
