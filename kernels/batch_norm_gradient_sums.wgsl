// Gradient of batch normalization, first stage: over a chunk of rows, the sums of dy and of dy * (x - mean) * inverse.
//
// dy is the gradient for the output of the activation that follows, if one does: it counts where the activation passes it on.
// What that got is computed again, as in batch_norm_normalize.wgsl: this is faster than to read it.
// One invocation = one column of V of one chunk; batch_norm_combine.wgsl then adds the chunks.

alias V = f32;

struct Params {
  rows: u32,
  columns: u32,       // in V
  chunk: u32,
  hasBeta: u32,
  hasGamma: u32,
  isVariance: u32,
  epsilon: f32,
  low: f32,           // where more than this and at most `high` got to the activation, it passes the gradient on
  high: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;               // [rows, columns]
@group(0) @binding(2) var<storage, read> dy: array<V>;              // [rows, columns]
@group(0) @binding(3) var<storage, read> mean: array<V>;            // [columns], as the three that follow
@group(0) @binding(4) var<storage, read> spread: array<V>;          // inverse standard deviation or variance
@group(0) @binding(5) var<storage, read> beta: array<V>;
@group(0) @binding(6) var<storage, read> gamma: array<V>;
@group(0) @binding(7) var<storage, read_write> sums: array<V>;      // [chunks, 2, columns]: of dy, of dy * xhat

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let column = i % p.columns;
  let chunk = i / p.columns;
  let first = chunk * p.chunk;
  if (first >= p.rows) { return; }
  let center = mean[column];
  var inverse = spread[column];
  if (p.isVariance == 1u) { inverse = V(1.0) / sqrt(inverse + p.epsilon); }
  var scale = inverse;
  if (p.hasGamma == 1u) { scale *= gamma[column]; }
  var shift = V(0.0);
  if (p.hasBeta == 1u) { shift = beta[column]; }
  let low = V(p.low);
  let high = V(p.high);
  var sum = V(0.0);
  var weighted = V(0.0);
  let columns = p.columns;
  let end = min(first + p.chunk, p.rows) * columns + column;
  for (var at = first * columns + column; at < end; at += columns) {
    let deviation = x[at] - center;
    let y = fma(deviation, scale, shift);
    let d = select(V(0.0), dy[at], (y > low) & (y <= high));
    sum += d;
    weighted += d * (deviation * inverse);
  }
  sums[2u * chunk * p.columns + column] = sum;
  sums[(2u * chunk + 1u) * p.columns + column] = weighted;
}
