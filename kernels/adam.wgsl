// Adam (TF's ApplyAdam; Kingma and Ba 2015, with the paper's "epsilon hat"). Decoupled (AdamW; Loshchilov and Hutter 2019),
// weight decay pulls at the parameters instead of joining the gradients.
//
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v);  w -= rate * m / (sqrt(v) + epsilon)
//
// The first rate is learning rate * sqrt(1 - beta2^t) / (1 - beta1^t).

struct Params { count4: u32, beta1: f32, beta2: f32, epsilon: f32, decoupled: u32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> m: array<vec4f>;          // slot Adam, starts at 0
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;          // slot Adam_1, starts at 0

fn update(i: u32, w: vec4f, gradient: vec4f, decay: f32, rate: vec2f) -> vec4f {
  let coupled = select(decay, 0.0, p.decoupled == 1u);
  let pull = select(0.0, rate.y * decay, p.decoupled == 1u);
  let decayed = gradient + coupled * w;
  let oldMean = m[i];
  let oldSquare = v[i];
  let mean = oldMean + (decayed - oldMean) * (1.0 - p.beta1);
  let square = oldSquare + (decayed * decayed - oldSquare) * (1.0 - p.beta2);
  m[i] = mean;
  v[i] = square;
  return w - (rate.x * mean / (sqrt(square) + p.epsilon) + pull * w);
}
