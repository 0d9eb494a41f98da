// Matrix products through workgroup memory, for GPUs: the same operands, numbers and epilogue as gemm.wgsl.
//
//   y[m, n] = epilogue(sum over k of a[m, k] * b[k, n])
//
// A workgroup of 8 x 16 invocations computes 64 x 64 outputs, four rows of `columns` vec4 each. Both operands go through workgroup
// memory, 20 steps of k a turn: while the products of one turn are added up, the vec4 of the next are on their way into registers.
// Where the steps of a turn lie is found once for all rows, by as many invocations, a turn ahead.

const columns = 2u;      // vec4 columns an invocation, 8 apart
const depth = 20u;       // steps of k a turn
const tileVectors = 16u; // vec4 along either side of the outputs
const lanes = 128u;

@group(0) @binding(6) var<storage, read> a: array<vec4f>;
@group(0) @binding(7) var<storage, read> b: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

var<workgroup> left: array<vec4f, 320>;    // [depth, tileVectors], or in rows [depth / 4, 4, tileVectors]: every fourth row in line
var<workgroup> right: array<vec4f, 320>;   // [depth, tileVectors]
var<workgroup> sources: array<vec2u, 20>;  // of the next turn's steps, or in rows groups of four: where they lie, and their taps

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groupCounts: vec3u) {
  let index = group.x + group.y * groupCounts.x;
  let mTile = (index / p.tilesN) * tileVectors;
  let nTile = (index % p.tilesN) * tileVectors;
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let down = lane / 8u;
  let across = lane % 8u;
  let vector = lane % tileVectors;
  let bColumn = batch * p.bBatch + min(nTile + vector, p.n4 - 1u);
  let mine = min(mTile + vector, p.m4 - 1u); //@ steps
  let mine = min(4u * (mTile + vector) + lane / tileVectors % 4u, p.m - 1u); //@ rows
  let place = placeOf(p.rowFirst + mine, p.rowDims, p.rowStrides);
  let aRow = p.aBase + batch * p.aBatch + place.at;
  let outside = tapsOutside(place); //@ rows
  var ahead: array<vec4f, 6>;
  var x: array<vec4f, 4u>;
  var w: array<vec4f, 4u>;
  var sums: array<vec4f, 4u * columns>;
  var tile: array<vec4f, 4u * columns>;
  var total: array<vec4f, 4u * columns>;
  let groupCount = (p.kCount + 3u) / 4u; //@ rows
  let first = 4u * (groupCount * split / p.splits); //@ rows
  let end = min(4u * (groupCount * (split + 1u) / p.splits), p.kCount); //@ rows
  let first = p.kCount * split / p.splits; //@ steps
  let end = p.kCount * (split + 1u) / p.splits; //@ steps
  let turns = (end - first + depth - 1u) / depth;
  let chunk = 4u * p.chunk / depth; // in turns
  for (var turn = 0u; turn <= turns + 1u; turn++) {
    let k = first + (turn - 1u) * depth;
    if (turn > 0u && turn <= turns) {
      for (var i = 0u; i < 3u; i++) { //@ unroll
        let step = lane / tileVectors + 8u * i;
        let group = min(lane / 64u + 2u * i, 4u); //@ rows
        let source = sources[group]; //@ rows
        let isMet = k + 4u * group < end && ((outside >> source.y) & 1u) == 0u; //@ rows
        let isInside = k + step < end;
        let source = sources[min(step, depth - 1u)].x; //@ steps
        ahead[i] = select(vec4f(0.0), a[select(0u, aRow + source.x, isMet)], isMet); //@ rows
        ahead[i] = select(vec4f(0.0), a[select(0u, aRow + source, isInside)], isInside); //@ steps
        ahead[i + 3u] = select(vec4f(0.0), b[select(0u, bColumn + (k + step) * p.n4, isInside)], isInside);
      }
    }
    if (turn > 1u) {
      for (var group = 0u; group < 5u; group++) { //@ unroll
        for (var i = 0u; i < 4u; i++) { //@ unroll
          x[i] = left[(4u * group + i) * tileVectors + down];
        }
        for (var c = 0u; c < columns; c++) { //@ unroll
          for (var u = 0u; u < 4u; u++) { w[u] = right[(4u * group + u) * tileVectors + 8u * c + across]; } //@ unroll
          for (var i = 0u; i < 4u; i++) { //@ unroll
            sums[4u * c + i] = sums[4u * c + i] + vec4f(x[i][0]) * w[0] + vec4f(x[i][1]) * w[1] + vec4f(x[i][2]) * w[2] + vec4f(x[i][3]) * w[3]; //@ rows
            sums[4u * c + i] = sums[4u * c + i] + vec4f(x[0][i]) * w[0] + vec4f(x[1][i]) * w[1] + vec4f(x[2][i]) * w[2] + vec4f(x[3][i]) * w[3]; //@ steps
          }
        }
      }
      if ((turn - 1u) % chunk == 0u) {
        for (var i = 0u; i < sumCount; i++) { //@ unroll
          tile[i] += sums[i];
          sums[i] = vec4f(0.0);
        }
      }
      if ((turn - 1u) % (chunk * p.chunks) == 0u) {
        for (var i = 0u; i < sumCount; i++) { //@ unroll
          total[i] += tile[i];
          tile[i] = vec4f(0.0);
        }
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < 3u; i++) { //@ unroll
      if (lane + lanes * i < depth * tileVectors) {
        left[lane + lanes * i] = ahead[i];
        right[lane + lanes * i] = ahead[i + 3u];
      }
    }
    let nextGroup = min((first + turn * depth) / 4u + lane, groupCount); //@ rows
    let source = placeOf(p.kFirst + nextGroup, p.columnDims, p.columnStrides); //@ rows
    let source = placeOf(p.kFirst + first + turn * depth + lane, p.columnDims, p.columnStrides); //@ steps
    if (lane < depth) { sources[lane] = vec2u(source.at, source.rows); }
    workgroupBarrier();
  }
  let yBase = p.outBase + batch * p.yBatch + split * p.splitStride;
  for (var c = 0u; c < columns; c++) { //@ unroll
    let n4 = nTile + 8u * c + across;
    if (n4 < p.n4) {
      let numbers = channel(n4);
      for (var i = 0u; i < 4u; i++) { //@ unroll
        let m = 4u * (mTile + down) + i;
        let at = yBase + placeOf(m, p.outDims, p.outStrides).at + n4;
        if (m < p.m) { y[at] = finish(total[4u * c + i] + (tile[4u * c + i] + sums[4u * c + i]), numbers, at); }
      }
    }
  }
}
