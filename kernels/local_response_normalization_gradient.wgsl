// Gradient of local response normalization across channels. One invocation = one value. The
// common text stands before this one.
//
//   dx[i] = dy[i] * scale[i]^(-beta) - 2 alpha beta x[i] * sum of dy[j] y[j] / scale[j] over |j - i| <= radius

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // all [pixels, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let low = i - min(c, p.radius);
  let high = i + min(p.channels - 1u - c, p.radius);
  var sum = 0.0;
  for (var j = low; j <= high; j++) { sum += dy[j] * y[j] / scale[j]; }
  dx[i] = dy[i] * shrink(scale[i]) - 2.0 * p.alpha * p.beta * x[i] * sum;
}
