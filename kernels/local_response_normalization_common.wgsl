// What local response normalization and its gradient share. It stands before either text.

alias V = f32;        // one channel, or vec4f where the channels come in fours

struct Params { count: u32, channels: u32, radius: u32, reach: u32, bias: f32, alpha: f32, beta: f32, quarters: u32 }   // count, channels and reach in V

@group(0) @binding(0) var<uniform> p: Params;

// scale^(-beta). Adapters compute pow through a rough logarithm; roots are exact, and 0.5 and 0.75 are the usual betas.
fn shrink(s: V) -> V {
  if (p.quarters == 0u) { return pow(s, V(-p.beta)); }
  let root = 1.0 / sqrt(sqrt(s));
  var result = root;
  for (var i = 1u; i < p.quarters; i++) { result *= root; }
  return result;
}

// What values add to the sums around the channels that begin `distance` after theirs.
fn near1(v: f32, distance: i32) -> f32 { return v; }
fn near4(v: vec4f, distance: i32) -> vec4f {
  let d = vec4i(distance, distance + 1, distance + 2, distance + 3);
  let radius = vec4i(i32(p.radius));
  return select(vec4f(0.0), vec4f(v.x), abs(d) <= radius) + select(vec4f(0.0), vec4f(v.y), abs(d - 1) <= radius) +
    select(vec4f(0.0), vec4f(v.z), abs(d - 2) <= radius) + select(vec4f(0.0), vec4f(v.w), abs(d - 3) <= radius);
}
