// Matrix products through workgroup memory, for GPUs: the same operands, numbers and epilogue as gemm.wgsl.
//
//   y[m, n] = epilogue(sum over k of a[m, k] * b[k, n])
//
// A workgroup of 8x8 invocations computes 64x64 outputs. It loads 20 steps of k of both operands into workgroup memory, each vec4
// once, and every invocation multiplies two vec4 of rows by two of columns, 8 apart: so neighbours read neighbouring vec4 of b
// and the same vec4 of a.

const rows = 1u;      // vec4 rows an invocation
const columns = 1u;   // vec4 columns an invocation
const depth = 20u;    // steps of k in workgroup memory
const tileVectors = 16u; // vec4 along either side of a tile of 8 x 8 invocations with two vec4 each

@group(0) @binding(6) var<storage, read> a: array<vec4f>;
@group(0) @binding(7) var<storage, read> b: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

var<workgroup> left: array<vec4f, 320>;    // [depth, tileVectors], or in rows [depth / 4, 4 * tileVectors]
var<workgroup> right: array<vec4f, 320>;   // [depth, tileVectors]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.x + group.y * groups.x;
  let mTile = (index / p.tilesN) * tileVectors;
  let nTile = (index % p.tilesN) * tileVectors;
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let down = lane / 8u;
  let across = lane % 8u;
  let aBase = p.aBase + batch * p.aBatch;
  // What this invocation loads: one vec4 of a column of b, every fourth step of k, and of a the same or a row's vec4.
  let bColumn = batch * p.bBatch + min(nTile + lane % tileVectors, p.n4 - 1u);
  let mine = min(mTile + lane % tileVectors, p.m4 - 1u); //@ steps
  let mine = min(4u * mTile + lane, p.m - 1u); //@ rows
  let place = placeOf(p.rowFirst + mine, p.rowDims, p.rowStrides);
  let outside = tapsOutside(place); //@ rows
  var x: array<vec4f, 4u * rows>;
  var w: array<vec4f, 4u>;
  var sums: array<vec4f, 4u * rows * columns>;
  var tile: array<vec4f, 4u * rows * columns>;
  var total: array<vec4f, 4u * rows * columns>;
  let groupCount = (p.kCount + 3u) / 4u; //@ rows
  let first = 4u * (groupCount * split / p.splits); //@ rows
  let end = min(4u * (groupCount * (split + 1u) / p.splits), p.kCount); //@ rows
  let first = p.kCount * split / p.splits; //@ steps
  let end = p.kCount * (split + 1u) / p.splits; //@ steps
  let turns = (end - first + depth - 1u) / depth;
  for (var turn = 0u; turn < turns; turn++) {
    for (var i = 0u; i < 5u; i++) {
      let k = first + turn * depth + 4u * i; //@ rows
      let source = placeOf(p.kFirst + min(k, end - 1u) / 4u, p.columnDims, p.columnStrides); //@ rows
      let isMet = k < end && ((outside >> source.rows) & 1u) == 0u; //@ rows
      left[i * 64u + lane] = select(vec4f(0.0), a[select(0u, aBase + place.at + source.at, isMet)], isMet); //@ rows
      let step = lane / tileVectors + 4u * i;
      let at = min(first + turn * depth + step, end - 1u);
      let isInside = first + turn * depth + step < end;
      let source = placeOf(p.kFirst + at, p.columnDims, p.columnStrides); //@ steps
      left[step * tileVectors + lane % tileVectors] = select(vec4f(0.0), a[aBase + place.at + source.at], isInside); //@ steps
      right[step * tileVectors + lane % tileVectors] = select(vec4f(0.0), b[bColumn + at * p.n4], isInside);
    }
    workgroupBarrier();
    for (var step = 0u; step < depth; step += 4u) {
      for (var r = 0u; r < rows; r++) { //@ unroll
        for (var i = 0u; i < 4u; i++) { //@ unroll
          x[4u * r + i] = left[step * tileVectors + 4u * (8u * r + down) + i]; //@ rows
          x[i * rows + r] = left[(step + i) * tileVectors + 8u * r + down]; //@ steps
        }
      }
      for (var c = 0u; c < columns; c++) { //@ unroll
        for (var u = 0u; u < 4u; u++) { w[u] = right[(step + u) * tileVectors + 8u * c + across]; } //@ unroll
        for (var r = 0u; r < rows; r++) { //@ unroll
          for (var i = 0u; i < 4u; i++) { //@ unroll
            sums[(c * rows + r) * 4u + i] = sums[(c * rows + r) * 4u + i] + vec4f(x[4u * r + i][0]) * w[0] + vec4f(x[4u * r + i][1]) * w[1] //@ rows
              + vec4f(x[4u * r + i][2]) * w[2] + vec4f(x[4u * r + i][3]) * w[3]; //@ rows
            sums[(c * rows + r) * 4u + i] = sums[(c * rows + r) * 4u + i] + vec4f(x[r][i]) * w[0] + vec4f(x[rows + r][i]) * w[1] //@ steps
              + vec4f(x[2u * rows + r][i]) * w[2] + vec4f(x[3u * rows + r][i]) * w[3]; //@ steps
          }
        }
      }
    }
    workgroupBarrier();
    let chunk = 4u * p.chunk / depth; // in turns
    if (turn % chunk == chunk - 1u || turn == turns - 1u) {
      for (var i = 0u; i < sumCount; i++) { //@ unroll
        tile[i] += sums[i];
        sums[i] = vec4f(0.0);
      }
    }
    if (turn % (chunk * p.chunks) == chunk * p.chunks - 1u) {
      for (var i = 0u; i < 4u * rows * columns; i++) {
        total[i] += tile[i];
        tile[i] = vec4f(0.0);
      }
    }
  }
  let yBase = p.outBase + batch * p.yBatch + split * p.splitStride;
  for (var column = 0u; column < columns; column++) {
    let n4 = nTile + 8u * column + across;
    if (n4 < p.n4) {
      let numbers = channel(n4);
      for (var row = 0u; row < 4u * rows; row++) {
        let m = 4u * (mTile + 8u * (row / 4u) + down) + row % 4u;
        let i = 4u * column * rows + row;
        let at = yBase + placeOf(m, p.outDims, p.outStrides).at + n4;
        if (m < p.m) { y[at] = finish(total[i] + tile[i], numbers, at); }
      }
    }
  }
}
