// Erases a box of each image, which becomes noise, and mixes it with another image of the batch:
//
//   y = share * own + (1 - share) * partner's, and the partner's alone in the pasted box
//
// image_common.wgsl and philox.wgsl stand before this text. One invocation = one value.

struct Params {
  count: u32,
  size: vec2u,       // of an image
  channels: u32,
  low: vec4f,        // noise is between these, by channel
  high: vec4f,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, size, channels]
@group(0) @binding(2) var<storage, read> pictures: array<Picture>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [images, size, channels]

fn isIn(box: vec4u, row: u32, column: u32) -> bool {
  return row - box.x < box.z && column - box.y < box.w;   // wraps far above the size where it is before
}

// A value of an image, `rest` from its first.
fn value(image: u32, rest: u32) -> f32 {
  let picture = pictures[image];
  let channel = rest % p.channels;
  let at = rest / p.channels;
  if (!isIn(picture.erased, at / p.size.y, at % p.size.y)) { return x[image * p.size.x * p.size.y * p.channels + rest]; }
  var u = uniform4(vec4u(at, picture.noise, 0u, 0x45726173u), vec2u(0u));
  return mix(p.low[channel], p.high[channel], u[channel]);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let values = p.size.x * p.size.y * p.channels;
  let image = i / values;
  let rest = i % values;
  let at = rest / p.channels;
  let picture = pictures[image];
  let isPasted = isIn(picture.pasted, at / p.size.y, at % p.size.y);
  let share = select(picture.share, 0.0, isPasted);
  var v = 0.0;
  if (share > 0.0) { v = share * value(image, rest); }
  if (share < 1.0) { v += (1.0 - share) * value(picture.partner, rest); }
  y[i] = v;
}
