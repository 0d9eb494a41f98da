// What the kernels of products share: their parameters, where rows and steps of a lie, and where rows of y go. The text stands
// between that of the epilogue and that of gemm.wgsl or gemm_shared.wgsl, which declare a, b and y.

struct Params {
  m: u32,                 // rows of y
  m4: u32,                // vec4 in a k of a
  n4: u32,                // vec4 in a k of b, and in a row of y
  laneColumns: u32,
  tilesN: u32,            // workgroups along n
  splits: u32,
  activation: u32,        // 0 none, 1 relu, 2 relu6
  epilogue: u32,
  epsilon: f32,
  factor: f32,
  gathered: u32,          // 1: rowDims and rowStrides say where rows of a lie; 0: one after another
  scattered: u32,         // the same of rows of y
  rowDims: vec2u,         // the inner two of the three dimensions that vec4 rows of a count through
  columnDims: vec2u,      // the same of k
  rowStrides: vec3u,      // strides, bases and batches are in vec4
  aBase: u32,
  columnStrides: vec3u,
  m4First: u32,           // first vec4 row of a that is taken
  outStrides: vec3u,
  outBase: u32,
  outDims: vec2u,
  kFirst: u32,            // steps of k: b begins at the first of them
  kCount: u32,
  aBatch: u32,            // from one product of a batch to the next
  bBatch: u32,
  yBatch: u32,
  splitStride: u32,       // of y, from one split to the next
}

@group(0) @binding(0) var<uniform> p: Params;

fn place(i: u32, dims: vec2u, strides: vec3u) -> u32 {
  let inner = i % dims.y;
  let rest = i / dims.y;
  return (rest / dims.x) * strides.x + (rest % dims.x) * strides.y + inner * strides.z;
}

fn rowOf(i: u32) -> u32 {
  let row = p.m4First + min(i, p.m4 - 1u);
  if (p.gathered == 0u) { return row; }
  return place(row, p.rowDims, p.rowStrides);
}

// Stores four columns of a row of y.
fn store(m: u32, n4: u32, batch: u32, split: u32, c: Channel, sum: vec4f) {
  var at = p.outBase + batch * p.yBatch + split * p.splitStride + n4;
  if (p.scattered == 0u) { at += m * p.n4; } else { at += place(m, p.outDims, p.outStrides); }
  y[at] = finish(sum, c, at);
}
