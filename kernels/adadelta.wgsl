// Adadelta (TF's ApplyAdadelta; Zeiler 2012).
//
//   a = rho * a + (1 - rho) * g^2;  u = sqrt(b + epsilon) / sqrt(a + epsilon) * g;  b = rho * b + (1 - rho) * u^2;  w -= rate * u

struct Params { count4: u32, rho: f32, epsilon: f32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> a: array<vec4f>;          // slot Adadelta, squares of gradients
@group(0) @binding(7) var<storage, read_write> b: array<vec4f>;          // slot Adadelta_1, squares of updates

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  let decayed = gradient + decay * w;
  let squares = p.rho * a[i] + (1.0 - p.rho) * decayed * decayed;
  a[i] = squares;
  let old = b[i];
  let change = sqrt(old + p.epsilon) / sqrt(squares + p.epsilon) * decayed;
  b[i] = p.rho * old + (1.0 - p.rho) * change * change;
  return w - rate.x * change;
}
