// Gradient of a depthwise convolution for its input, of a 3x3 window of stride 2 that rolls along rows, four channels at a time.
//
// Tap ky of output row oy lies on row u = 2 oy + ky of the padded image. So rows of dx are taken in pairs u = 2a, 2a + 1, which
// meet rows a - 1 and a of dy, and columns likewise: four pixels of dx need four of dy, two of which are of the column before.
//
//   dx[2a][2b]     = dy[a][b] w00 + dy[a][b-1] w02 + dy[a-1][b] w20 + dy[a-1][b-1] w22
//   dx[2a][2b+1]   = dy[a][b] w01 + dy[a-1][b] w21
//   dx[2a+1][2b]   = dy[a][b] w10 + dy[a][b-1] w12
//   dx[2a+1][2b+1] = dy[a][b] w11
//
// One invocation = `pairs` pairs of rows. Loops marked with @ are written out by specialize().

const pairs = 2u;
const height = 3u;    // rows of dy that are read: pairs + 1

struct Params {
  image: vec2u,       // rows and columns of dx
  out: vec2u,         // of dy
  pad: vec2u,
  channels4: u32,
  strips: u32,        // groups of `pairs` pairs of rows of an image of dx
  columns: u32,       // pairs of columns
  count: u32,         // invocations
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;            // [3, 3, channels4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;           // [n, out, channels4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;     // [n, image, channels4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c4 = i % p.channels4;
  let strip = i / p.channels4;
  let n = strip / p.strips;
  let a = p.pad.x / 2u + (strip % p.strips) * pairs;
  var weights: array<vec4f, 9>;
  for (var t = 0u; t < 9; t++) { weights[t] = w[t * p.channels4 + c4]; } //@ unroll
  var starts: array<u32, height>;     // of the rows of dy
  var inside: array<bool, height>;
  var before: array<vec4f, height>;   // their pixels of the column before
  let first = p.pad.y / 2u;
  for (var l = 0u; l < height; l++) { //@ unroll
    let oy = a + l - 1u;   // wraps far above dy outside, as columns do
    inside[l] = oy < p.out.x;
    starts[l] = (n * p.out.x + oy) * p.out.y * p.channels4 + c4;
    before[l] = select(vec4f(0.0), dy[starts[l] + (first - 1u) * p.channels4], inside[l] && first - 1u < p.out.y);
  }
  for (var b = first; b < first + p.columns; b++) {
    var d: array<vec4f, height>;
    for (var l = 0u; l < height; l++) { //@ unroll
      d[l] = select(vec4f(0.0), dy[starts[l] + b * p.channels4], inside[l] && b < p.out.y);
    }
    let ix = 2u * b - p.pad.y;
    for (var r = 0u; r < pairs; r++) { //@ unroll
      let iy = 2u * (a + r) - p.pad.x;
      let at = ((n * p.image.x + iy) * p.image.y + ix) * p.channels4 + c4;
      if (iy < p.image.x && ix < p.image.y) {
        let row = fma(before[r + 1u], weights[2], d[r + 1u] * weights[0]);
        dx[at] = fma(before[r], weights[8], fma(d[r], weights[6], row));
      }
      if (iy < p.image.x && ix + 1u < p.image.y) {
        dx[at + p.channels4] = fma(d[r], weights[7], d[r + 1u] * weights[1]);
      }
      let below = at + p.image.y * p.channels4;
      if (iy + 1u < p.image.x && ix < p.image.y) { dx[below] = fma(before[r + 1u], weights[5], d[r + 1u] * weights[3]); }
      if (iy + 1u < p.image.x && ix + 1u < p.image.y) { dx[below + p.channels4] = d[r + 1u] * weights[4]; }
    }
    for (var l = 0u; l < height; l++) { before[l] = d[l]; } //@ unroll
  }
}
