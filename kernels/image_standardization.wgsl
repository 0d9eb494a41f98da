// Standardizes each image over all its values (TF's per_image_standardization):
//
//   y = (x - mean) / max(deviation, 1 / sqrt(values))
//
// One invocation = one value. Mean and deviation of the image follow from the moments of its channels.

struct Params { count: u32, pixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, pixels, channels]
@group(0) @binding(2) var<storage, read> moments: array<f32>;        // [images, channels, 2]: mean, variance
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [images, pixels, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let first = 2u * (i / p.channels / p.pixels) * p.channels;
  let share = 1.0 / f32(p.channels);
  var mean = 0.0;
  for (var c = 0u; c < p.channels; c++) { mean += moments[first + 2u * c] * share; }
  var variance = 0.0;
  for (var c = 0u; c < p.channels; c++) {
    let d = moments[first + 2u * c] - mean;
    variance += (moments[first + 2u * c + 1u] + d * d) * share;
  }
  y[i] = (x[i] - mean) / max(sqrt(variance), 1.0 / sqrt(f32(p.pixels * p.channels)));
}
