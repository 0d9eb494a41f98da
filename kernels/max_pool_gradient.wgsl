// Gradient of max pooling, NHWC. One invocation = `cells` inputs of a row, so that each window is read once for all of them. V
// is one channel, or four where the channels come in fours. An input gathers the output gradient of the windows that it wins
// (max_pool.wgsl). Loops marked with @ are written out by specialize().

alias V = f32;
const cells = 4u;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  run: u32,         // inputs of an invocation, a multiple of `cells`
  runs: u32,        // of a row
  count: u32,       // invocations
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> winner: array<V>;       // [n, out, channels], numbers of pixels
@group(0) @binding(2) var<storage, read> dy: array<V>;           // [n, out, channels]
@group(0) @binding(3) var<storage, read_write> dx: array<V>;     // [n, size, channels]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let row = i / p.channels / p.runs;   // of all images
  let iy = row % p.size.x;
  let image = row / p.size.x * p.out.x;
  // The windows from `low` to below `high` may meet the cells. Positions count from the padding's start.
  let reach = (p.kernel - 1u) * p.rate + 1u;
  let top = (max(iy + p.pad.x + p.stride.x, reach.x) - reach.x) / p.stride.x;
  let bottom = min((iy + p.pad.x) / p.stride.x + 1u, p.out.x);
  let start = i / p.channels % p.runs * p.run;
  for (var first = start; first < min(start + p.run, p.size.y); first += cells) {
    let left = (max(first + p.pad.y + p.stride.y, reach.y) - reach.y) / p.stride.y;
    let right = min((first + cells - 1u + p.pad.y) / p.stride.y + 1u, p.out.y);
    let pixel = iy * p.size.y + first;
    var sums = array<V, cells>();
    for (var oy = top; oy < bottom; oy++) {
      var at = ((image + oy) * p.out.y + left) * p.channels + c;
      for (var ox = left; ox < right; ox++) {
        let won = winner[at];
        let gradient = dy[at];
        for (var r = 0u; r < cells; r++) { //@ unroll
          sums[r] += select(V(0.0), gradient, won == V(f32((pixel + r) & 0xffffffu)));
        }
        at += p.channels;
      }
    }
    for (var r = 0u; r < cells; r++) { //@ unroll
      if (first + r < p.size.y) { dx[(row * p.size.y + first + r) * p.channels + c] = sums[r]; }
    }
  }
}
