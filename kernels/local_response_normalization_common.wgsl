// What local response normalization and its gradient share. It stands before either text.

struct Params { count: u32, channels: u32, radius: u32, bias: f32, alpha: f32, beta: f32, quarters: u32 }

@group(0) @binding(0) var<uniform> p: Params;

// scale^(-beta). Adapters compute pow through a rough logarithm; roots are exact, and 0.5 and 0.75 are the usual betas.
fn shrink(s: f32) -> f32 {
  if (p.quarters == 0u) { return pow(s, -p.beta); }
  let root = 1.0 / sqrt(sqrt(s));
  var result = root;
  for (var i = 1u; i < p.quarters; i++) { result *= root; }
  return result;
}
