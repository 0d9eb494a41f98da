// Batch normalization, last stage: y = activation((x - mean) * inverse * gamma + beta), column by column.
//
// `spread` is the inverse standard deviation, or in inference the variance that it is computed from.
// One invocation = one column of V in several rows, so that the column's numbers are read once.

alias V = f32;

struct Params {
  rows: u32,
  columns: u32,       // in V
  steps: u32,         // rows an invocation
  hasBeta: u32,
  hasGamma: u32,
  isVariance: u32,
  activation: u32,    // 0 none, 1 relu, 2 relu6
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;              // [rows, columns]
@group(0) @binding(2) var<storage, read> mean: array<V>;           // [columns], as all that follow
@group(0) @binding(3) var<storage, read> spread: array<V>;
@group(0) @binding(4) var<storage, read> beta: array<V>;
@group(0) @binding(5) var<storage, read> gamma: array<V>;
@group(0) @binding(6) var<storage, read_write> y: array<V>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  let column = i % p.columns;
  let first = (i / p.columns) * p.steps;
  var scale = spread[column];
  if (p.isVariance == 1u) { scale = V(1.0) / sqrt(scale + p.epsilon); }
  if (p.hasGamma == 1u) { scale *= gamma[column]; }
  let center = mean[column];
  var shift = V(0.0);
  if (p.hasBeta == 1u) { shift = beta[column]; }
  for (var row = first; row < min(first + p.steps, p.rows); row++) {
    var v = fma(x[row * p.columns + column] - center, scale, shift);
    if (p.activation > 0u) { v = max(v, V(0.0)); }
    if (p.activation == 2u) { v = min(v, V(6.0)); }
    y[row * p.columns + column] = v;
  }
}
