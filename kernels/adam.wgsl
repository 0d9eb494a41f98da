// Adam (TF's ApplyAdam; Kingma and Ba 2015, with the paper's "epsilon hat"). Decoupled (AdamW; Loshchilov and Hutter 2019),
// weight decay pulls at the parameters instead of joining the gradients.
//
//   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v);  w -= rate * m / (sqrt(v) + epsilon)
//
// The first rate is learning rate * sqrt(1 - beta2^t) / (1 - beta1^t).

struct Params { count4: u32, beta1: f32, beta2: f32, epsilon: f32, decoupled: u32 }     // vec4 in the range

@group(0) @binding(6) var<storage, read_write> m: array<vec4f>;          // slot Adam, starts at 0
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;          // slot Adam_1, starts at 0

fn update(i: u32, gradient: vec4f, decay: f32) {
  let coupled = select(decay, 0.0, p.decoupled == 1u);
  let pull = select(0.0, rate[1] * decay, p.decoupled == 1u);
  let decayed = gradient + coupled * w[i];
  let mean = m[i] + (decayed - m[i]) * (1.0 - p.beta1);
  m[i] = mean;
  let square = v[i] + (decayed * decayed - v[i]) * (1.0 - p.beta2);
  v[i] = square;
  w[i] -= rate[0] * mean / (sqrt(square) + p.epsilon) + pull * w[i];
}
