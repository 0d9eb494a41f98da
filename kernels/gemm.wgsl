// Matrix products: every dense layer, and every convolution as an implicit product.
//
//   y[m, n] = epilogue(sum over k of a[k, m] * b[k, n])
//
// Both operands lie k-major: the elements of one k are neighbours, and are read as vec4, because loads are what a software
// adapter is slowest at. a's rows may be gathered: m counts, in vec4, through three dimensions with a stride each, and so does
// k. So an image is its own operand in a weight gradient: m is tap and channel, k is image, row and column. b is [k, n] with
// rows of whole vec4.
//
// One invocation = a register tile of 4 `rows` x 4 `columns` outputs; the 8 invocations of a workgroup lie in `laneColumns`
// columns. Lines marked with @ are repeated by unroll(). z counts batches of products and, in each, splits of the sum over k:
// with more than one split, y holds the partial sums one after another and gemm_reduce.wgsl adds them in order.

const R = 0u;
const C = 0u;
const rows = 1u;      // vec4 rows a lane
const columns = 1u;   // vec4 columns a lane
const chunk = 32u;    // steps that the registers add up before they are added to the tile: short sums round less

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
@group(0) @binding(6) var<storage, read> a: array<vec4f>;
@group(0) @binding(7) var<storage, read> b: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

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

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.x + group.y * groups.x;
  let m0 = ((index / p.tilesN) * (8u / p.laneColumns) + lane / p.laneColumns) * rows;
  let n0 = ((index % p.tilesN) * p.laneColumns + lane % p.laneColumns) * columns;
  if (m0 >= p.m4 || n0 >= p.n4) { return; }
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let a_R = p.aBase + batch * p.aBatch + rowOf(m0 + R); //@ row
  let b_C = batch * p.bBatch + min(n0 + C, p.n4 - 1u); //@ column
  var c0_R_C = vec4f(0.0); //@ row column
  var c1_R_C = vec4f(0.0); //@ row column
  var c2_R_C = vec4f(0.0); //@ row column
  var c3_R_C = vec4f(0.0); //@ row column
  var tile: array<vec4f, 4u * rows * columns>;
  var k = p.kCount * split / p.splits;
  let end = p.kCount * (split + 1u) / p.splits;
  var bAt = k * p.n4;
  var room = chunk;
  while (k < end) {
    let run = (p.kFirst + k) / p.columnDims.y;
    let step = (p.kFirst + k) % p.columnDims.y;
    var aAt = (run / p.columnDims.x) * p.columnStrides.x + (run % p.columnDims.x) * p.columnStrides.y + step * p.columnStrides.z;
    var left = min(p.columnDims.y - step, end - k);
    k += left;
    while (left > 0u) {
      let steps = min(left, room);
      for (var j = 0u; j < steps; j++) {
        let x_R = a[a_R + aAt]; //@ row
        let w_C = b[b_C + bAt]; //@ column
        c0_R_C = fma(vec4f(x_R.x), w_C, c0_R_C); //@ row column
        c1_R_C = fma(vec4f(x_R.y), w_C, c1_R_C); //@ row column
        c2_R_C = fma(vec4f(x_R.z), w_C, c2_R_C); //@ row column
        c3_R_C = fma(vec4f(x_R.w), w_C, c3_R_C); //@ row column
        aAt += p.columnStrides.z;
        bAt += p.n4;
      }
      left -= steps;
      room -= steps;
      if (room == 0u || (left == 0u && k == end)) {
        tile[4u * (C * rows + R)] += c0_R_C; //@ row column
        tile[4u * (C * rows + R) + 1u] += c1_R_C; //@ row column
        tile[4u * (C * rows + R) + 2u] += c2_R_C; //@ row column
        tile[4u * (C * rows + R) + 3u] += c3_R_C; //@ row column
        c0_R_C = vec4f(0.0); //@ row column
        c1_R_C = vec4f(0.0); //@ row column
        c2_R_C = vec4f(0.0); //@ row column
        c3_R_C = vec4f(0.0); //@ row column
        room = chunk;
      }
    }
  }
  let start = p.outBase + batch * p.yBatch + split * p.splitStride;
  for (var column = 0u; column < min(columns, p.n4 - n0); column++) {
    let n4 = n0 + column;
    let c = channel(n4);
    for (var row = 0u; row < min(4u * rows, p.m - 4u * m0); row++) {
      let m = 4u * m0 + row;
      var at = start + n4;
      if (p.scattered == 0u) { at += m * p.n4; } else { at += place(m, p.outDims, p.outStrides); }
      y[at] = finish(tile[4u * column * rows + row], c, at);
    }
  }
}
