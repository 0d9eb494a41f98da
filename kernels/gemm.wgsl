// Matrix products: every dense layer, and every convolution as an implicit product.
//
//   y[m, n] = epilogue(sum over k of a[m, k] * b[k, n])
//
// b is [k, n] with rows of whole vec4; a lies as gemm_common.wgsl says. So an image is its own operand: with its windows as rows
// in a convolution, and in the gradient of weights with taps and channels as rows and pixels as steps.
//
// One invocation = a register tile of 4 `rows` x 4 `columns` outputs; the 8 invocations of a workgroup lie in `laneColumns`
// columns. z counts batches of products and, in each, splits of the sum over k: with more than one split, y holds the partial
// sums one after another and gemm_reduce.wgsl adds them in order.
//
// Sums of a chunk of k are added to the tile's, and those to the totals after `chunks` of them. In `steps`, where k is long, that
// is a loop of its own; in `rows`, where k may be short, totals are added in a loop over registers, which costs more and less code.
//
// Operands are read as textures, into which they were copied (texture.ts): lavapipe reads four texels of a vector of invocations
// with 8 loads and 8 shuffles, in a function that all reads share, where a buffer takes 32 loads with two branches each, written
// out at each read. Past the operands a texture is zero: taps outside the image and steps past the end of a sum are read there.

const rows = 1u;      // vec4 rows a lane
const columns = 1u;   // vec4 columns a lane
const shares = 1u;    // vec4 of b that a lane loads for all, each turn

@group(0) @binding(6) var a: texture_storage_2d<rgba32float, read>;
@group(0) @binding(7) var b: texture_storage_2d<rgba32float, read>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

fn left(i: u32) -> vec4f { return textureLoad(a, vec2u(i & 4095u, i >> 12u)); }

fn right(i: u32) -> vec4f { return textureLoad(b, vec2u(i & 4095u, i >> 12u)); }

fn lastOf(size: vec2u) -> u32 { return size.x * size.y - 1u; }

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groupCounts: vec3u) {
  let index = group.x + group.y * groupCounts.x;
  let m0 = ((index / p.tilesN) * (8u / p.laneColumns) + lane / p.laneColumns) * rows;
  let n0 = ((index % p.tilesN) * p.laneColumns + lane % p.laneColumns) * columns;
  if (m0 >= p.m4 || n0 >= p.n4) { return; } //@ alone
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let aBase = p.aBase + batch * p.aBatch;
  var place = placeOf(p.rowFirst + m0, p.rowDims, p.rowStrides); //@ steps
  var aRow: array<u32, rows>; //@ steps
  for (var r = 0u; r < rows; r++) { //@ steps
    aRow[r] = aBase + place.at; //@ steps
    place = next(place, p.rowDims, p.rowStrides); //@ steps
  } //@ steps
  var place = placeOf(p.rowFirst + 4u * m0, p.rowDims, p.rowStrides); //@ rows
  var aRow: array<u32, 4u * rows>; //@ rows
  var outside: array<u32, 4u * rows>; //@ rows
  for (var r = 0u; r < 4u * rows; r++) { //@ rows
    aRow[r] = aBase + place.at; //@ rows
    outside[r] = tapsOutside(place); //@ rows
    place = next(place, p.rowDims, p.rowStrides); //@ rows
  } //@ rows
  var bColumn: array<u32, columns>;
  for (var c = 0u; c < columns; c++) { bColumn[c] = batch * p.bBatch + min(n0 + c, p.n4 - 1u); } //@ unroll //@ alone
  var share: array<vec4f, shares>; //@ together
  var bShare: array<u32, shares>; //@ together
  for (var s = 0u; s < shares; s++) { //@ unroll //@ together
    bShare[s] = batch * p.bBatch + (8u * s + lane) / columns * p.n4 + min(n0 + (8u * s + lane) % columns, p.n4 - 1u); //@ together
  } //@ together
  let aZero = lastOf(textureDimensions(a));
  let bZero = lastOf(textureDimensions(b));
  let groupCount = (p.kCount + 3u) / 4u; //@ rows
  let first = groupCount * split / p.splits; //@ rows
  let last = groupCount * (split + 1u) / p.splits; //@ rows
  var k = 4u * first; //@ rows
  let end = min(4u * last, p.kCount); //@ rows
  var step = placeOf(p.kFirst + first, p.columnDims, p.columnStrides); //@ rows
  var k = p.kCount * split / p.splits; //@ steps
  let end = p.kCount * (split + 1u) / p.splits; //@ steps
  var step = placeOf(p.kFirst + k, p.columnDims, p.columnStrides); //@ steps
  var bAt = k * p.n4;
  var x: array<vec4f, 4u * rows>;
  var w: array<vec4f, 4u * columns>;
  var bSteps: array<u32, 4u>; //@ alone
  var bLeast: array<u32, 4u>; //@ alone
  var sums: array<vec4f, 4u * rows * columns>;
  var tile: array<vec4f, 4u * rows * columns>;
  var total: array<vec4f, 4u * rows * columns>;
  var pending = p.chunks; //@ rows
  while (k < end) {
    for (var chunk = 0u; chunk < p.chunks && k < end; chunk++) { //@ steps
    let turns = min(p.chunk, (end - k + 3u) / 4u);
    for (var turn = 0u; turn < turns; turn++) {
      let shift = 31u - step.rows; //@ rows
      for (var r = 0u; r < vectors; r++) { //@ unroll //@ rows
        x[r] = left(min((aRow[r] + step.at) | u32(i32(outside[r] << shift) >> 31u), aZero)); //@ rows
      } //@ rows
      step = next(step, p.columnDims, p.columnStrides); //@ rows
      for (var s = 0u; s < shares; s++) { //@ unroll //@ together
        share[s] = right(max(bShare[s] + bAt, select(bZero, 0u, k + (8u * s + lane) / columns < end))); //@ together
      } //@ together
      for (var u = 0u; u < 4u; u++) { //@ unroll
        let isInside = k < end;
        let least = select(aZero, 0u, isInside); //@ steps
        for (var r = 0u; r < rows; r++) { x[u * rows + r] = left(max(aRow[r] + step.at, least)); } //@ unroll //@ steps
        step = next(step, p.columnDims, p.columnStrides); //@ steps
        bSteps[u] = bAt; //@ alone
        bLeast[u] = select(bZero, 0u, isInside); //@ alone
        k++;
        bAt += p.n4;
      }
      for (var c = 0u; c < columns; c++) { //@ unroll //@ alone
        for (var u = 0u; u < 4u; u++) { w[4u * c + u] = right(max(bColumn[c] + bSteps[u], bLeast[u])); } //@ unroll //@ alone
      } //@ alone
      for (var c = 0u; c < columns; c++) { //@ unroll
        for (var u = 0u; u < 4u; u++) { //@ unroll //@ together
          w[4u * c + u] = subgroupBroadcast(share[(u * columns + c) / 8u], (u * columns + c) % 8u); //@ together
        } //@ together
        for (var r = 0u; r < rows; r++) { //@ unroll
          for (var i = 0u; i < 4u; i++) { //@ unroll
            sums[(c * rows + r) * 4u + i] = sums[(c * rows + r) * 4u + i] + vec4f(x[4u * r + i][0]) * w[4u * c] + vec4f(x[4u * r + i][1]) * w[4u * c + 1u] //@ rows
              + vec4f(x[4u * r + i][2]) * w[4u * c + 2u] + vec4f(x[4u * r + i][3]) * w[4u * c + 3u]; //@ rows
            sums[(c * rows + r) * 4u + i] = sums[(c * rows + r) * 4u + i] + vec4f(x[r][i]) * w[4u * c] + vec4f(x[rows + r][i]) * w[4u * c + 1u] //@ steps
              + vec4f(x[2u * rows + r][i]) * w[4u * c + 2u] + vec4f(x[3u * rows + r][i]) * w[4u * c + 3u]; //@ steps
          }
        }
      }
    }
    for (var i = 0u; i < sumCount; i++) { //@ unroll
      tile[i] += sums[i];
      sums[i] = vec4f(0.0);
    }
    pending -= 1u; //@ rows
    if (pending == 0u) { //@ rows
      pending = p.chunks; //@ rows
      for (var i = 0u; i < 4u * rows * columns; i++) { //@ rows
        total[i] += tile[i]; //@ rows
        tile[i] = vec4f(0.0); //@ rows
      } //@ rows
    } //@ rows
    } //@ steps
    for (var i = 0u; i < sumCount; i++) { //@ unroll //@ steps
      total[i] += tile[i]; //@ steps
      tile[i] = vec4f(0.0); //@ steps
    } //@ steps
  }
  for (var i = 0u; i < sumCount; i++) { total[i] += tile[i]; } //@ unroll //@ rows
  let yBase = p.outBase + batch * p.yBatch + split * p.splitStride;
  let start = placeOf(4u * m0, p.outDims, p.outStrides);
  for (var c = 0u; c < min(columns, p.n4 - n0); c++) {
    let numbers = channel(n0 + c);
    var to = start;
    for (var r = 0u; r < min(4u * rows, max(p.m, 4u * m0) - 4u * m0); r++) {
      let at = yBase + to.at + n0 + c;
      y[at] = finish(total[4u * c * rows + r], numbers, at);
      to = next(to, p.outDims, p.outStrides);
    }
  }
}
