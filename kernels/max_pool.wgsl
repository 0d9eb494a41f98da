// Max pooling, NHWC. One invocation = one output cell of V: one channel, or four where the channels come in fours.
// Padding never wins. Of equal values the first wins, as in TF, which shows in the gradient alone: for it the same kernel
// writes the number of the winning tap instead of the value.

alias V = f32;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  count: u32,       // outputs
  taps: u32,        // 1: write the winning tap
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;          // [n, size, channels]
@group(0) @binding(2) var<storage, read_write> y: array<V>;    // [n, out, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let ox = (i / p.channels) % p.out.y;
  let oy = (i / p.channels / p.out.y) % p.out.x;
  let image = (i / p.channels / p.out.y / p.out.x) * p.size.x;
  var best = V(0.0);
  var winner = V(0.0);
  var found = false;
  for (var ky = 0u; ky < p.kernel.x; ky++) {
    let iy = oy * p.stride.x + ky * p.rate.x - p.pad.x;   // wraps far above size in the padding
    if (iy >= p.size.x) { continue; }
    for (var kx = 0u; kx < p.kernel.y; kx++) {
      let ix = ox * p.stride.y + kx * p.rate.y - p.pad.y;
      if (ix >= p.size.y) { continue; }
      let v = x[((image + iy) * p.size.y + ix) * p.channels + c];
      let tap = V(f32(ky * p.kernel.y + kx));
      let wins = v > best;
      winner = select(select(winner, tap, wins), tap, !found);
      best = select(select(best, v, wins), v, !found);
      found = true;
    }
  }
  if (p.taps == 1u) { best = winner; }
  y[i] = best;
}
