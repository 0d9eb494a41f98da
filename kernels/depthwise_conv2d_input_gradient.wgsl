// Gradient of depthwise convolution for its input, NHWC: each input cell gathers the outputs that it took part in.
//
// One invocation = one input cell of V: one channel, or, with multiplier 1, four where the channels come in fours.

alias V = f32;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,      // of dy, in V
  multiplier: u32,
  count: u32,         // inputs
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<V>;           // [kernel, channels]
@group(0) @binding(2) var<storage, read> dy: array<V>;          // [n, out, channels]
@group(0) @binding(3) var<storage, read_write> dx: array<V>;    // [n, size, channels / multiplier]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let inputs = p.channels / p.multiplier;
  let first = (i % inputs) * p.multiplier;
  let ix = (i / inputs) % p.size.y;
  let iy = (i / inputs / p.size.y) % p.size.x;
  let image = (i / inputs / p.size.y / p.size.x) * p.out.x;
  var sum = V(0.0);
  // With rate 1 the taps that meet the pixel are a stride apart; else all are tried.
  let start = select(vec2u(0u), (vec2u(iy, ix) + p.pad) % p.stride, p.rate == vec2u(1u));
  let step = select(vec2u(1u), p.stride, p.rate == vec2u(1u));
  for (var ky = start.x; ky < p.kernel.x; ky += step.x) {
    let ty = iy + p.pad.x - ky * p.rate.x;   // wraps far above out * stride where there is no such window
    let oy = ty / p.stride.x;
    if (oy >= p.out.x || oy * p.stride.x != ty) { continue; }
    for (var kx = start.y; kx < p.kernel.y; kx += step.y) {
      let tx = ix + p.pad.y - kx * p.rate.y;
      let ox = tx / p.stride.y;
      if (ox >= p.out.y || ox * p.stride.y != tx) { continue; }
      let at = ((image + oy) * p.out.y + ox) * p.channels + first;
      let tap = (ky * p.kernel.y + kx) * p.channels + first;
      for (var q = 0u; q < p.multiplier; q++) { sum = fma(dy[at + q], w[tap + q], sum); }
    }
  }
  dx[i] = sum;
}
