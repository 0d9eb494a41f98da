// The pixels that each tap of a sliding window meets, as the k-major left operand of a product.
//
//   y[m / 64, tap row, tap column, channel, m % 64] = x[image, row * stride + tap row * rate - pad, ..., channel], 0 outside the image
//
// Panels of 64 m keep what is written and read together on few pages. m counts through images, output rows and output columns. One invocation = four neighbouring m at the taps of one row, over a
// slice of the channels. V is one channel, or four where the channels come in fours.

alias V = f32;
const panel = 16u;      // vec4 of m in a panel
const width = 1u;       // channels in V

struct Params {
  size: vec2u, out: vec2u, stride: vec2u, rate: vec2u, pad: vec2u,   // [vertical, horizontal]; pad may be negative
  tapColumns: u32,
  channels: u32,        // in V
  slice: u32,           // of the channels, in V
  slices: u32,
  first: u32,           // first m
  last: u32,            // last m there is
  m4: u32,              // vec4 of m
  k: u32,               // taps * channels, in single channels
  count: u32,           // invocations
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;               // [n, size, channels]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;     // [panels, taps, channels, panel]

// The row of x that a place's taps meet: where it begins, whether it is inside the image, and the column of the first tap.
struct Place { row: u32, inside: bool, column: u32 }

fn place(m: u32, tapRow: u32) -> Place {
  let i = min(m, p.last);
  let rest = i / p.out.y;
  let row = (rest % p.out.x) * p.stride.x + tapRow * p.rate.x - p.pad.x;   // wraps far above size outside
  return Place(((rest / p.out.x) * p.size.x + row) * p.size.y, row < p.size.x, (i % p.out.y) * p.stride.y - p.pad.y);
}

// Writes one pixel's channels of each of four places.
fn store(at: u32, a: V, b: V, c: V, d: V) {
  y[at] = vec4f(a, b, c, d); // one channel
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let m4 = i % p.m4;
  let rest = i / p.m4;
  let start = (rest % p.slices) * p.slice;
  let tapRow = rest / p.slices;
  let m = p.first + 4u * m4;
  let start4 = m4 / panel * p.k * panel + m4 % panel;
  let a = place(m, tapRow);
  let b = place(m + 1u, tapRow);
  let c = place(m + 2u, tapRow);
  let d = place(m + 3u, tapRow);
  for (var tap = 0u; tap < p.tapColumns; tap++) {
    let step = tap * p.rate.y;
    let columns = vec4u(a.column, b.column, c.column, d.column) + step;
    let inside = vec4<bool>(a.inside, b.inside, c.inside, d.inside) & (columns < vec4u(p.size.y));
    let at = select(vec4u(0u), (vec4u(a.row, b.row, c.row, d.row) + columns) * p.channels, inside);
    var goal = start4 + ((tapRow * p.tapColumns + tap) * p.channels + start) * width * panel;
    for (var channel = start; channel < min(start + p.slice, p.channels); channel++) {
      let va = select(V(0.0), x[at.x + channel], inside.x);
      let vb = select(V(0.0), x[at.y + channel], inside.y);
      let vc = select(V(0.0), x[at.z + channel], inside.z);
      let vd = select(V(0.0), x[at.w + channel], inside.w);
      store(goal, va, vb, vc, vd);
      goal += width * panel;
    }
  }
}
