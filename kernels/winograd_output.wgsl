// Winograd, last stage: the 36 products of a tile become 4x4 pixels, which the epilogue finishes.
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
  activation: u32,
  epilogue: u32,
  epsilon: f32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(6) var<storage, read> m: array<vec4f>;            // [36, tiles, n4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;      // [n, out, n4]

alias Four = array<vec4f, 4>;

fn along(m0: vec4f, m1: vec4f, m2: vec4f, m3: vec4f, m4: vec4f, m5: vec4f) -> Four {
  let ea = m1 + m2;
  let oa = m1 - m2;
  let eb = m3 + m4;
  let ob = m3 - m4;
  return Four(m0 + ea + eb, a1 * oa + b1 * ob, a2 * ea + b2 * eb, a3 * oa + b3 * ob + m5);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let n4 = i % p.n4;
  let tile = p.first + i / p.n4;
  let rest = tile / p.tiles.y;
  let image = (rest / p.tiles.x) * p.out.x;
  let top = 4u * (rest % p.tiles.x);
  let left = 4u * (tile % p.tiles.y);
  var rows: array<Four, 6>;
  for (var r = 0u; r < 6u; r++) { //@ unroll
    let at = 6u * r * p.pointStride + i;
    rows[r] = along(
      m[at], m[at + p.pointStride], m[at + 2u * p.pointStride], m[at + 3u * p.pointStride], m[at + 4u * p.pointStride],
      m[at + 5u * p.pointStride],
    );
  }
  let c = channel(n4);
  for (var s = 0u; s < 4u; s++) { //@ unroll
    let t = along(rows[0][s], rows[1][s], rows[2][s], rows[3][s], rows[4][s], rows[5][s]);
    for (var r = 0u; r < 4u; r++) { //@ unroll
      if (top + r < p.out.x && left + s < p.out.y) {
        let at = ((image + top + r) * p.out.y + left + s) * p.n4 + n4;
        y[at] = finish(t[r], c, at);
      }
    }
  }
}
