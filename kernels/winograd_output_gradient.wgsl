// Winograd, gradient of weights: tiles of `reach` x `reach` pixels of the output gradient, transformed along both axes.
//
//   v[point, tile, channel] = (A d A^T)[point], the right operands of 36 products
//
// One invocation = one tile, four channels. Pixels past the image's end are 0.

struct Params {
  out: vec2u,         // of an image: rows, columns
  tiles: vec2u,       // the same in tiles
  n4: u32,            // vec4 in a pixel
  first: u32,         // first tile
  pointStride: u32,   // of v, in vec4
  count: u32,         // invocations
  points: u32,        // 36: given by the host so that no compiler writes the loop out
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var dy: texture_storage_2d<rgba32float, read>; // [n, out, n4]
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;      // [36, tiles, n4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let n4 = i % p.n4;
  let tile = p.first + i / p.n4;
  let rest = tile / p.tiles.y;
  let image = (rest / p.tiles.x) * p.out.x;
  let top = reach * (rest % p.tiles.x);
  let left = reach * (tile % p.tiles.y);
  let zero = lastOf(textureDimensions(dy)); // past the image
  var rows: array<Six, reach>;
  for (var r = 0u; r < reach; r++) { //@ unroll
    let start = (image + top + r) * p.out.y;
    let isRow = top + r < p.out.x;
    var d: Terms;
    for (var s = 0u; s < reach; s++) { //@ unroll
      let at = select(zero, (start + left + s) * p.n4 + n4, isRow && left + s < p.out.y);
      d[s] = textureLoad(dy, texel(at));
    }
    rows[r] = evaluate(d);
  }
  var values: array<vec4f, 36>;
  for (var s = 0u; s < 6u; s++) { //@ unroll
    var d: Terms;
    for (var r = 0u; r < reach; r++) { d[r] = rows[r][s]; } //@ unroll
    let t = evaluate(d);
    for (var r = 0u; r < 6u; r++) { values[6u * r + s] = t[r]; } //@ unroll
  }
  for (var point = 0u; point < p.points; point++) { v[point * p.pointStride + i] = values[point]; }
}
