// Batch normalization, first stage: mean and sum of squared deviations of each column over a chunk of rows.
//
// One invocation = one column of V of one chunk. It reads its rows twice, the second time from the cache: the deviations are
// taken from the chunk's own mean, so nothing cancels, and their sum corrects the mean's rounding. An error here shifts or
// scales a whole channel, and a deep net doubles it every few layers: so sums are added in two levels, `few` rows at a time.
// batch_norm_combine.wgsl puts the chunks together.

alias V = f32;
const few = 6u;

struct Params { rows: u32, columns: u32, chunk: u32 }                  // columns in V

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;                  // [rows, columns]
@group(0) @binding(2) var<storage, read_write> moments: array<V>;      // [chunks, 2, columns]: mean, sum of squares

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let column = i % p.columns;
  let chunk = i / p.columns;
  let first = chunk * p.chunk;
  if (first >= p.rows) { return; }
  let count = f32(min(first + p.chunk, p.rows) - first);
  let columns = p.columns;
  let begin = first * columns + column;
  let end = min(first + p.chunk, p.rows) * columns + column;
  var total = V(0.0);
  for (var start = begin; start < end; start += few * columns) {
    let stop = min(start + few * columns, end);
    var sum = V(0.0);
    for (var at = start; at < stop; at += columns) { sum += x[at]; }
    total += sum;
  }
  let rough = total / count;
  var rest = V(0.0);
  var squares = V(0.0);
  for (var start = begin; start < end; start += few * columns) {
    let stop = min(start + few * columns, end);
    var sum = V(0.0);
    var square = V(0.0);
    for (var at = start; at < stop; at += columns) {
      let d = x[at] - rough;
      sum += d;
      square = fma(d, d, square);
    }
    rest += sum;
    squares += square;
  }
  moments[2u * chunk * p.columns + column] = rough + rest / count;
  moments[(2u * chunk + 1u) * p.columns + column] = squares - rest * (rest / count);
}
