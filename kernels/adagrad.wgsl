// Adagrad (TF's ApplyAdagrad; Duchi et al. 2011): the rate falls with all squares so far.
//
//   acc += g^2;  w -= rate * g / sqrt(acc)

struct Params { count4: u32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> acc: array<vec4f>;        // slot Adagrad, starts above 0

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  let decayed = gradient + decay * w;
  let sum = acc[i] + decayed * decayed;
  acc[i] = sum;
  return w - rate.x * decayed / sqrt(sum);
}
