// Dropout (Srivastava et al. 2014), with the numbers of philox.wgsl, which stands before this text.
//
//   y[i] = x[i] / keep where u(seed, operation, step, i) >= 1 - keep, else 0
//
// The gradient is the same function of dy: the mask is drawn again, not stored. One invocation = four values.

struct Params { count: u32, keep: f32, operation: u32, seed: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;       // [1]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let block = (group.x + group.y * groups.x) * 64u + lane;
  let first = block * 4u;
  if (first >= p.count) { return; }
  let u = uniform4(vec4u(block, step[0], p.operation, 0u), vec2u(p.seed, 0u));
  for (var i = 0u; i < min(4u, p.count - first); i++) {
    y[first + i] = select(0.0, x[first + i] / p.keep, u[i] >= 1.0 - p.keep);
  }
}
