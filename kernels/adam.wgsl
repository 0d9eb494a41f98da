// Adam over a range of the parameter arena (TF's ApplyAdam; Kingma and Ba 2015, with the paper's "epsilon hat"). Decoupled
// (AdamW; Loshchilov and Hutter 2019), weight decay pulls at the parameters instead of joining the gradients.
//
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v);  w -= rate * m / (sqrt(v) + epsilon)
//
// The first rate that is fed is learning rate * sqrt(1 - beta2^t) / (1 - beta1^t), the second the learning rate.
// One invocation = 16 values, as four vec4.

struct Params { count4: u32, beta1: f32, beta2: f32, epsilon: f32, decoupled: u32 }     // vec4 in the range

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rate: array<f32>;               // [2]
@group(0) @binding(2) var<storage, read> factor: array<f32>;             // [1]: factor of the gradients; 0: nothing changes
@group(0) @binding(3) var<storage, read> decays: array<f32>;             // weight decay, one a block of 16 vec4
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> m: array<vec4f>;          // slot Adam, starts at 0
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;          // slot Adam_1, starts at 0

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (factor[0] == 0.0) { return; }
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  let decay = decays[min(first, p.count4 - 1u) / 16u];
  let coupled = select(decay, 0.0, p.decoupled == 1u);
  let pull = select(0.0, rate[1] * decay, p.decoupled == 1u);
  for (var i = first; i < min(first + 4u, p.count4); i++) {
    let gradient = g[i] * factor[0] + coupled * w[i];
    let mean = m[i] + (gradient - m[i]) * (1.0 - p.beta1);
    m[i] = mean;
    let square = v[i] + (gradient * gradient - v[i]) * (1.0 - p.beta2);
    v[i] = square;
    w[i] -= rate[0] * mean / (sqrt(square) + p.epsilon) + pull * w[i];
  }
}
