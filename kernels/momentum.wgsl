// Momentum (TF's ApplyMomentum): the rate stays out of the slot.
//
//   a = momentum * a + g;  w -= rate * a, or, with Nesterov's (Sutskever et al. 2013), w -= rate * (g + momentum * a)

struct Params { count4: u32, momentum: f32, nesterov: u32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> a: array<vec4f>;          // slot Momentum, starts at 0

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  let decayed = gradient + decay * w;
  let next = p.momentum * a[i] + decayed;
  a[i] = next;
  return w - rate.x * select(next, decayed + p.momentum * next, p.nesterov == 1u);
}
