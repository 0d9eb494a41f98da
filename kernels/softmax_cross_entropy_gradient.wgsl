// Gradient of softmax cross-entropy: dlogits[row, c] = (probability[row, c] - target[row, c]) * dloss[row].
// One invocation = one value.

struct Params { rows: u32, classes: u32, smoothing: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> probabilities: array<f32>;      // [rows, classes]
@group(0) @binding(2) var<storage, read> labels: array<i32>;             // [rows]
@group(0) @binding(3) var<storage, read> dloss: array<f32>;              // [rows]
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;      // [rows, classes]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.rows * p.classes) { return; }
  let row = i / p.classes;
  let hit = i32(i % p.classes) == labels[row];
  let wanted = p.smoothing / f32(p.classes) + select(0.0, 1.0 - p.smoothing, hit);
  dlogits[i] = (probabilities[i] - wanted) * dloss[row];
}
