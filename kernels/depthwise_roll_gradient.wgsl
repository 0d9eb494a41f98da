// Gradient of a depthwise convolution for its weights, of a square window that rolls along rows, four channels at a time, first
// stage; column_sum.wgsl adds the chunks.
//
//   sums[chunk, ky, kx, c] = sum over the chunk's strips of x[n, oy * stride + ky - pad, ox * stride + kx - pad, c] * dy[n, oy, ox, c]
//
// One invocation = all taps, for some strips of `rows` output rows. Each pixel of x and dy is read once for all taps of a strip.
// Strips are summed apart and then added: short sums round less. Loops marked with @ are written out by specialize().

const size = 3u;      // of the window
const stride = 1u;
const rows = 2u;
const height = 4u;    // rows of x that a strip meets: (rows - 1) * stride + size
const taps = 9u;      // size^2
const open = 2u;      // ceil(size / stride) - 1: outputs after the current one that a column of x meets
const pending = 3u;   // open + 1

struct Params {
  image: vec2u,       // rows and columns of x
  out: vec2u,         // of dy
  pad: vec2u,
  channels4: u32,
  strips: u32,        // of an image
  total: u32,         // strips of all images
  chunk: u32,         // strips of a chunk
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
  for (var strip = first; strip < min(first + p.chunk, p.total); strip++) {
    let oy = (strip % p.strips) * rows;
    let image = strip / p.strips;
    let top = oy * stride - p.pad.x;   // wraps far above the image outside
    var part = array<vec4f, taps>();
    var d = array<array<vec4f, rows>, pending>();
    for (var o = 0u; o < p.out.y + open; o++) {
      let ox = o - open;   // wraps at first
      for (var t = 0u; t < open; t++) { d[t] = d[t + 1u]; } //@ unroll
      for (var r = 0u; r < rows; r++) { //@ unroll
        let is = oy + r < p.out.x && o < p.out.y;
        let at = select(0u, ((image * p.out.x + oy + r) * p.out.y + o) * p.channels4 + c4, is);
        d[open][r] = select(vec4f(0.0), dy[at], is);
      }
      for (var q = 0u; q < stride; q++) { //@ unroll
        let last = size - stride + q;   // column of the window of ox
        let ix = ox * stride + last - p.pad.y;
        for (var l = 0u; l < height; l++) { //@ unroll
          let is = top + l < p.image.x && ix < p.image.y;
          let at = select(0u, ((image * p.image.x + top + l) * p.image.y + ix) * p.channels4 + c4, is);
          let v = select(vec4f(0.0), x[at], is);
          for (var r = 0u; r < rows; r++) { //@ unroll
            let ky = l - r * stride;   // wraps where the row does not meet it
            for (var t = 0u; t < pending; t++) { //@ unroll
              if (ky < size && t * stride <= last) {
                let tap = ky * size + last - t * stride;
                part[tap] = fma(v, d[t][r], part[tap]);
              }
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
