// One operation of RandAugment on each image, and how values are mapped at the end:
//
//   y = (distorted - mean) * factor, of its luminance if wished
//
// distort_common.wgsl stands before this text. One invocation = one pixel.

struct Params {
  count: u32,        // pixels
  size: vec2u,       // of an image
  channels: u32,     // 1 or 3
  turn: u32,         // which operation of each image
  turns: u32,
  gray: u32,         // 1: y is the luminance, of 3 channels
  factor: f32,
  mean: vec4f,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                      // [images, size, channels], 0..255
@group(0) @binding(2) var<storage, read> distortions: array<Distortion>;     // [images, turns]
@group(0) @binding(3) var<storage, read> tables: array<f32>;                 // [images, channels, 256]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;                // [images, size, channels, or 1 if gray]

// What is beyond an image.
const OUTSIDE = vec3f(128.0);
// As in tf.image.rgb_to_grayscale.
const GRAY = vec3f(0.2989, 0.587, 0.114);

fn pixel(image: u32, row: i32, column: i32) -> vec3f {
  if (row < 0 || column < 0 || row >= i32(p.size.x) || column >= i32(p.size.y)) { return OUTSIDE; }
  let at = ((image * p.size.x + u32(row)) * p.size.y + u32(column)) * p.channels;
  let last = p.channels - 1u;
  return vec3f(x[at], x[at + last / 2u], x[at + last]);
}

fn moved(image: u32, row: i32, column: i32, d: Distortion) -> vec3f {
  let centre = vec2f(p.size - 1u) / 2.0;
  let place = vec3f(vec2f(f32(row), f32(column)) - centre, 1.0);
  let at = vec2f(dot(d.row, place), dot(d.column, place)) + centre;
  let first = vec2i(floor(at));
  let part = at - floor(at);
  let upper = mix(pixel(image, first.x, first.y), pixel(image, first.x, first.y + 1), part.y);
  let lower = mix(pixel(image, first.x + 1, first.y), pixel(image, first.x + 1, first.y + 1), part.y);
  return mix(upper, lower, part.x);
}

// Mean of the neighbours, in which the pixel itself counts five times; those at the edges are as they are.
fn smoothed(image: u32, row: i32, column: i32) -> vec3f {
  let c = pixel(image, row, column);
  if (row == 0 || column == 0 || row == i32(p.size.x) - 1 || column == i32(p.size.y) - 1) { return c; }
  var sum = 4.0 * c;
  for (var i = -1; i <= 1; i++) {
    for (var j = -1; j <= 1; j++) { sum += pixel(image, row + i, column + j); }
  }
  return sum / 13.0;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let image = i / (p.size.x * p.size.y);
  let row = i32((i / p.size.y) % p.size.x);
  let column = i32(i % p.size.y);
  let d = distortions[image * p.turns + p.turn];
  var c = pixel(image, row, column);
  if (d.kind == MOVE) { c = moved(image, row, column, d); }
  if (d.kind == COLOR) { c = mix(vec3f(dot(c, LUMINANCE)), c, d.amount); }
  if (d.kind == SHARPNESS) { c = mix(smoothed(image, row, column), c, d.amount); }
  if (d.kind >= AUTO_CONTRAST) {
    let v = vec3u(round(c)) + 256u * (image * p.channels + min(vec3u(0u, 1u, 2u), vec3u(p.channels - 1u)));
    c = vec3f(tables[v.x], tables[v.y], tables[v.z]);
  }
  c = clamp(c, vec3f(0.0), vec3f(255.0));
  if (p.gray == 1u) { c = vec3f(dot(c, GRAY)); }
  c = (c - p.mean.xyz) * p.factor;
  if (p.gray == 1u || p.channels == 1u) {
    y[i] = c.x;
    return;
  }
  y[3u * i] = c.x;
  y[3u * i + 1u] = c.y;
  y[3u * i + 2u] = c.z;
}
