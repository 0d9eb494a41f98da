// FTRL-Proximal over a range of the parameter arena (TF's ApplyFtrl; McMahan et al. 2013).
//
//   acc' = acc + g^2;  linear += g - (acc'^-power - acc^-power) / rate * w
//   w = |linear| > l1 ? (sign(linear) * l1 - linear) / (acc'^-power / rate + 2 * l2) : 0
//
// One invocation = 16 values, as four vec4.

struct Params { count4: u32, power: f32, l1: f32, l2: f32 }     // vec4 in the range; power is at most 0

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rate: array<f32>;               // [2]: the first
@group(0) @binding(2) var<storage, read> factor: array<f32>;             // [1]: factor of the gradients; 0: nothing changes
@group(0) @binding(3) var<storage, read> decays: array<f32>;             // weight decay, one a block of 16 vec4
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> acc: array<vec4f>;        // slot Ftrl, starts above 0
@group(0) @binding(7) var<storage, read_write> linear: array<vec4f>;     // slot Ftrl_1

fn raise(v: vec4f) -> vec4f {
  if (p.power == -0.5) { return sqrt(v); }
  return pow(v, vec4f(-p.power));
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (factor[0] == 0.0 || rate[0] == 0.0) { return; }
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  let decay = decays[min(first, p.count4 - 1u) / 16u];
  for (var i = first; i < min(first + 4u, p.count4); i++) {
    let gradient = g[i] * factor[0] + decay * w[i];
    let sum = acc[i] + gradient * gradient;
    let raised = raise(sum);
    let next = linear[i] + gradient - (raised - raise(acc[i])) / rate[0] * w[i];
    acc[i] = sum;
    linear[i] = next;
    let moved = (sign(next) * p.l1 - next) / (raised / rate[0] + 2.0 * p.l2);
    w[i] = select(vec4f(0.0), moved, abs(next) > vec4f(p.l1));
  }
}
