// Copies columns between matrices of the same number of rows: joins and cuts channels, and pads them with zeros.
//
//   y[row * yStride + yFirst + c] = x[row * xStride + xFirst + c]  for c < columns, 0 for columns <= c < width
//
// One invocation = a segment of a row, so that rows are divided once for all of it. All counts are in V.

alias V = f32;

struct Params {
  columns: u32,
  width: u32,
  xStride: u32,
  xFirst: u32,
  yStride: u32,
  yFirst: u32,
  segment: u32,    // columns of y that an invocation writes
  segments: u32,   // of a row
  count: u32,      // of all rows
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let row = i / p.segments;
  let first = (i % p.segments) * p.segment;
  let end = min(first + p.segment, p.width) - 1u;
  let last = p.columns - 1u;
  let source = row * p.xStride + p.xFirst;
  let goal = row * p.yStride + p.yFirst;
  for (var c = first; c <= end; c += 4u) {
    for (var l = 0u; l < 4u; l++) { //@ unroll
      let at = min(c + l, end);              // the last one again costs less than a condition
      let value = x[source + min(at, last)];
      y[goal + at] = select(value, V(0.0), at > last);
    }
  }
}
