// Matrix product for measuring an adapter: c = transpose(a) b, all sizes multiples of the tile.
// One invocation = 8 x 8 values of c, kept in registers; a and b are read as vec4, one row of each a step. This is the
// shape that software adapters like best for its size, and it is memory-bound on none.
override lanes_n: u32 = 8u; // invocations of a workgroup side by side
override lanes_m: u32 = 1u; // and below each other
struct Params { m: u32, n: u32, k: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // [k, m / 4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // [k, n / 4]
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>; // [m, n / 4]

@compute @workgroup_size(lanes_n, lanes_m)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m4 = p.m / 4u;
  let n4 = p.n / 4u;
  var ai = id.y * 2u;
  var bi = id.x * 2u;
  var c0l = vec4f(); var c0r = vec4f();
  var c1l = vec4f(); var c1r = vec4f();
  var c2l = vec4f(); var c2r = vec4f();
  var c3l = vec4f(); var c3r = vec4f();
  var c4l = vec4f(); var c4r = vec4f();
  var c5l = vec4f(); var c5r = vec4f();
  var c6l = vec4f(); var c6r = vec4f();
  var c7l = vec4f(); var c7r = vec4f();
  for (var k = 0u; k < p.k; k++) {
    let al = a[ai]; let ah = a[ai + 1u];
    let bl = b[bi]; let bh = b[bi + 1u];
    c0l = fma(vec4f(al.x), bl, c0l); c0r = fma(vec4f(al.x), bh, c0r);
    c1l = fma(vec4f(al.y), bl, c1l); c1r = fma(vec4f(al.y), bh, c1r);
    c2l = fma(vec4f(al.z), bl, c2l); c2r = fma(vec4f(al.z), bh, c2r);
    c3l = fma(vec4f(al.w), bl, c3l); c3r = fma(vec4f(al.w), bh, c3r);
    c4l = fma(vec4f(ah.x), bl, c4l); c4r = fma(vec4f(ah.x), bh, c4r);
    c5l = fma(vec4f(ah.y), bl, c5l); c5r = fma(vec4f(ah.y), bh, c5r);
    c6l = fma(vec4f(ah.z), bl, c6l); c6r = fma(vec4f(ah.z), bh, c6r);
    c7l = fma(vec4f(ah.w), bl, c7l); c7r = fma(vec4f(ah.w), bh, c7r);
    ai += m4;
    bi += n4;
  }
  let o = id.y * 8u * n4 + id.x * 2u;
  c[o + 0u * n4] = c0l; c[o + 0u * n4 + 1u] = c0r;
  c[o + 1u * n4] = c1l; c[o + 1u * n4 + 1u] = c1r;
  c[o + 2u * n4] = c2l; c[o + 2u * n4 + 1u] = c2r;
  c[o + 3u * n4] = c3l; c[o + 3u * n4 + 1u] = c3r;
  c[o + 4u * n4] = c4l; c[o + 4u * n4 + 1u] = c4r;
  c[o + 5u * n4] = c5l; c[o + 5u * n4 + 1u] = c5r;
  c[o + 6u * n4] = c6l; c[o + 6u * n4 + 1u] = c6r;
  c[o + 7u * n4] = c7l; c[o + 7u * n4 + 1u] = c7r;
}
