// The pixels that a sliding window meets, a row for each of its places: the left operand of a convolution, and of a gradient of
// weights, where the channels do not come in fours.
//
//   y[m - first, (tap row, tap column, channel)] = x[image, row * stride + tap row * rate - pad, ..., channel], 0 outside the image
//
// A row of y falls into runs of values that are neighbours in x as well: a tap row, or a tap where the rate is above 1. One
// invocation = `places` rows of y, one after another, so that places are divided once for all of them, padded to whole vec4 with
// zeros.

struct Params {
  size: vec2u, out: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]
  channels: u32,
  run: u32,             // values in a run
  runs: u32,            // of a row of y
  rowRuns: u32,         // of a tap row
  runStep: u32,         // values of x from one to the next
  k4: u32,              // vec4 in a row of y
  first: u32,           // first place
  count: u32,           // rows
  places: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // [n, size, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // [m, 4 * k4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = ((group.x + group.y * groups.x) * 64u + lane) * p.places;
  if (i >= p.count) { return; }
  let width = p.size.y * p.channels;                 // values in a row of x
  let last = p.run - 1u;
  var column = (p.first + i) % p.out.y;
  var line = (p.first + i) / p.out.y;
  var image = line / p.out.x * p.size.x;
  line = line % p.out.x;
  for (var place = i; place < min(i + p.places, p.count); place++) {
    let left = (column * p.stride.y - p.pad.y) * p.channels;   // wraps far above width outside, as row does above size
    var row = line * p.stride.x - p.pad.x;
    var start = left;
    var rest = p.rowRuns;                            // runs of this tap row that are left
    var to = 4u * place * p.k4;
    for (var l = 0u; l < 3u; l++) { //@ unroll
      y[to + 4u * p.k4 - 1u - l] = 0.0;              // the end; what belongs there follows
    }
    for (var r = 0u; r < p.runs; r++) {
      let bound = select(0u, width, row < p.size.x);
      let source = (image + row) * width + start;
      for (var j = 0u; j < p.run; j += 3u) {
        for (var l = 0u; l < 3u; l++) { //@ unroll
          let at = min(j + l, last);                 // the last one again costs less than a condition
          let value = x[source + at];
          y[to + at] = select(0.0, value, start + at < bound);
        }
      }
      to += p.run;
      start += p.runStep;
      rest -= 1u;
      if (rest == 0u) { rest = p.rowRuns; start = left; row += p.rate.x; }
    }
    column += 1u;
    if (column == p.out.y) { column = 0u; line += 1u; }
    if (line == p.out.x) { line = 0u; image += p.size.x; }
  }
}
