// Mean and variance of each channel of each image, in two passes. One invocation = one channel of one image.

struct Params { images: u32, pixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, pixels, channels]
@group(0) @binding(2) var<storage, read_write> moments: array<f32>;  // [images, channels, 2]: mean, variance

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.images * p.channels) { return; }
  let first = (i / p.channels) * p.pixels * p.channels + i % p.channels;
  var sum = 0.0;
  for (var k = 0u; k < p.pixels; k++) { sum += x[first + k * p.channels]; }
  let mean = sum / f32(p.pixels);
  var squares = 0.0;
  for (var k = 0u; k < p.pixels; k++) {
    let d = x[first + k * p.channels] - mean;
    squares += d * d;
  }
  moments[2u * i] = mean;
  moments[2u * i + 1u] = squares / f32(p.pixels);
}
