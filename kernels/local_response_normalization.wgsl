// Local response normalization across channels (Krizhevsky et al. 2012, section 3.3).
//
//   scale[i] = bias + alpha * sum of x[j]^2 over |j - i| <= radius      (alpha is not divided by the window, as in TF)
//   y[i] = x[i] * scale[i]^(-beta)
//
// One invocation = one V. The gradient needs scale, so it is kept. The common text stands before this one.

@group(0) @binding(1) var<storage, read> x: array<V>;              // [pixels, channels]
@group(0) @binding(2) var<storage, read_write> y: array<V>;        // [pixels, channels]
@group(0) @binding(3) var<storage, read_write> scale: array<V>;    // [pixels, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let high = i + min(p.channels - 1u - c, p.reach);
  var sum = V(0.0);
  for (var j = i - min(c, p.reach); j <= high; j++) {
    let v = x[j];
    sum += near1(v * v, 4 * (i32(i) - i32(j)));
  }
  let s = p.bias + p.alpha * sum;
  scale[i] = s;
  y[i] = x[i] * shrink(s);
}
