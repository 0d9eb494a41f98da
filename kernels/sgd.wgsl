// Gradient descent: w -= rate * g (TF's ApplyGradientDescent).

struct Params { count4: u32 }     // vec4 in the range

fn update(i: u32, gradient: vec4f, decay: f32) {
  w[i] -= rate[0] * (gradient + decay * w[i]);
}
