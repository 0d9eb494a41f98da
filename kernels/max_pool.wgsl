// Max pooling, NHWC. One invocation = a run of outputs of a row, `cells` at a time, so that a loop over taps serves
// them all. V is one channel, or
// four where the channels come in fours. Padding never wins. Of equal values the first wins, as in TF, which shows in the
// gradient alone.
//
// For the gradient the same kernel writes which pixel wins (max_pool_gradient.wgsl gathers by it), or, where the windows tile
// the image, the gradient itself: each window's dy goes to the pixel that wins, 0 to the others. Where x comes from an activation
// that passes no gradient on, no pixel wins.
// Loops marked with @ are written out by specialize().

alias V = f32;
const cells = 4u;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,    // in V
  run: u32,         // outputs of an invocation, a multiple of `cells`
  runs: u32,        // of a row
  count: u32,       // invocations
  result: u32,      // 0: values, 1: winners, 2: gradient
  low: f32,         // an activation before passes gradients on where it gave more than `low`, at most `high`
  high: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;          // [n, size, channels]
@group(0) @binding(2) var<storage, read> dy: array<V>;         // [n, out, channels], read for the gradient alone
@group(0) @binding(3) var<storage, read_write> y: array<V>;    // [n, out, channels], the gradient as x

// Numbers pixels of an image. Those that one window meets have different numbers, and a float32 holds them.
fn number(pixel: u32) -> V { return V(f32(pixel & 0xffffffu)); }

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c = i % p.channels;
  let start = i / p.channels % p.runs * p.run;
  let row = i / p.channels / p.runs;   // of all images
  var top = row % p.out.x * p.stride.x;
  let bottom = min(top + (p.kernel.x - 1u) * p.rate.x + 1u, p.size.x + p.pad.x) - p.pad.x;
  while (top < p.pad.x) { top += p.rate.x; }
  top -= p.pad.x;
  let jump = p.rate.x * p.size.y;
  let step = p.rate.y * p.channels;
  let hop = p.stride.y * p.channels;
  for (var first = start; first < min(start + p.run, p.out.y); first += cells) {
    let left = first * p.stride.y - p.pad.y;   // wraps far above size in the padding
    let right = left + p.kernel.y * p.rate.y;
    let corner = top * p.size.y + left;        // pixel of the image
    let origin = (row / p.out.x * p.size.x * p.size.y + corner) * p.channels + c;
    var best = array<V, cells>();
    var winner = array<V, cells>();
    for (var r = 0u; r < cells; r++) { winner[r] = V(-1.0); } //@ unroll
    var line = origin;
    var pixels = corner;
    for (var iy = top; iy < bottom; iy += p.rate.x) {
      var at = line;
      var pixel = pixels;
      for (var tap = left; tap != right; tap += p.rate.y) {
        for (var r = 0u; r < cells; r++) { //@ unroll
          if (tap + r * p.stride.y < p.size.y) {
            let v = x[at + r * hop];
            let wins = (v > best[r]) | (winner[r] < V(0.0));
            best[r] = select(best[r], v, wins);
            winner[r] = select(winner[r], number(pixel + r * p.stride.y), wins);
          }
        }
        at += step;
        pixel += p.rate.y;
      }
      line += jump * p.channels;
      pixels += jump;
    }
    for (var r = 0u; r < cells; r++) { //@ unroll
      let passes = ((best[r] > V(p.low)) & (best[r] <= V(p.high))) | (V(p.low) < V(0.0));
      winner[r] = select(V(-1.0), winner[r], passes);
    }
    var results = array<V, cells>();
    for (var r = 0u; r < cells; r++) { //@ unroll
      let ox = first + r;
      if (ox < p.out.y) {
        let at = (row * p.out.y + ox) * p.channels + c;
        if (p.result == 2u) { results[r] = dy[at]; } else { y[at] = select(best[r], winner[r], p.result == 1u); }
      }
    }
    line = origin;
    pixels = corner;
    for (var iy = top; iy < select(0u, bottom, p.result == 2u); iy++) {
      var at = line;
      for (var tap = left; tap != right; tap++) {
        for (var r = 0u; r < cells; r++) { //@ unroll
          if (tap + r * p.stride.y < p.size.y) {
            y[at + r * hop] = select(V(0.0), results[r], winner[r] == number(pixels + tap - left + r * p.stride.y));
          }
        }
        at += step;
      }
      line += jump * p.channels;
      pixels += jump;
    }
  }
}
