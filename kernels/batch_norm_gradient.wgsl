// Gradient of batch normalization for its input:
//
//   dx = gamma * inverse * (dy - share * (dbeta + xhat * dgamma)),  xhat = (x - mean) * inverse
//
// share is 1 / rows where mean and variance were the batch's own, and 0 where they were given. The activation that follows
// passes on some of dy, as in batch_norm_gradient_sums.wgsl.
// One invocation = one column of V in several rows, so that the column's numbers are read once.

alias V = f32;

struct Params {
  rows: u32,
  columns: u32,       // in V
  steps: u32,         // rows an invocation
  hasBeta: u32,
  hasGamma: u32,
  isVariance: u32,
  dgamma: u32,        // where it begins in the sums
  epsilon: f32,
  low: f32,           // where more than this and at most `high` got to the activation, it passes the gradient on
  high: f32,
  share: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;              // [rows, columns]
@group(0) @binding(2) var<storage, read> dy: array<V>;             // [rows, columns]
@group(0) @binding(3) var<storage, read> mean: array<V>;           // [columns], as all that follow
@group(0) @binding(4) var<storage, read> spread: array<V>;         // inverse standard deviation or variance
@group(0) @binding(5) var<storage, read> beta: array<V>;
@group(0) @binding(6) var<storage, read> gamma: array<V>;
@group(0) @binding(7) var<storage, read> sums: array<V>;           // dbeta and, from `dgamma` on, dgamma
@group(0) @binding(8) var<storage, read_write> dx: array<V>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let column = i % p.columns;
  let first = (i / p.columns) * p.steps;
  var inverse = spread[column];
  if (p.isVariance == 1u) { inverse = V(1.0) / sqrt(inverse + p.epsilon); }
  var scale = inverse;
  if (p.hasGamma == 1u) { scale *= gamma[column]; }
  let center = mean[column];
  var shift = V(0.0);
  if (p.hasBeta == 1u) { shift = beta[column]; }
  let low = V(p.low);
  let high = V(p.high);
  let a = sums[column] * p.share;
  let b = sums[p.dgamma + column] * p.share * inverse;
  let columns = p.columns;
  let end = min(first + p.steps, p.rows) * columns + column;
  for (var at = first * columns + column; at < end; at += columns) {
    let deviation = x[at] - center;
    let y = fma(deviation, scale, shift);
    dx[at] = scale * (select(V(0.0), dy[at], (y > low) & (y <= high)) - a - deviation * b);
  }
}
