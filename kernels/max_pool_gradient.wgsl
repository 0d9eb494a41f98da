// Gradient of max pooling, NHWC. One invocation = one input value: it gathers the output gradient of each window in
// which it is the maximum and no earlier tap is equal to it (of equal values the first wins, as in TF).

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,
  count: u32,       // inputs
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [n, size, channels]
@group(0) @binding(2) var<storage, read> y: array<f32>;          // [n, out, channels]
@group(0) @binding(3) var<storage, read> dy: array<f32>;         // [n, out, channels]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;   // [n, size, channels]

// Whether a tap before (ty, tx) of the window at (oy, ox) holds v.
fn earlier(image: u32, o: vec2u, tap: vec2u, c: u32, v: f32) -> bool {
  for (var ky = 0u; ky <= tap.x; ky++) {
    let iy = o.x * p.stride.x + ky * p.rate.x - p.pad.x;
    if (iy >= p.size.x) { continue; }
    for (var kx = 0u; kx < select(p.kernel.y, tap.y, ky == tap.x); kx++) {
      let ix = o.y * p.stride.y + kx * p.rate.y - p.pad.y;
      if (ix >= p.size.y) { continue; }
      if (x[((image * p.size.x + iy) * p.size.y + ix) * p.channels + c] == v) { return true; }
    }
  }
  return false;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let ix = (i / p.channels) % p.size.y;
  let iy = (i / p.channels / p.size.y) % p.size.x;
  let image = i / p.channels / p.size.y / p.size.x;
  let v = x[i];
  var sum = 0.0;
  for (var ky = 0u; ky < p.kernel.x; ky++) {
    let ty = iy + p.pad.x - ky * p.rate.x;   // wraps far above out * stride where there is no such window
    let oy = ty / p.stride.x;
    if (ty % p.stride.x != 0u || oy >= p.out.x) { continue; }
    for (var kx = 0u; kx < p.kernel.y; kx++) {
      let tx = ix + p.pad.y - kx * p.rate.y;
      let ox = tx / p.stride.y;
      if (tx % p.stride.y != 0u || ox >= p.out.y) { continue; }
      let at = ((image * p.out.x + oy) * p.out.y + ox) * p.channels + c;
      if (v == y[at] && !earlier(image, vec2u(oy, ox), vec2u(ky, kx), c, v)) { sum += dy[at]; }
    }
  }
  dx[i] = sum;
}
