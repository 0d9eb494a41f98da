// Adapts the factor of the loss after each step (dynamic loss scaling; Micikevicius et al. 2018, "Mixed Precision Training"):
// half of it where a gradient was not finite, twice of it after `interval` steps in a row in which all were. `unscale` is what
// an update multiplies gradients by: 1 / scale, or 0 for a step to leave out.
//
// One workgroup; its first invocation decides.

struct Params { count: u32, interval: f32, most: f32 }     // findings to look at

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;        // [1]
@group(0) @binding(3) var<storage, read_write> goodSteps: array<f32>;    // [1]
@group(0) @binding(4) var<storage, read_write> unscale: array<f32>;      // [1]

var<workgroup> isBad: array<u32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  var bad = 0u;
  for (var i = lane; i < p.count; i += 64u) { bad |= found[i]; }
  isBad[lane] = bad;
  workgroupBarrier();
  if (lane > 0u || group.x + group.y > 0u) { return; }
  for (var i = 1u; i < 64u; i++) { bad |= isBad[i]; }
  if (bad != 0u) {
    unscale[0] = 0.0;
    scale[0] = max(scale[0] * 0.5, 1.0);
    goodSteps[0] = 0.0;
    return;
  }
  unscale[0] = 1.0 / scale[0];
  let isLong = goodSteps[0] + 1.0 >= p.interval;
  scale[0] = select(scale[0], min(2.0 * scale[0], p.most), isLong);
  goodSteps[0] = select(goodSteps[0] + 1.0, 0.0, isLong);
}
