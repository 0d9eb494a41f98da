// Looks through gradients: for each invocation whether it met infinity or NaN, and the sum of squares. Bits are compared,
// because compilers may assume that such numbers do not occur.
//
// One invocation = every `invocations`-th vec4.

struct Params { count4: u32, first: u32, invocations: u32 }     // vec4 in the range; where its findings begin

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> found: array<vec2f>;      // 1 or 0, sum of squares

const EXPONENT = vec4u(0x7f800000u); // all of it set: no finite number

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = (group.x + group.y * groups.x) * 64u + lane;
  if (first >= p.invocations) { return; }
  var isBad = 0.0;
  var sum = 0.0;
  for (var i = first; i < p.count4; i += p.invocations) {
    let v = g[i];
    isBad = select(isBad, 1.0, any((bitcast<vec4u>(v) & EXPONENT) == EXPONENT));
    sum += dot(v, v);
  }
  found[p.first + first] = vec2f(isBad, sum);
}
