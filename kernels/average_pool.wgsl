// Average pooling, NHWC. One invocation = one output cell of V: one channel, or four
// where the channels come in fours. The padding is left out of sum and count, as in TF.

alias V = f32;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  count: u32,       // outputs
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
  var sum = V(0.0);
  var count = 0.0;
  for (var ky = 0u; ky < p.kernel.x; ky++) {
    let iy = oy * p.stride.x + ky * p.rate.x - p.pad.x;   // wraps far above size in the padding
    if (iy >= p.size.x) { continue; }
    for (var kx = 0u; kx < p.kernel.y; kx++) {
      let ix = ox * p.stride.y + kx * p.rate.y - p.pad.y;
      if (ix >= p.size.y) { continue; }
      sum += x[((image + iy) * p.size.y + ix) * p.channels + c];
      count += 1.0;
    }
  }
  y[i] = sum / max(count, 1.0);
}
