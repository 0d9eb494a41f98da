// Winograd: kernels of `reach` x `reach` taps transformed along both axes.
//
//   v[point, k, n] = (G g G^T)[point], the right operands of 36 products
//
// Element (row, column, k, n) of the kernel lies at base + row * rowStride + column * columnStride + k * kStride + n * nStride;
// negative strides (two's complement) flip it. One invocation = four neighbouring n of one k.

struct Params {
  k: u32,
  n: u32,
  n4: u32,            // vec4 in a row of v
  base: u32,
  rowStride: u32,
  columnStride: u32,
  kStride: u32,
  nStride: u32,
  points: u32,        // 36: given by the host so that no compiler writes the loop out
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;    // [36, k, n4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.k * p.n4) { return; }
  let start = p.base + (i / p.n4) * p.kStride + 4u * (i % p.n4) * p.nStride;
  var rows: array<Six, reach>;
  for (var r = 0u; r < reach; r++) { //@ unroll
    var g: Terms;
    for (var s = 0u; s < reach; s++) { //@ unroll
      let at = start + r * p.rowStride + s * p.columnStride;
      g[s] = vec4f(w[at], w[at + p.nStride], w[at + 2u * p.nStride], w[at + 3u * p.nStride]);
    }
    rows[r] = weighted(evaluate(g));
  }
  var values: array<vec4f, 36>;
  for (var s = 0u; s < 6u; s++) { //@ unroll
    var g: Terms;
    for (var r = 0u; r < reach; r++) { g[r] = rows[r][s]; } //@ unroll
    let t = weighted(evaluate(g));
    for (var r = 0u; r < 6u; r++) { values[6u * r + s] = t[r]; } //@ unroll
  }
  for (var point = 0u; point < p.points; point++) { v[point * p.k * p.n4 + i] = values[point]; }
}
