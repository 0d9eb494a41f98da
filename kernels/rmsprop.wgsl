// RMSProp (TF's ApplyRMSProp; Tieleman and Hinton 2012): epsilon is inside the root.
//
//   ms = decay * ms + (1 - decay) * g^2;  mom = momentum * mom + rate * g / sqrt(ms + epsilon);  w -= mom

struct Params { count4: u32, decay: f32, momentum: f32, epsilon: f32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> ms: array<vec4f>;         // slot RMSProp, starts at 1
@group(0) @binding(7) var<storage, read_write> mom: array<vec4f>;        // slot RMSProp_1, starts at 0

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  let decayed = gradient + decay * w;
  let old = ms[i];
  let square = old + (decayed * decayed - old) * (1.0 - p.decay);
  ms[i] = square;
  let next = p.momentum * mom[i] + rate.x * decayed / sqrt(square + p.epsilon);
  mom[i] = next;
  return w - next;
}
