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
const chunk = 20u;    // steps that the registers add up before they are added to the tile: short sums round less
const chunks = 16u;   // of those, before the tile is added to the total; both as in gemm_shared.wgsl

@group(0) @binding(6) var<storage, read> a: array<vec4f>;
@group(0) @binding(7) var<storage, read> b: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

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
  var total: array<vec4f, 4u * rows * columns>;
  var k = p.kCount * split / p.splits;
  let end = p.kCount * (split + 1u) / p.splits;
  var bAt = k * p.n4;
  var room = chunk;
  var pending = chunks;
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
        pending -= 1u;
        if (pending == 0u) {
          pending = chunks;
          for (var i = 0u; i < 4u * rows * columns; i++) {
            total[i] += tile[i];
            tile[i] = vec4f(0.0);
          }
        }
      }
    }
  }
  for (var column = 0u; column < min(columns, p.n4 - n0); column++) {
    let c = channel(n0 + column);
    for (var row = 0u; row < min(4u * rows, p.m - 4u * m0); row++) {
      let i = 4u * column * rows + row;
      store(4u * m0 + row, n0 + column, batch, split, c, total[i] + tile[i]);
    }
  }
}
