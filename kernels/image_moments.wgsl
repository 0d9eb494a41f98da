// Mean and variance of each image over all its values, in two passes. One workgroup = one image.

struct Params { images: u32, values: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, values]
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>;  // [images]: mean, variance

var<workgroup> sums: array<f32, 64>;

// Sum over the workgroup of what each of its invocations has.
fn total(lane: u32, part: f32) -> f32 {
  workgroupBarrier();   // of the total before, all have been told
  sums[lane] = part;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  return sums[0];
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let image = min(group.x + group.y * groups.x, p.images - 1u);   // groups past the end repeat the last image
  let first = image * p.values;
  var sum = 0.0;
  for (var i = lane; i < p.values; i += 64u) { sum += x[first + i]; }
  let mean = total(lane, sum) / f32(p.values);
  var squares = 0.0;
  for (var i = lane; i < p.values; i += 64u) {
    let d = x[first + i] - mean;
    squares += d * d;
  }
  let variance = total(lane, squares) / f32(p.values);
  if (lane == 0u) { moments[image] = vec4f(mean, variance, 0.0, 0.0); }
}
