// Gradient of local response normalization across channels. One invocation = one V. The common text stands before this one.
//
//   dx[i] = dy[i] * scale[i]^(-beta) - 2 alpha beta x[i] * sum of dy[j] y[j] / scale[j] over |j - i| <= radius

@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> y: array<V>;
@group(0) @binding(3) var<storage, read> scale: array<V>;
@group(0) @binding(4) var<storage, read> dy: array<V>;
@group(0) @binding(5) var<storage, read_write> dx: array<V>;       // all [pixels, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let high = i + min(p.channels - 1u - c, p.reach);
  var sum = V(0.0);
  for (var j = i - min(c, p.reach); j <= high; j++) { sum += near1(dy[j] * y[j] / scale[j], 4 * (i32(i) - i32(j))); }
  dx[i] = dy[i] * shrink(scale[i]) - 2.0 * p.alpha * p.beta * x[i] * sum;
}
