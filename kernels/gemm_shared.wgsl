// Matrix products through workgroup memory, for GPUs: the same operands, numbers and epilogue as gemm.wgsl.
//
//   y[m, n] = epilogue(sum over k of a[k, m] * b[k, n])
//
// A workgroup of 8x8 invocations computes 64x64 outputs. It loads 20 steps of k of both operands into workgroup memory, each vec4
// once, and every invocation multiplies two vec4 of rows by two of columns, 8 apart: so neighbours read neighbouring vec4 of b
// and the same vec4 of a. Lines marked with @ are repeated by unroll().

const R = 0u;
const C = 0u;
const rows = 1u;      // vec4 rows an invocation
const columns = 1u;   // vec4 columns an invocation
const depth = 20u;    // steps of k in workgroup memory, which the registers add up before they are added to the tile
const chunks = 16u;   // of those, before the tile is added to the total
const tileVectors = 16u; // vec4 along either side of a tile of 8 x 8 invocations with two vec4 each

@group(0) @binding(6) var<storage, read> a: array<vec4f>;
@group(0) @binding(7) var<storage, read> b: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

var<workgroup> left: array<vec4f, 320>;    // [depth, tileVectors]
var<workgroup> right: array<vec4f, 320>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.x + group.y * groups.x;
  let mTile = (index / p.tilesN) * tileVectors;
  let nTile = (index % p.tilesN) * tileVectors;
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let down = lane / 8u;
  let across = lane % 8u;
  // What this invocation loads: one vec4 of a row of each operand, every fourth step of k.
  let aRow = p.aBase + batch * p.aBatch + rowOf(mTile + lane % tileVectors);
  let bColumn = batch * p.bBatch + min(nTile + lane % tileVectors, p.n4 - 1u);
  var c0_R_C = vec4f(0.0); //@ row column
  var c1_R_C = vec4f(0.0); //@ row column
  var c2_R_C = vec4f(0.0); //@ row column
  var c3_R_C = vec4f(0.0); //@ row column
  var tile: array<vec4f, 4u * rows * columns>;
  var total: array<vec4f, 4u * rows * columns>;
  let first = p.kCount * split / p.splits;
  let end = p.kCount * (split + 1u) / p.splits;
  let turns = (end - first + depth - 1u) / depth;
  for (var turn = 0u; turn < turns; turn++) {
    for (var i = 0u; i < 5u; i++) {
      let step = lane / tileVectors + 4u * i;
      let k = first + turn * depth + step;
      let at = min(k, end - 1u);
      let isInside = k < end;
      let aAt = aRow + place(p.kFirst + at, p.columnDims, p.columnStrides);
      left[step * tileVectors + lane % tileVectors] = select(vec4f(0.0), a[aAt], isInside);
      right[step * tileVectors + lane % tileVectors] = select(vec4f(0.0), b[bColumn + at * p.n4], isInside);
    }
    workgroupBarrier();
    for (var step = 0u; step < depth; step++) {
      let x_R = left[step * tileVectors + 8u * R + down]; //@ row
      let w_C = right[step * tileVectors + 8u * C + across]; //@ column
      c0_R_C = fma(vec4f(x_R.x), w_C, c0_R_C); //@ row column
      c1_R_C = fma(vec4f(x_R.y), w_C, c1_R_C); //@ row column
      c2_R_C = fma(vec4f(x_R.z), w_C, c2_R_C); //@ row column
      c3_R_C = fma(vec4f(x_R.w), w_C, c3_R_C); //@ row column
    }
    workgroupBarrier();
    tile[4u * (C * rows + R)] += c0_R_C; //@ row column
    tile[4u * (C * rows + R) + 1u] += c1_R_C; //@ row column
    tile[4u * (C * rows + R) + 2u] += c2_R_C; //@ row column
    tile[4u * (C * rows + R) + 3u] += c3_R_C; //@ row column
    c0_R_C = vec4f(0.0); //@ row column
    c1_R_C = vec4f(0.0); //@ row column
    c2_R_C = vec4f(0.0); //@ row column
    c3_R_C = vec4f(0.0); //@ row column
    if (turn % chunks == chunks - 1u) {
      for (var i = 0u; i < 4u * rows * columns; i++) {
        total[i] += tile[i];
        tile[i] = vec4f(0.0);
      }
    }
  }
  for (var column = 0u; column < columns; column++) {
    let n4 = nTile + 8u * column + across;
    if (n4 < p.n4) {
      let c = channel(n4);
      for (var row = 0u; row < 4u * rows; row++) {
        let m = 4u * (mTile + 8u * (row / 4u) + down) + row % 4u;
        let i = 4u * column * rows + row;
        if (m < p.m) { store(m, n4, batch, split, c, total[i] + tile[i]); }
      }
    }
  }
}
