// Matrix products: every dense layer, and every convolution as an implicit product.
//
//   y[m, n] = epilogue(sum over k of a[m, k] * b[k, n])
//
// b is [k, n] with rows of whole vec4; a lies as gemm_common.wgsl says. So an image is its own operand: with its windows as rows
// in a convolution, and in the gradient of weights with taps and channels as rows and pixels as steps.
//
// One invocation = a register tile of `vectors` x 4 `columns` outputs; the 8 invocations of a workgroup lie in `laneColumns`
// columns. z counts batches of products and, in each, splits of the sum over k: with more than one split, y holds the partial
// sums one after another and gemm_reduce.wgsl adds them in order.
//
// Sums of a chunk of k are added to the tile's, and those to the totals after `chunks` of them.
//
// Operands are read as textures, into which they were copied (texture.ts): lavapipe reads four texels of a vector of invocations
// with 8 loads and 8 shuffles, in a function that all reads share, where a buffer takes 32 loads with two branches each, written
// out at each read. Past the operands a texture is zero: taps outside the image and steps past the end of a sum are read there.
//
// Lines marked with @ together are for adapters whose subgroups hold a workgroup. Its invocations have the same columns then: each
// reads a share of b, and gets the rest from the others, which takes an instruction a number. With @ alone each reads all.

const vectors = 1u;   // rows a lane
const rows = 1u;      // the same in vec4
const columns = 1u;   // vec4 columns a lane
const shares = 1u;    // vec4 of b that a lane reads for all lanes

@group(0) @binding(6) var a: texture_storage_2d<rgba32float, read>;
@group(0) @binding(7) var b: texture_storage_2d<rgba32float, read>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

fn left(i: u32) -> vec4f { return textureLoad(a, texel(i)); }

fn right(i: u32) -> vec4f { return textureLoad(b, texel(i)); }

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groupCounts: vec3u) { //@ alone
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groupCounts: vec3u) { //@ together
  let index = group.x + group.y * groupCounts.x;
  let m0 = p.first.x + ((index / p.tilesN) * (8u / p.laneColumns) + lane / p.laneColumns) * vectors;
  let n0 = p.first.y + ((index % p.tilesN) * p.laneColumns + lane % p.laneColumns) * columns;
  if (m0 >= p.m || n0 >= p.n4) { return; } //@ alone
  let batch = group.z / p.splits;
  let split = group.z % p.splits;
  let aBase = p.aBase + batch * p.aBatch;
  var place = placeOf(p.rowFirst + m0 / 4u, p.rowDims, p.rowStrides); //@ steps
  var aRow: array<u32, rows>; //@ steps
  for (var r = 0u; r < rows; r++) { //@ steps
    aRow[r] = aBase + place.at; //@ steps
    place = next(place, p.rowDims, p.rowStrides); //@ steps
  } //@ steps
  var place = placeOf(p.rowFirst + m0, p.rowDims, p.rowStrides); //@ rows
  var aRow: array<u32, vectors>; //@ rows
  var outside: array<u32, vectors>; //@ rows
  for (var r = 0u; r < vectors; r++) { //@ rows
    aRow[r] = aBase + place.at; //@ rows
    outside[r] = tapsOutside(place); //@ rows
    place = next(place, p.rowDims, p.rowStrides); //@ rows
  } //@ rows
  var bColumn: array<u32, columns>; //@ alone
  for (var c = 0u; c < columns; c++) { bColumn[c] = batch * p.bBatch + min(n0 + c, p.n4 - 1u); } //@ unroll //@ alone
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
  var x: array<vec4f, vectors>;
  var w: array<vec4f, 4u * columns>;
  var bSteps: array<u32, 4u>; //@ alone
  var bLeast: array<u32, 4u>; //@ alone
  var share: array<vec4f, shares>; //@ together
  var sums: array<vec4f, vectors * columns>;
  var tile: array<vec4f, vectors * columns>; //@ alone
  var total: array<vec4f, vectors * columns>;
  while (k < end) {
    for (var chunk = 0u; chunk < p.chunks && k < end; chunk++) { //@ alone
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
          let least = select(aZero, 0u, k < end); //@ steps
          for (var r = 0u; r < rows; r++) { x[u * rows + r] = left(max(aRow[r] + step.at, least)); } //@ unroll //@ steps
          step = next(step, p.columnDims, p.columnStrides); //@ steps
          bSteps[u] = bAt; //@ alone
          bLeast[u] = select(bZero, 0u, k < end); //@ alone
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
          for (var r = 0u; r < vectors; r++) { //@ unroll //@ rows
            sums[c * vectors + r] = sums[c * vectors + r] + vec4f(x[r][0]) * w[4u * c] + vec4f(x[r][1]) * w[4u * c + 1u] //@ rows
              + vec4f(x[r][2]) * w[4u * c + 2u] + vec4f(x[r][3]) * w[4u * c + 3u]; //@ rows
          } //@ rows
          for (var r = 0u; r < rows; r++) { //@ unroll //@ steps
            for (var i = 0u; i < 4u; i++) { //@ unroll //@ steps
              sums[c * vectors + 4u * r + i] = sums[c * vectors + 4u * r + i] + vec4f(x[r][i]) * w[4u * c] + vec4f(x[rows + r][i]) * w[4u * c + 1u] //@ steps
                + vec4f(x[2u * rows + r][i]) * w[4u * c + 2u] + vec4f(x[3u * rows + r][i]) * w[4u * c + 3u]; //@ steps
            } //@ steps
          } //@ steps
        }
      }
      for (var i = 0u; i < sumCount; i++) { //@ unroll //@ together
        total[i] += sums[i]; //@ together
        sums[i] = vec4f(0.0); //@ together
      } //@ together
      for (var i = 0u; i < sumCount; i++) { //@ unroll //@ alone
        tile[i] += sums[i]; //@ alone
        sums[i] = vec4f(0.0); //@ alone
      } //@ alone
    } //@ alone
    for (var i = 0u; i < sumCount; i++) { //@ unroll //@ alone
      total[i] += tile[i]; //@ alone
      tile[i] = vec4f(0.0); //@ alone
    } //@ alone
  }
  let yBase = p.outBase + batch * p.yBatch + split * p.splitStride;
  let rowCount = min(vectors, max(p.m, m0) - m0);
  var to = placeOf(m0, p.outDims, p.outStrides); //@ together
  let own = channel(min(n0 + lane % columns, p.n4 - 1u)); //@ together
  for (var r = 0u; r < vectors; r++) { //@ together
    for (var c = 0u; c < columns; c++) { //@ unroll //@ together
      let numbers = Channel(subgroupBroadcast(own.center, c), subgroupBroadcast(own.scale, c), subgroupBroadcast(own.shift, c)); //@ together
      if (r < rowCount && n0 + c < p.n4) { y[yBase + to.at + n0 + c] = finish(total[c * vectors], numbers, yBase + to.at + n0 + c); } //@ together
    } //@ together
    for (var i = 0u; i < lastSum; i++) { total[i] = total[i + 1u]; } //@ unroll //@ together
    to = next(to, p.outDims, p.outStrides); //@ together
  } //@ together
  for (var c = 0u; c < min(columns, p.n4 - n0); c++) { //@ alone
    let numbers = channel(n0 + c); //@ alone
    var to = placeOf(m0, p.outDims, p.outStrides); //@ alone
    for (var r = 0u; r < rowCount; r++) { //@ alone
      let at = yBase + to.at + n0 + c; //@ alone
      y[at] = finish(total[c * vectors + r], numbers, at); //@ alone
      to = next(to, p.outDims, p.outStrides); //@ alone
    } //@ alone
  } //@ alone
}
