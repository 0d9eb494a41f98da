// Transposes matrices that lie in two dimensions of a larger array: y[i, j, column, row] = x[base + i * s + j * t, row, column].
//
// One invocation = blocks of four rows by four columns, one below the other, so that indices are divided once for all of them.
// Rows of y are padded to whole vec4 with copies of the last row of x.

const blocks = 8u;

struct Params {
  rows: u32,
  columns4: u32,      // vec4 in a row of x
  rows4: u32,         // vec4 in a row of y
  inner: u32,         // matrices along j
  outerStride: u32,   // of x, in vec4; may be negative (two's complement wraps around)
  innerStride: u32,
  base: u32,
  steps: u32,         // groups of blocks down the rows of x
  count: u32,         // invocations
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let column4 = i % p.columns4;
  let rest = i / p.columns4;
  let first = (rest % p.steps) * blocks;
  let matrix = rest / p.steps;
  let source = p.base + (matrix / p.inner) * p.outerStride + (matrix % p.inner) * p.innerStride + column4;
  let goal = (matrix * 4u * p.columns4 + 4u * column4) * p.rows4;
  let last = p.rows - 1u;
  for (var row4 = first; row4 < min(first + blocks, p.rows4); row4++) {
    let a = x[source + 4u * row4 * p.columns4];
    let b = x[source + min(4u * row4 + 1u, last) * p.columns4];
    let c = x[source + min(4u * row4 + 2u, last) * p.columns4];
    let d = x[source + min(4u * row4 + 3u, last) * p.columns4];
    y[goal + row4] = vec4f(a.x, b.x, c.x, d.x);
    y[goal + p.rows4 + row4] = vec4f(a.y, b.y, c.y, d.y);
    y[goal + 2u * p.rows4 + row4] = vec4f(a.z, b.z, c.z, d.z);
    y[goal + 3u * p.rows4 + row4] = vec4f(a.w, b.w, c.w, d.w);
  }
}
