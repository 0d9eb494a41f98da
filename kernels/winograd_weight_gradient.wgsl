// Winograd, gradient of weights, last stage: 36 products, added over pieces of the tiles, become `reach` x `reach` taps.
//
//   dw[tap, channel, n] = (G^T m G)[tap]
//
// One invocation = one channel, four n.

struct Params {
  size4: u32,         // channels * n4
  pieces: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;            // [pieces, 36, channels, n4]
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;     // [reach, reach, channels, n4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.size4) { return; }
  var rows: array<Terms, 6>;
  for (var r = 0u; r < 6u; r++) {
    var q: Six;
    for (var s = 0u; s < 6u; s++) {
      q[s] = vec4f(0.0);
      for (var piece = 0u; piece < p.pieces; piece++) { q[s] += m[(36u * piece + 6u * r + s) * p.size4 + i]; }
    }
    rows[r] = gather(weighted(q));
  }
  for (var s = 0u; s < reach; s++) {
    let t = gather(weighted(Six(rows[0][s], rows[1][s], rows[2][s], rows[3][s], rows[4][s], rows[5][s])));
    for (var r = 0u; r < reach; r++) { dw[(reach * r + s) * p.size4 + i] = t[r]; }
  }
}
