// Gradient of average pooling, NHWC. One invocation = one input cell of V: one channel, or four where the
// channels come in fours. It sums, over the windows that hold it, the output gradient divided by the window's number of
// cells inside the image.

alias V = f32;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  count: u32,       // inputs
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<V>;         // [n, out, channels]
@group(0) @binding(2) var<storage, read_write> dx: array<V>;   // [n, size, channels]

// Taps of the window at output o that lie inside an axis.
fn inside(o: u32, size: u32, kernel: u32, stride: u32, rate: u32, pad: u32) -> f32 {
  var count = 0.0;
  for (var k = 0u; k < kernel; k++) {
    if (o * stride + k * rate - pad < size) { count += 1.0; }
  }
  return count;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let ix = (i / p.channels) % p.size.y;
  let iy = (i / p.channels / p.size.y) % p.size.x;
  let image = i / p.channels / p.size.y / p.size.x;
  var sum = V(0.0);
  for (var ky = 0u; ky < p.kernel.x; ky++) {
    let ty = iy + p.pad.x - ky * p.rate.x;   // wraps far above out * stride where there is no such window
    let oy = ty / p.stride.x;
    if (oy >= p.out.x || oy * p.stride.x != ty) { continue; }
    let tall = inside(oy, p.size.x, p.kernel.x, p.stride.x, p.rate.x, p.pad.x);
    for (var kx = 0u; kx < p.kernel.y; kx++) {
      let tx = ix + p.pad.y - kx * p.rate.y;
      let ox = tx / p.stride.y;
      if (ox >= p.out.y || ox * p.stride.y != tx) { continue; }
      let wide = inside(ox, p.size.y, p.kernel.y, p.stride.y, p.rate.y, p.pad.y);
      sum += dy[((image * p.out.x + oy) * p.out.y + ox) * p.channels + c] / (tall * wide);
    }
  }
  dx[i] = sum;
}
