// What an update multiplies gradients by, from what inspect_gradients.wgsl found.
//
// Clipping by the global norm (Pascanu et al. 2013): min(1, clip / norm). Dynamic loss scaling (Micikevicius et al. 2018): one
// over the loss's scale, or 0 for a step to leave out; the scale halves where a gradient was not finite, and doubles after
// `interval` steps in a row in which all were. Without loss scaling, too, a step with a gradient that is not finite is left out;
// the number of the first such step, counted from 1, is kept for the host to find.
//
// One workgroup; its first invocation decides.

struct Params {
  count: u32,       // findings
  isScaled: u32,
  interval: f32,
  most: f32,        // largest scale
  clip: f32,        // largest norm; 0: any
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> found: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;        // [1], as all that follow
@group(0) @binding(3) var<storage, read_write> goodSteps: array<f32>;
@group(0) @binding(4) var<storage, read_write> factor: array<f32>;
@group(0) @binding(5) var<storage, read> step: array<u32>;               // counted from 0
@group(0) @binding(6) var<storage, read_write> firstBad: array<f32>;     // 0: none so far

var<workgroup> parts: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = vec2f(0.0);
  for (var i = lane; i < p.count; i += 64u) { sum += found[i]; }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane > 0u || group.x + group.y > 0u) { return; }
  for (var i = 1u; i < 64u; i++) { sum += parts[i]; }
  let isBad = sum.x > 0.0;
  var unscale = select(1.0, 0.0, isBad);
  if (p.isScaled == 1u) {
    unscale = select(1.0 / scale[0], 0.0, isBad);
    let isLong = goodSteps[0] + 1.0 >= p.interval;
    let next = select(scale[0], min(2.0 * scale[0], p.most), isLong);
    scale[0] = select(next, max(0.5 * scale[0], 1.0), isBad);
    goodSteps[0] = select(goodSteps[0] + 1.0, 0.0, isBad || isLong);
  } else if (isBad && firstBad[0] == 0.0) {
    firstBad[0] = f32(step[0]) + 1.0;
  }
  let norm = sqrt(sum.y) * unscale;
  factor[0] = select(unscale, unscale * p.clip / norm, p.clip > 0.0 && norm > p.clip && !isBad);
}
