// FTRL-Proximal (TF's ApplyFtrl; McMahan et al. 2013). At a rate of 0, where it would divide by it, nothing changes.
//
//   acc' = acc + g^2;  linear += g - (acc'^-power - acc^-power) / rate * w
//   w = |linear| > l1 ? (sign(linear) * l1 - linear) / (acc'^-power / rate + 2 * l2) : 0

struct Params { count4: u32, power: f32, l1: f32, l2: f32 }     // vec4 in the range; power is at most 0

@group(0) @binding(6) var<storage, read_write> acc: array<vec4f>;        // slot Ftrl, starts above 0
@group(0) @binding(7) var<storage, read_write> linear: array<vec4f>;     // slot Ftrl_1

fn raise(v: vec4f) -> vec4f {
  if (p.power == -0.5) { return sqrt(v); }
  return pow(v, vec4f(-p.power));
}

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  if (rate.x == 0.0) { return w; }
  let decayed = gradient + decay * w;
  let old = acc[i];
  let sum = old + decayed * decayed;
  let raised = raise(sum);
  let next = linear[i] + decayed - (raised - raise(old)) / rate.x * w;
  acc[i] = sum;
  linear[i] = next;
  let moved = (sign(next) * p.l1 - next) / (raised / rate.x + 2.0 * p.l2);
  return select(vec4f(0.0), moved, abs(next) > vec4f(p.l1));
}
