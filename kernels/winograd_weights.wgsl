// Winograd: kernels of 3x3 transformed along both axes.
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
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;    // [36, k, n4]

alias Three = array<vec4f, 3>;
alias Six = array<vec4f, 6>;

const ga = 1.0 / (2.0 * a2 * (a2 - b2));
const gb = 1.0 / (2.0 * b2 * (b2 - a2));

fn along(g: Three) -> Six {
  let ea = ga * (g[0] + a2 * g[2]);
  let oa = ga * a1 * g[1];
  let eb = gb * (g[0] + b2 * g[2]);
  let ob = gb * b1 * g[1];
  return Six(g[0] * (1.0 / product), ea + oa, ea - oa, eb + ob, eb - ob, g[2]);
}

fn load(at: u32, n: u32) -> vec4f {
  let last = p.n - 1u;
  return vec4f(
    w[at + n * p.nStride], w[at + min(n + 1u, last) * p.nStride], w[at + min(n + 2u, last) * p.nStride],
    w[at + min(n + 3u, last) * p.nStride],
  );
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.k * p.n4) { return; }
  let start = p.base + (i / p.n4) * p.kStride;
  let n = 4u * (i % p.n4);
  var rows: array<Six, 3>;
  for (var r = 0u; r < 3u; r++) { //@ unroll
    let at = start + r * p.rowStride;
    rows[r] = along(Three(load(at, n), load(at + p.columnStride, n), load(at + 2u * p.columnStride, n)));
  }
  for (var s = 0u; s < 6u; s++) { //@ unroll
    let t = along(Three(rows[0][s], rows[1][s], rows[2][s]));
    for (var r = 0u; r < 6u; r++) { v[(6u * r + s) * p.k * p.n4 + i] = t[r]; } //@ unroll
  }
}
