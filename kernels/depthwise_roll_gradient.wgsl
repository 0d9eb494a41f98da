// Gradient of a depthwise convolution for its weights, of a square window that rolls along rows, four channels at a time, first
// stage; column_sum.wgsl adds the chunks.
//
//   sums[chunk, ky, kx, c] = sum over the chunk's rows of x[n, oy * stride + ky - pad, ox * stride + kx - pad, c] * dy[n, oy, ox, c]
//
// One invocation = all taps, for some output rows. Each pixel of x and dy is read once for all of them. Rows are summed apart and
// then added: short sums round less. Loops marked with @ are written out by specialize().

const size = 3u;      // of the window
const stride = 1u;
const taps = 9u;      // size^2
const open = 2u;      // ceil(size / stride) - 1: outputs after the current one that a column of x meets
const pending = 3u;   // open + 1

struct Params {
  image: vec2u,       // rows and columns of x
  out: vec2u,         // of dy
  pad: vec2u,
  channels4: u32,
  rows: u32,          // output rows of all images
  chunk: u32,         // rows of a chunk
  count: u32,         // invocations
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;            // [n, image, channels4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;           // [n, out, channels4]
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;   // [chunks, size, size, channels4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c4 = i % p.channels4;
  let first = (i / p.channels4) * p.chunk;
  var total: array<vec4f, taps>;
  for (var row = first; row < min(first + p.chunk, p.rows); row++) {
    let top = (row % p.out.x) * stride - p.pad.x;   // wraps far above the image outside
    let image = (row / p.out.x) * p.image.x;
    var part = array<vec4f, taps>();
    var d = array<vec4f, pending>();
    for (var o = 0u; o < p.out.y + open; o++) {
      let ox = o - open;   // wraps at first
      for (var t = 0u; t < open; t++) { d[t] = d[t + 1u]; } //@ unroll
      d[open] = select(vec4f(0.0), dy[(row * p.out.y + min(o, p.out.y - 1u)) * p.channels4 + c4], o < p.out.y);
      for (var q = 0u; q < stride; q++) { //@ unroll
        let last = size - stride + q;   // column of the window of ox
        let ix = ox * stride + last - p.pad.y;
        for (var ky = 0u; ky < size; ky++) { //@ unroll
          let is = top + ky < p.image.x && ix < p.image.y;
          let at = select(0u, ((image + top + ky) * p.image.y + ix) * p.channels4 + c4, is);
          let v = select(vec4f(0.0), x[at], is);
          for (var t = 0u; t < pending; t++) { //@ unroll
            if (t * stride <= last) {
              let tap = ky * size + last - t * stride;
              part[tap] = fma(v, d[t], part[tap]);
            }
          }
        }
      }
    }
    for (var t = 0u; t < taps; t++) { total[t] += part[t]; } //@ unroll
  }
  let at = i / p.channels4 * size * size * p.channels4 + c4;
  for (var t = 0u; t < taps; t++) { sums[at + t * p.channels4] = total[t]; } //@ unroll
}
