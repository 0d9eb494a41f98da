// Average pooling, NHWC, or its gradient. The padding is left out of sum and count, as in TF.
//
//   forward:   y[o] = sum of x over the cells of window o inside the image / their number
//   gradient:  y[i] = sum over the windows o that hold cell i of x[o] / number of cells of window o inside the image
//
// One invocation = a run of outputs of a row, `cells` at a time, so that an input is read once for all of them. V is one
// channel, or four where the channels come in fours. Loops marked with @ are written out by specialize().

alias V = f32;
const cells = 4u;

struct Params {
  size: vec2u, out: vec2u, kernel: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // of the forward pooling
  channels: u32,    // in V
  run: u32,         // outputs of an invocation, a multiple of `cells`
  runs: u32,        // of a row
  count: u32,       // invocations
  gradient: u32,    // 1: x has the pooling's output, y its input
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;          // [n, size or out, channels]
@group(0) @binding(2) var<storage, read_write> y: array<V>;    // [n, out or size, channels]

// Taps of a window before a distance from its start. A half keeps the division by multiplication exact.
fn taps(distance: u32, rate: f32) -> f32 { return floor((f32(distance) + rate - 0.5) * (1.0 / rate)); }

// Number of a window's taps inside an axis.
fn inside(window: u32, axis: u32) -> f32 {
  let start = window * p.stride[axis];   // positions count from the padding's start
  let end = min(start + (p.kernel[axis] - 1u) * p.rate[axis] + 1u, p.size[axis] + p.pad[axis]);
  let rate = f32(p.rate[axis]);
  return taps(end - start, rate) - taps(max(start, p.pad[axis]) - start, rate);
}

// The inputs, from x to below y, that may belong to outputs from `first` to `last`.
fn meeting(first: u32, last: u32, axis: u32) -> vec2u {
  let pad = p.pad[axis];
  let stride = p.stride[axis];
  let reach = (p.kernel[axis] - 1u) * p.rate[axis] + 1u;
  if (p.gradient == 1u) {
    return vec2u((max(first + pad + stride, reach) - reach) / stride, min((last + pad) / stride + 1u, p.out[axis]));
  }
  return vec2u(max(first * stride, pad), min(last * stride + reach, p.size[axis] + pad)) - pad;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let isGradient = p.gradient == 1u;
  let inputs = select(p.size, p.out, isGradient);
  let outputs = select(p.out, p.size, isGradient);
  let c = i % p.channels;
  let start = i / p.channels % p.runs * p.run;
  let row = i / p.channels / p.runs;   // of all images
  let oy = row % outputs.x;
  let image = row / outputs.x * inputs.x;
  let rows = meeting(oy, oy, 0u);
  // Place of an input in an output's window, in taps and half a cell: how it grows with inputs and outputs.
  let kernel = vec2f(p.kernel);
  let cell = 1.0 / vec2f(p.rate);
  let byInput = select(vec2f(1.0), -vec2f(p.stride), isGradient) * cell;
  let byOutput = select(-vec2f(p.stride), vec2f(1.0), isGradient) * cell;
  let origin = (vec2f(p.pad) + 0.5) * cell;
  let channels = p.channels;
  let top = origin.x + f32(oy) * byOutput.x;
  for (var first = start; first < min(start + p.run, outputs.y); first += cells) {
    let columns = meeting(first, min(first + cells, outputs.y) - 1u, 1u);
    let left = origin.y + f32(first) * byOutput.y;
    var sums = array<V, cells>();
    for (var ix = columns.x; ix < columns.y; ix++) {
      var at = ((image + rows.x) * inputs.y + ix) * channels + c;
      var column = V(0.0);
      for (var iy = rows.x; iy < rows.y; iy++) {
        var v = x[at];
        if (isGradient) { v /= max(inside(iy, 0u), 1.0); }
        column += select(V(0.0), v, fract(top + f32(iy) * byInput.x) < cell.x);
        at += inputs.y * channels;
      }
      if (isGradient) { column /= max(inside(ix, 1u), 1.0); }
      let tap = left + f32(ix) * byInput.y;
      for (var r = 0u; r < cells; r++) { //@ unroll
        let place = tap + f32(r) * byOutput.y;
        sums[r] += select(V(0.0), column, (place >= 0.0) & (place < kernel.y) & (fract(place) < cell.y));
      }
    }
    let tall = inside(oy, 0u);
    for (var r = 0u; r < cells; r++) { //@ unroll
      let ox = first + r;
      if (ox < outputs.y) {
        let number = select(max(tall * inside(ox, 1u), 1.0), 1.0, isGradient);
        y[(row * outputs.y + ox) * p.channels + c] = sums[r] / number;
      }
    }
  }
}
