// Momentum (TF's ApplyMomentum): the rate stays out of the slot.
//
//   a = momentum * a + g;  w -= rate * a, or, with Nesterov's (Sutskever et al. 2013), w -= rate * (g + momentum * a)

struct Params { count4: u32, momentum: f32, nesterov: u32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> a: array<vec4f>;          // slot Momentum, starts at 0

fn update(i: u32, gradient: vec4f, decay: f32) {
  let decayed = gradient + decay * w[i];
  let next = p.momentum * a[i] + decayed;
  a[i] = next;
  w[i] -= rate[0] * select(next, decayed + p.momentum * next, p.nesterov == 1u);
}
