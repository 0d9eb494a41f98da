// Pointwise operations: y[i] = f(a[i], b[i]), where f is a line of the table in pointwise.ts; the file as it stands has one.
//
// One invocation = 16 values, as four vec4: short invocations cost a software adapter more than their arithmetic. `b` may
// repeat: it has `period` vec4 for each `block` of y or, with `single`, one value.

struct Params {
  count4: u32,      // vec4 of y; a last partial one is written whole, buffers have room for it
  period4: u32,     // vec4 of b before it repeats
  block4: u32,      // vec4 of y before b goes on to its next period
  repeats: u32,     // 1: b is shorter than y
  single: u32,      // 1: b is the one value b[0].x
  factor: f32,
  formula: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  if (first >= p.count4) { return; }
  let factor = p.factor;
  let last = p.count4 - 1u;
  var column = first;
  var start = 0u;             // of b's period
  var left = p.block4;
  if (p.repeats == 1u) {      // divisions are slow
    column = first % p.period4;
    start = first / p.block4 * p.period4;
    left = p.block4 - first % p.block4;
  }
  var l: array<vec4f, 4>;
  var r: array<vec4f, 4>;
  for (var i = 0u; i < 4u; i++) { //@ unroll
    l[i] = a[min(first + i, last)];
    let right = b[select(start + column, 0u, p.single == 1u)];
    r[i] = select(right, vec4f(right.x), p.single == 1u);
    column = select(column + 1u, 0u, column + 1u == p.period4);
    left -= 1u;
    if (left == 0u) { left = p.block4; start += p.period4; }
  }
  switch p.formula {
    case 0u: { for (var i = 0u; i < 4u; i++) { l[i] = l[i] + r[i] * factor; } } // formulas
    default: {}
  }
  for (var i = 0u; i < 4u; i++) { //@ unroll
    if (first + i <= last) { y[first + i] = l[i]; }
  }
}
