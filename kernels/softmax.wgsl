// Softmax over the classes of each row, shifted by the row's maximum. One invocation = one row.

struct Params { rows: u32, classes: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [rows, classes]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [rows, classes]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = (group.x + group.y * groups.x) * 64u + lane;
  if (row >= p.rows) { return; }
  let first = row * p.classes;
  var most = x[first];
  for (var c = 1u; c < p.classes; c++) { most = max(most, x[first + c]); }
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) { sum += exp(x[first + c] - most); }
  for (var c = 0u; c < p.classes; c++) { y[first + c] = exp(x[first + c] - most) / sum; }
}
