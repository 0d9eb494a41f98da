// Adds the partial sums of a split product in order, then applies the epilogue.
// One invocation = four columns of a row: y[m, n] = epilogue(sum over z of partial[z, m, n]).

struct Params {
  size4: u32,        // vec4 of y
  n4: u32,           // vec4 in a row of y
  splits: u32,
  activation: u32,
  epilogue: u32,
  epsilon: f32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(6) var<storage, read> partial: array<vec4f>;        // [splits, size4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;        // [size4]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.size4) { return; }
  var sum = vec4f(0.0);
  for (var z = 0u; z < p.splits; z += 2u) { // two at a time wait for memory together; 0 changes no bit of a sum
    let first = partial[z * p.size4 + i];
    let second = partial[min(z + 1u, p.splits - 1u) * p.size4 + i];
    sum = sum + first + select(vec4f(0.0), second, z + 1u < p.splits);
  }
  y[i] = finish(sum, channel(i % p.n4), i);
}
