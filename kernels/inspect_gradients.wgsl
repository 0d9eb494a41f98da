// Looks through gradients: for each invocation whether it met infinity or NaN, and the sum of squares. Bits are compared,
// because compilers may assume that such numbers do not occur.
//
// A workgroup = a stretch of memory; one invocation = every 64th vec4 of it.

struct Params { count4: u32, first: u32, stretch: u32 }     // vec4 in the range; where its findings begin; vec4 of a workgroup

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> found: array<vec2f>;      // 1 or 0, sum of squares

const EXPONENT = vec4u(0x7f800000u); // all of it set: no finite number

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = group.x + group.y * groups.x;
  let start = index * p.stretch;
  if (start >= p.count4) { return; }
  let end = min(start + p.stretch, p.count4);
  var bad = vec4<bool>();
  var sum = vec4f(0.0);
  for (var i = start + lane; i < end; i += 64u) {
    let v = g[i];
    bad = bad | ((bitcast<vec4u>(v) & EXPONENT) == EXPONENT);
    sum += v * v;
  }
  found[p.first + index * 64u + lane] = vec2f(select(0.0, 1.0, any(bad)), sum.x + sum.y + sum.z + sum.w);
}
