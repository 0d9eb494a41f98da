// Changes the colours of images, each image's as its record says, and maps what comes out:
//
//   y = (changed - mean) * factor, clipped to 0..1 before if wished, its luminance if wished
//
// image_common.wgsl and image_color_common.wgsl stand before this text. One invocation = one pixel.

struct Params {
  count: u32,        // pixels
  pixels: u32,       // of an image
  channels: u32,     // 1 or 3
  gray: u32,         // 1: y is the luminance, of 3 channels
  clip: u32,
  factor: f32,
  mean: vec4f,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, pixels, channels]
@group(0) @binding(2) var<storage, read> pictures: array<Picture>;
@group(0) @binding(3) var<storage, read> means: array<vec4f>;        // [images], for contrast
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // [images, pixels, channels, or 1 if gray]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let image = i / p.pixels;
  let picture = pictures[image];
  let mean = means[image].xyz;
  let last = p.channels - 1u;   // of the channels; a gray value stands for all three
  let at = i * p.channels;
  var c = vec3f(x[at], x[at + last / 2u], x[at + last]);
  for (var changes = picture.changes; changes != 0u; changes >>= 4u) { c = change(c, changes & 15u, picture, mean); }
  if (p.clip == 1u) { c = clamp(c, vec3f(0.0), vec3f(1.0)); }
  if (p.gray == 1u) { c = vec3f(dot(c, LUMINANCE)); }
  c = (c - p.mean.xyz) * p.factor;
  if (p.gray == 1u || p.channels == 1u) {
    y[i] = c.x;
    return;
  }
  y[at] = c.x;
  y[at + 1u] = c.y;
  y[at + 2u] = c.z;
}
