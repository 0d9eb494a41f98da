// Gradient of batch normalization, second stage: adds the sums of chunks, in order.
//
// One invocation = one column of one group of chunks. The last pass has one group, and writes the gradients for beta and gamma
// as well: they lie apart from each other, with those of other variables, while batch_norm_gradient.wgsl reads both in one buffer.

struct Params {
  columns: u32,
  chunks: u32,
  group: u32,     // chunks that one invocation adds
  groups: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> chunks: array<f32>;        // [chunks, 2, columns]: of dy, of dy * xhat
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;     // [groups, 2, columns]
@group(0) @binding(3) var<storage, read_write> dbeta: array<f32>;    // [columns], as the next: of one group alone
@group(0) @binding(4) var<storage, read_write> dgamma: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.groups * p.columns) { return; }
  let column = i % p.columns;
  let first = (i / p.columns) * p.group;
  var sum = 0.0;
  var weighted = 0.0;
  for (var chunk = first; chunk < min(first + p.group, p.chunks); chunk++) {
    sum += chunks[2u * chunk * p.columns + column];
    weighted += chunks[(2u * chunk + 1u) * p.columns + column];
  }
  sums[2u * (i / p.columns) * p.columns + column] = sum;
  sums[(2u * (i / p.columns) + 1u) * p.columns + column] = weighted;
  if (p.groups == 1u) {
    dbeta[column] = sum;
    dgamma[column] = weighted;
  }
}
