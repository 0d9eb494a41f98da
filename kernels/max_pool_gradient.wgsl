// Gradient of max pooling, NHWC. One invocation = one input cell of V: one channel, or four where the channels come in
// fours. It gathers the output gradient of each window in which its tap won (max_pool.wgsl).

alias V = f32;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  count: u32,       // inputs
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> winner: array<V>;       // [n, out, channels]
@group(0) @binding(2) var<storage, read> dy: array<V>;           // [n, out, channels]
@group(0) @binding(3) var<storage, read_write> dx: array<V>;     // [n, size, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let ix = (i / p.channels) % p.size.y;
  let iy = (i / p.channels / p.size.y) % p.size.x;
  let image = (i / p.channels / p.size.y / p.size.x) * p.out.x;
  var sum = V(0.0);
  for (var ky = 0u; ky < p.kernel.x; ky++) {
    let ty = iy + p.pad.x - ky * p.rate.x;   // wraps far above out * stride where there is no such window
    let oy = ty / p.stride.x;
    if (oy >= p.out.x || oy * p.stride.x != ty) { continue; }
    for (var kx = 0u; kx < p.kernel.y; kx++) {
      let tx = ix + p.pad.y - kx * p.rate.y;
      let ox = tx / p.stride.y;
      if (ox >= p.out.y || ox * p.stride.y != tx) { continue; }
      let at = ((image + oy) * p.out.y + ox) * p.channels + c;
      sum += select(V(0.0), dy[at], winner[at] == V(f32(ky * p.kernel.y + kx)));
    }
  }
  dx[i] = sum;
}
