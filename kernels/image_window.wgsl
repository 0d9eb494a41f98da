// Cuts a window out of each byte image, scales it to float and may mirror it. philox.wgsl stands before this text.
//
//   y[n, i, j, c] = scale * x[n, i + top, j + left, c] + shift, where x is 0 outside the image
//
// The corner (top, left) is `corner` plus a random offset below `range`; with `mirror` every second image is flipped left
// to right. Both are drawn for each image from (seed, step, image). One invocation = one value.

struct Params {
  size: vec2u,          // of the images: height, width
  out: vec2u,           // of the window
  corner: vec2i,        // negative where the window reaches past the image
  range: vec2u,         // 1: no random offset
  channels: u32,
  count: u32,           // values of y
  mirror: u32,
  seed: u32,
  scale: f32,
  shift: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;              // bytes [n, size, channels], four a word
@group(0) @binding(2) var<storage, read> step: array<u32>;           // [1]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [n, out, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  var column = (i / p.channels) % p.out.y;
  let row = (i / p.channels / p.out.y) % p.out.x;
  let n = i / p.channels / p.out.y / p.out.x;
  var corner = p.corner;
  if (p.mirror == 1u || p.range.x > 1u || p.range.y > 1u) {
    let u = uniform4(vec4u(n, step[0], 0u, 0x57696e64u), vec2u(p.seed, 0u));
    corner += vec2i(min(vec2u(u.xy * vec2f(p.range)), p.range - 1u));
    if (p.mirror == 1u && u.z < 0.5) { column = p.out.y - 1u - column; }
  }
  let at = vec2i(i32(row), i32(column)) + corner;
  var v = 0.0;
  if (all(at >= vec2i(0)) && all(at < vec2i(p.size))) {
    let byte = ((n * p.size.x + u32(at.x)) * p.size.y + u32(at.y)) * p.channels + c;
    v = f32((x[byte / 4u] >> (8u * (byte % 4u))) & 0xffu);
  }
  y[i] = p.scale * v + p.shift;
}
