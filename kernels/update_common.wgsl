// What the update rules that take gradients share: their operands, and the walk over a range of the parameter arena. The text
// stands before that of a rule, which declares Params (beginning with count4), its slots from binding 6 on, and
//
//   fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f
//
// which gives the new value of vec4 i; `gradient` has its factor already, weight decay is the rule's to add. One invocation = 16
// values, as four vec4.

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> rates: array<f32>;              // [2]: for the rule, and the learning rate
@group(0) @binding(2) var<storage, read> factor: array<f32>;             // [1]: of the gradients; 0: nothing changes
@group(0) @binding(3) var<storage, read> decays: array<f32>;             // weight decay, one a block of 16 vec4
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> values: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let scale = factor[0];
  if (scale == 0.0) { return; }
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  let decay = decays[min(first, p.count4 - 1u) / 16u];
  let rate = vec2f(rates[0], rates[1]);
  for (var i = first; i < min(first + 4u, p.count4); i++) {
    values[i] = update(i, values[i], g[i] * scale, decay, rate);
  }
}
