// Adds the partial sums of a split product in order, then applies bias and activation.
// One invocation = one output. y[i] = activation(sum over z of partial[z, i] + bias[i % n]).

struct Params { size: u32, n: u32, splits: u32, activation: u32, hasBias: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;        // [splits, size]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [n]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [size]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < p.splits; z++) { sum += partial[z * p.size + i]; }
  if (p.hasBias == 1u) { sum += bias[i % p.n]; }
  if (p.activation > 0u) { sum = max(sum, 0.0); }
  if (p.activation == 2u) { sum = min(sum, 6.0); }
  y[i] = sum;
}
