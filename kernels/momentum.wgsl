// Momentum over a range of the parameter arena (TF's ApplyMomentum): the rate stays out of the slot.
//
//   a = momentum * a + g;  w -= rate * a, or, with Nesterov's (Sutskever et al. 2013), w -= rate * (g + momentum * a)
//
// One invocation = 16 values, as four vec4.

struct Params { count4: u32, momentum: f32, nesterov: u32 }     // vec4 in the range

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rate: array<f32>;               // [2]: the first
@group(0) @binding(2) var<storage, read> factor: array<f32>;             // [1]: factor of the gradients; 0: nothing changes
@group(0) @binding(3) var<storage, read> decays: array<f32>;             // weight decay, one a block of 16 vec4
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> a: array<vec4f>;          // slot Momentum, starts at 0

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (factor[0] == 0.0) { return; }
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  let decay = decays[min(first, p.count4 - 1u) / 16u];
  for (var i = first; i < min(first + 4u, p.count4); i++) {
    let gradient = g[i] * factor[0] + decay * w[i];
    let next = p.momentum * a[i] + gradient;
    a[i] = next;
    w[i] -= rate[0] * select(next, gradient + p.momentum * next, p.nesterov == 1u);
  }
}
