// Adam over a range of the parameter arena (TF's ApplyAdam; Kingma and Ba 2015, with the paper's "epsilon hat").
//
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v);  w -= rate * m / (sqrt(v) + epsilon)
//
// The rate that is fed is learning rate * sqrt(1 - beta2^t) / (1 - beta1^t). One invocation = 16 values, as four vec4.

struct Params { count4: u32, beta1: f32, beta2: f32, epsilon: f32 }     // vec4 in the range

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rate: array<f32>;               // [1]
@group(0) @binding(2) var<storage, read> unscale: array<f32>;            // [1]: factor of the gradients; 0: nothing changes
@group(0) @binding(3) var<storage, read> decays: array<f32>;             // weight decay, one a block of 16 vec4
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> m: array<vec4f>;          // slot Adam, starts at 0
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;          // slot Adam_1, starts at 0

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (unscale[0] == 0.0) { return; }
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  let decay = decays[min(first, p.count4 - 1u) / 16u];
  for (var i = first; i < min(first + 4u, p.count4); i++) {
    let gradient = g[i] * unscale[0] + decay * w[i];
    let mean = m[i] + (gradient - m[i]) * (1.0 - p.beta1);
    m[i] = mean;
    let square = v[i] + (gradient * gradient - v[i]) * (1.0 - p.beta2);
    v[i] = square;
    w[i] -= rate[0] * mean / (sqrt(square) + p.epsilon);
  }
}
