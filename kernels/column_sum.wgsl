// Sums over rows: y[chunk, column] = sum over the chunk's rows of x[row, column], or of x^2.
// One invocation = one column of one chunk. Run twice, the second time over the chunks: sums are ordered and short.

struct Params { rows: u32, columns: u32, chunk: u32, chunks: u32, square: u32, factor: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [rows, columns]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [chunks, columns]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.chunks * p.columns) { return; }
  let column = i % p.columns;
  let first = (i / p.columns) * p.chunk;
  var sum = 0.0;
  for (var row = first; row < min(first + p.chunk, p.rows); row++) {
    let v = x[row * p.columns + column];
    sum += select(v, v * v, p.square == 1u);
  }
  y[i] = sum * p.factor;
}
