// Winograd, last stage: the 36 products of a tile become `reach` x `reach` pixels, which the epilogue finishes.
//
//   y[pixels of the tile, channel] = epilogue((A^T m A)[pixel])
//
// One invocation = one tile, four channels. Pixels past the image's end are left out.

struct Params {
  out: vec2u,         // of an image: rows, columns
  tiles: vec2u,       // the same in tiles
  n4: u32,            // vec4 in a pixel
  first: u32,         // first tile
  pointStride: u32,   // of m, in vec4
  count: u32,         // invocations
  side: u32,          // of a tile, 4: given by the host so that no compiler writes the loops out
  activation: u32,
  epilogue: u32,
  epsilon: f32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(6) var m: texture_storage_2d<rgba32float, read>;  // [36, tiles, n4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;      // [n, out, n4]

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
  var rows: array<Terms, 6>;
  for (var r = 0u; r < 6u; r++) { //@ unroll
    var q: Six;
    for (var s = 0u; s < 6u; s++) { //@ unroll
      q[s] = textureLoad(m, texel((6u * r + s) * p.pointStride + i));
    }
    rows[r] = gather(q);
  }
  var pixels: array<vec4f, reach * reach>;
  for (var s = 0u; s < reach; s++) { //@ unroll
    let t = gather(Six(rows[0][s], rows[1][s], rows[2][s], rows[3][s], rows[4][s], rows[5][s]));
    for (var r = 0u; r < reach; r++) { pixels[reach * r + s] = t[r]; } //@ unroll
  }
  let c = channel(n4);
  for (var r = 0u; r < min(p.side, p.out.x - top); r++) {
    for (var s = 0u; s < min(p.side, p.out.y - left); s++) {
      let at = ((image + top + r) * p.out.y + left + s) * p.n4 + n4;
      y[at] = finish(pixels[reach * r + s], c, at);
    }
  }
}
