// Random contrast (TF's random_contrast): y = (x - mean) * factor + mean, with the mean of each channel of the image and
// one factor an image in [lower, upper). philox.wgsl stands before this text. One invocation = one value.

struct Params { count: u32, pixels: u32, channels: u32, lower: f32, upper: f32, seed: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, pixels, channels]
@group(0) @binding(2) var<storage, read> moments: array<f32>;        // [images, channels, 2]: mean, variance
@group(0) @binding(3) var<storage, read> step: array<u32>;           // [1]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // [images, pixels, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let image = i / p.channels / p.pixels;
  let u = uniform4(vec4u(image, step[0], 0u, 0x436f6e74u), vec2u(p.seed, 0u));
  let factor = p.lower + (p.upper - p.lower) * u.x;
  let mean = moments[2u * (image * p.channels + i % p.channels)];
  y[i] = (x[i] - mean) * factor + mean;
}
