// The most multiplications and additions that an adapter does: sums in registers, none of which waits for another.
// peaks.ts makes 32 sums of the one written here, and 8 steps of each step.
override lanes: u32 = 8u; // invocations of a workgroup
const rounds = 64u;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(lanes)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let start = f32(id.x);
  let x = 1.0 - 1.0 / f32(groups.x); // no compiler knows it
  let rest = 1.0 - x;
  var s0 = start;
  for (var i = 0u; i < rounds; i++) {
    s0 = fma(s0, x, rest);
  }
  y[id.x] = s0;
}
