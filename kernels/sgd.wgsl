// Gradient descent: w -= rate * g (TF's ApplyGradientDescent).

struct Params { count4: u32 }     // vec4 in the range

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  return w - rate.x * (gradient + decay * w);
}
