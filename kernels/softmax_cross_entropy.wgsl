// Softmax and its cross-entropy with smoothed labels. One invocation = one example.
//
//   target[c] = (c == label ? 1 - smoothing : 0) + smoothing / classes
//   loss = -sum over c of target[c] * log softmax(logits)[c]
//
// The logits are shifted by their maximum first, so no exponent is positive.

struct Params { rows: u32, classes: u32, smoothing: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;             // [rows, classes]
@group(0) @binding(2) var<storage, read> labels: array<i32>;             // [rows]
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;       // [rows]
@group(0) @binding(4) var<storage, read_write> probabilities: array<f32>;  // [rows, classes]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = (group.x + group.y * groups.x) * 64u + lane;
  if (row >= p.rows) { return; }
  let first = row * p.classes;
  var most = logits[first];
  for (var c = 1u; c < p.classes; c++) { most = max(most, logits[first + c]); }
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) { sum += exp(logits[first + c] - most); }
  let logSum = log(sum);
  let spread = p.smoothing / f32(p.classes);
  var loss = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    let v = logits[first + c] - most;
    let target_c = spread + select(0.0, 1.0 - p.smoothing, i32(c) == labels[row]);
    loss += target_c * (logSum - v);
    probabilities[first + c] = exp(v) / sum;
  }
  losses[row] = loss;
}
