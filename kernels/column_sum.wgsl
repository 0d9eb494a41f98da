// Sums over rows: y[group, chunk, column] = sum over the chunk's rows of x[group, row, column], or of x * by, or of x * x.
// One invocation = one column of V of one chunk. Run twice, the second time over the chunks: sums are ordered and short.

alias V = f32;        // one column, or four where they come in fours

struct Params {
  groups: u32,
  rows: u32,        // of a group
  columns: u32,     // in V
  chunk: u32,       // rows of a chunk
  chunks: u32,      // of a group
  kind: u32,        // 0: sums of x; 1: of x * by; 2: of x * x
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;          // [groups, rows, columns]
@group(0) @binding(2) var<storage, read> by: array<V>;         // as x
@group(0) @binding(3) var<storage, read_write> y: array<V>;    // [groups, chunks, columns]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.groups * p.chunks * p.columns) { return; }
  let column = i % p.columns;
  let first = ((i / p.columns) % p.chunks) * p.chunk;
  let start = (i / p.columns / p.chunks) * p.rows;   // of the group
  let end = min(first + p.chunk, p.rows);
  var at = (start + first) * p.columns + column;
  var sum = V(0.0);
  // A loop for each kind: a condition within would cost as much as an addition. Two rows a turn; 0 changes no bit of a sum.
  for (var row = first; row < select(first, end, p.kind == 0u); row += 2u) {
    for (var j = 0u; j < 2u; j++) { //@ unroll
      sum += select(V(0.0), x[at + j * p.columns], row + j < end);
    }
    at += 2u * p.columns;
  }
  for (var row = first; row < select(first, end, p.kind == 1u); row += 2u) {
    for (var j = 0u; j < 2u; j++) { //@ unroll
      sum += select(V(0.0), x[at + j * p.columns] * by[at + j * p.columns], row + j < end);
    }
    at += 2u * p.columns;
  }
  for (var row = first; row < select(first, end, p.kind == 2u); row += 2u) {
    for (var j = 0u; j < 2u; j++) { //@ unroll
      let v = x[at + j * p.columns];
      sum += select(V(0.0), v * v, row + j < end);
    }
    at += 2u * p.columns;
  }
  y[i] = sum * p.factor;
}
