// Depthwise convolution of a square window that rolls along rows, four channels at a time.
//
//   y[n, oy, ox, c] = epilogue(sum over taps of x[n, oy * stride + ky - pad, ox * stride + kx - pad, c] * w[ky, kx, c])
//
// One invocation = `rows` whole rows of outputs. Each pixel is read once for all outputs of these rows that it meets: an output
// is complete when the last column of its window has been read, and `open` more have been begun by then. Loops marked with @
// are written out by specialize().
//
// Lines marked with @ pairs are for adapters whose subgroups hold a workgroup, and stride 1. Strips lie in pairs then: of the
// rows around their border, which both meet, each invocation reads half and gets the other half from its neighbour. Half the
// code for as many loads an output is what a processor's caches for instructions like. With @ alone each reads all.

const size = 3u;      // of the window
const stride = 1u;
const rows = 4u;
const taps = 9u;      // size^2
const open = 2u;      // ceil(size / stride) - 1
const pending = 3u;   // open + 1
const height = 6u;    // rows of x that are met: (rows - 1) * stride + size
const own = 6u;       // those that an invocation reads: all, or height - given in a pair
const given = 1u;     // those that it gets in a pair: (size - 1) / 2

struct Params {
  image: vec2u,       // rows and columns of x
  out: vec2u,         // of y
  pad: vec2u,         // before x; may be negative (two's complement)
  channels4: u32,
  strips: u32,        // groups of `rows` rows of an image of y; in pairs an even number
  flip: u32,          // 1: w is turned by half, as the gradient for the input has it
  count: u32,         // invocations
  activation: u32,
  epilogue: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(5) var<storage, read> x: array<vec4f>;            // [n, image, channels4]
@group(0) @binding(6) var<storage, read> w: array<vec4f>;            // [size, size, channels4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;      // [n, out, channels4]

@compute @workgroup_size(64) //@ alone
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) { //@ alone
  let i = (group.x + group.y * groups.x) * 64u + lane; //@ alone
  if (i >= p.count) { return; } //@ alone
  let c4 = i % p.channels4; //@ alone
  let strip = i / p.channels4; //@ alone
@compute @workgroup_size(8) //@ pairs
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) { //@ pairs
  let i = (group.x + group.y * groups.x) * 8u + lane; //@ pairs
  let isLower = i % 2u == 1u; //@ pairs
  let c4 = i / 2u % p.channels4; //@ pairs
  let strip = min(i, p.count - 1u) / 2u / p.channels4 * 2u + i % 2u; //@ pairs
  let top = (strip % p.strips) * rows;
  let n = strip / p.strips;
  var weights: array<vec4f, taps>;
  for (var t = 0u; t < taps; t++) { weights[t] = w[select(t, taps - 1u - t, p.flip == 1u) * p.channels4 + c4]; } //@ unroll
  var starts: array<u32, own>;
  var inside: array<bool, own>;
  for (var l = 0u; l < own; l++) { //@ unroll
    let iy = top * stride + l - p.pad.x; //@ alone
    let iy = top + l + select(0u, given, isLower) - p.pad.x; //@ pairs
    inside[l] = iy < p.image.x;   // wraps far above the image outside; what is read there is not used
    starts[l] = (n * p.image.x + iy) * p.image.y * p.channels4 + c4;
  }
  let channel = channel(c4);
  let y0 = (n * p.out.x + top) * p.out.y * p.channels4 + c4;
  var sums: array<array<vec4f, rows>, pending>;
  for (var o = 0u; o < p.out.y + open; o++) {
    let ox = o - open;   // wraps at first
    for (var q = 0u; q < stride; q++) { //@ unroll
      let last = size - stride + q;   // column of the window of ox
      let ix = ox * stride + last - p.pad.y;
      var mine: array<vec4f, own>;
      for (var l = 0u; l < own; l++) { //@ unroll
        mine[l] = select(vec4f(0.0), x[starts[l] + ix * p.channels4], inside[l] && ix < p.image.y);
      }
      var v = mine; //@ alone
      var v: array<vec4f, height>; //@ pairs
      for (var l = 0u; l < given; l++) { //@ unroll //@ pairs
        let got = subgroupShuffleXor(select(mine[rows + l], mine[l], isLower), 1u); //@ pairs
        v[l] = select(mine[l], got, isLower); //@ pairs
        v[own + l] = select(got, mine[rows + l], isLower); //@ pairs
      } //@ pairs
      for (var l = 0u; l < rows; l++) { v[given + l] = select(mine[given + l], mine[l], isLower); } //@ unroll //@ pairs
      for (var t = 0u; t < pending; t++) { //@ unroll
        if (t * stride <= last) {
          for (var r = 0u; r < rows; r++) { //@ unroll
            for (var ky = 0u; ky < size; ky++) { //@ unroll
              sums[t][r] = fma(v[r * stride + ky], weights[ky * size + last - t * stride], sums[t][r]);
            }
          }
        }
      }
    }
    if (o >= open) {
      for (var r = 0u; r < rows; r++) { //@ unroll
        if (top + r < p.out.x) { //@ alone
        if (i < p.count && top + r < p.out.x) { //@ pairs
          let at = y0 + (r * p.out.y + ox) * p.channels4;
          y[at] = activated(normalized(sums[0][r], channel));
        }
      }
    }
    for (var t = 0u; t < open; t++) { sums[t] = sums[t + 1u]; } //@ unroll
    sums[open] = array<vec4f, rows>();
  }
}
