// Sums over rows: y[group, chunk, column] = sum over the chunk's rows of x[group, row, column], or of x * by.
// One invocation = one column of one chunk. Run twice, the second time over the chunks: sums are ordered and short.

struct Params {
  groups: u32,
  rows: u32,        // of a group
  columns: u32,
  chunk: u32,       // rows of a chunk
  chunks: u32,      // of a group
  weighted: u32,    // 1: sums of x * by
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [groups, rows, columns]
@group(0) @binding(2) var<storage, read> by: array<f32>;         // as x
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [groups, chunks, columns]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.groups * p.chunks * p.columns) { return; }
  let column = i % p.columns;
  let first = ((i / p.columns) % p.chunks) * p.chunk;
  let start = (i / p.columns / p.chunks) * p.rows;   // of the group
  var sum = 0.0;
  for (var row = first; row < min(first + p.chunk, p.rows); row++) {
    let at = (start + row) * p.columns + column;
    if (p.weighted == 1u) { sum += x[at] * by[at]; } else { sum += x[at]; }
  }
  y[i] = sum * p.factor;
}
