// Winograd, first stage: tiles of 6x6 pixels, 4 apart, transformed along both axes.
//
//   u[point, tile, channel] = (B^T d B)[point], the left operands of 36 products
//
// One invocation = one tile, four channels. Pixels outside the image are 0.

struct Params {
  size: vec2u,        // of the image
  tiles: vec2u,       // of an image: rows, columns
  pad: vec2u,         // rows and columns of zeros before the image; may be negative (two's complement)
  channels4: u32,     // vec4 in a pixel
  first: u32,         // first tile
  count: u32,         // invocations
  points: u32,        // 36: given by the host so that no compiler writes the loop out
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;// [n, size, channels4]
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>;    // [36, tiles, channels4]

fn along(d: Six) -> Six {
  let e1 = d[4] - b2 * d[2];
  let o1 = a[1] * (d[3] - b2 * d[1]);
  let e2 = d[4] - a2 * d[2];
  let o2 = b[1] * (d[3] - a2 * d[1]);
  return Six(
    d[4] - sum * d[2] + product * d[0], e1 + o1, e1 - o1, e2 + o2, e2 - o2, d[5] - sum * d[3] + product * d[1],
  );
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let channel4 = i % p.channels4;
  let tile = p.first + i / p.channels4;
  let rest = tile / p.tiles.y;
  let image = (rest / p.tiles.x) * p.size.x;
  let top = 4u * (rest % p.tiles.x) - p.pad.x;   // wraps far above size outside
  let left = 4u * (tile % p.tiles.y) - p.pad.y;
  let zero = lastOf(textureDimensions(x)); // past the image
  var rows: array<Six, 6>;
  for (var r = 0u; r < 6u; r++) { //@ unroll
    let row = top + r;
    let start = (image + row) * p.size.y;
    let isRow = row < p.size.x;
    var d: Six;
    for (var s = 0u; s < 6u; s++) { //@ unroll
      let column = left + s;
      let at = select(zero, (start + column) * p.channels4 + channel4, isRow && column < p.size.y);
      d[s] = textureLoad(x, texel(at));
    }
    rows[r] = along(d);
  }
  var values: array<vec4f, 36>;
  for (var s = 0u; s < 6u; s++) { //@ unroll
    let t = along(Six(rows[0][s], rows[1][s], rows[2][s], rows[3][s], rows[4][s], rows[5][s]));
    for (var r = 0u; r < 6u; r++) { values[6u * r + s] = t[r]; } //@ unroll
  }
  for (var point = 0u; point < p.points; point++) { u[point * p.count + i] = values[point]; }
}
