// The pixels that a sliding window meets, a row for each of its places: the left operand of a convolution, and of a gradient of
// weights, where the channels do not come in fours.
//
//   y[m - first, (tap row, tap column, channel)] = x[image, row * stride + tap row * rate - pad, ..., channel], 0 outside the image
//
// One invocation = one row of y, padded to whole vec4 with zeros.

struct Params {
  size: vec2u, out: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  tapColumns: u32,
  channels: u32,
  k: u32,               // taps * channels
  k4: u32,              // vec4 in a row of y
  first: u32,           // first place
  count: u32,           // rows
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // [n, size, channels]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;     // [m, k4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let m = p.first + i;
  let rest = m / p.out.y;
  let image = (rest / p.out.x) * p.size.x;
  let left = (m % p.out.y) * p.stride.y - p.pad.y;   // wraps far above size outside
  var row = (rest % p.out.x) * p.stride.x - p.pad.x;
  var column = left;
  var tap = 0u;
  var channel = 0u;
  for (var k4 = 0u; k4 < p.k4; k4++) {
    var v = vec4f(0.0);
    for (var j = 0u; j < 4u; j++) {
      let inside = row < p.size.x && column < p.size.y && 4u * k4 + j < p.k;
      let at = select(0u, ((image + row) * p.size.y + column) * p.channels + channel, inside);
      v[j] = select(0.0, x[at], inside);
      channel += 1u;
      if (channel == p.channels) {
        channel = 0u;
        column += p.rate.y;
        tap += 1u;
        if (tap == p.tapColumns) {
          tap = 0u;
          column = left;
          row += p.rate.x;
        }
      }
    }
    y[i * p.k4 + k4] = v;
  }
}
