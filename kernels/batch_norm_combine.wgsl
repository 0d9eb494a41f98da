// Batch normalization: puts two numbers of each chunk of rows together, in order: those of its moments (Chan, Golub and LeVeque 1983)
//
//   mean = sum of rows * mean / sum of rows,  squares = sum of squares + rows * (mean of the chunk - mean)^2
//
// or, for the gradient, its sums of dy and of dy * xhat. The first mean is rounded; the sum of what is left of the chunks' means
// corrects it.
// One invocation = one column of one group of chunks. The last pass has one group and writes what normalization needs: mean, inverse
// standard deviation of the biased variance, and the unbiased variance. Of the gradient it writes both sums together, as
// batch_norm_gradient.wgsl reads them, and each where the gradients for beta and gamma lie.

struct Params {
  columns: u32,
  chunks: u32,
  size: u32,        // rows in a chunk; the last one may have fewer
  rows: u32,
  group: u32,       // chunks that one invocation puts together
  groups: u32,
  isGradient: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;              // [chunks, 2, columns]
@group(0) @binding(2) var<storage, read_write> combined: array<f32>;     // [groups, 2, columns], or, of one group's moments, the mean
@group(0) @binding(3) var<storage, read_write> first: array<f32>;        // [columns], as the next: inverse, or dbeta; of one group alone
@group(0) @binding(4) var<storage, read_write> second: array<f32>;       // variance, or dgamma

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.groups * p.columns) { return; }
  let column = i % p.columns;
  let begin = (i / p.columns) * p.group;
  let end = min(begin + p.group, p.chunks);
  let to = 2u * (i / p.columns) * p.columns + column;
  if (p.isGradient == 1u) {
    var sum = 0.0;
    var weighted = 0.0;
    for (var chunk = begin; chunk < end; chunk++) {
      sum += parts[2u * chunk * p.columns + column];
      weighted += parts[(2u * chunk + 1u) * p.columns + column];
    }
    combined[to] = sum;
    combined[to + p.columns] = weighted;
    if (p.groups == 1u) {
      first[column] = sum;
      second[column] = weighted;
    }
    return;
  }
  let count = f32(min(end * p.size, p.rows) - begin * p.size);
  var rough = 0.0;
  for (var chunk = begin; chunk < end; chunk++) {
    rough += parts[2u * chunk * p.columns + column] * (f32(min(p.size, p.rows - chunk * p.size)) / count);
  }
  var rest = 0.0;
  var squares = 0.0;
  for (var chunk = begin; chunk < end; chunk++) {
    let rows = f32(min(p.size, p.rows - chunk * p.size));
    let d = parts[2u * chunk * p.columns + column] - rough;
    rest += d * rows;
    squares += fma(d * rows, d, parts[(2u * chunk + 1u) * p.columns + column]);
  }
  let mean = rough + rest / count;
  squares -= rest * (rest / count);
  combined[to] = mean;
  if (p.groups > 1u) {
    combined[to + p.columns] = squares;
  } else {
    first[column] = 1.0 / sqrt(squares / count + p.epsilon);
    second[column] = squares / max(count - 1.0, 1.0);
  }
}
