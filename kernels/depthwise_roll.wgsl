// Depthwise convolution of a square window that rolls along rows, four channels at a time.
//
//   y[n, oy, ox, c] = epilogue(sum over taps of x[n, oy * stride + ky - pad, ox * stride + kx - pad, c] * w[ky, kx, c])
//
// One invocation = `rows` whole rows of outputs. Each pixel is read once for all outputs of these rows that it meets: an output
// is complete when the last column of its window has been read, and `open` more have been begun by then. Loops marked with @
// are written out by specialize().
//
// Lines marked with @ texture read x as a texture, which lavapipe does in less code (texture.ts), so that an invocation can have
// more rows; past its end it is zero. With @ buffer it is read where it lies.

const size = 3u;      // of the window
const stride = 1u;
const rows = 4u;
const taps = 9u;      // size^2
const open = 2u;      // ceil(size / stride) - 1
const pending = 3u;   // open + 1
const height = 6u;    // rows of x that are met: (rows - 1) * stride + size

struct Params {
  image: vec2u,       // rows and columns of x
  out: vec2u,         // of y
  pad: vec2u,         // before x; may be negative (two's complement)
  channels4: u32,
  strips: u32,        // groups of `rows` rows of an image of y
  flip: u32,          // 1: w is turned by half, as the gradient for the input has it
  count: u32,         // invocations
  activation: u32,
  epilogue: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(5) var x: texture_storage_2d<rgba32float, read>; //@ texture
@group(0) @binding(5) var<storage, read> x: array<vec4f>;            // [n, image, channels4] //@ buffer
@group(0) @binding(6) var<storage, read> w: array<vec4f>;            // [size, size, channels4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;      // [n, out, channels4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let c4 = i % p.channels4;
  let strip = i / p.channels4;
  let top = (strip % p.strips) * rows;
  let n = strip / p.strips;
  var weights: array<vec4f, taps>;
  for (var t = 0u; t < taps; t++) { weights[t] = w[select(t, taps - 1u - t, p.flip == 1u) * p.channels4 + c4]; } //@ unroll
  var starts: array<u32, height>;
  var inside: array<bool, height>;
  for (var l = 0u; l < height; l++) { //@ unroll
    let iy = top * stride + l - p.pad.x;
    inside[l] = iy < p.image.x;   // wraps far above the image outside; what a buffer gives there is not used
    starts[l] = (n * p.image.x + iy) * p.image.y * p.channels4 + c4;
  }
  let zero = lastOf(textureDimensions(x)); //@ texture
  let channel = channel(c4);
  let y0 = (n * p.out.x + top) * p.out.y * p.channels4 + c4;
  var sums: array<array<vec4f, rows>, pending>;
  for (var o = 0u; o < p.out.y + open; o++) {
    let ox = o - open;   // wraps at first
    for (var q = 0u; q < stride; q++) { //@ unroll
      let last = size - stride + q;   // column of the window of ox
      let ix = ox * stride + last - p.pad.y;
      var v: array<vec4f, height>;
      for (var l = 0u; l < height; l++) { //@ unroll
        let at = starts[l] + ix * p.channels4;
        let isInside = inside[l] && ix < p.image.y;
        v[l] = textureLoad(x, texel(select(zero, at, isInside))); //@ texture
        v[l] = select(vec4f(0.0), x[at], isInside); //@ buffer
      }
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
        if (top + r < p.out.x) {
          let at = y0 + (r * p.out.y + ox) * p.channels4;
          y[at] = activated(normalized(sums[0][r], channel));
        }
      }
    }
    for (var t = 0u; t < open; t++) { sums[t] = sums[t + 1u]; } //@ unroll
    sums[open] = array<vec4f, rows>();
  }
}
