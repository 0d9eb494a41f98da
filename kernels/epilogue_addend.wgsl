// The whole of an epilogue, with a residual between normalization and activation:
//
//   v = normalize(sum) or sum + bias;  v = addend + factor * v;  v = activation(v)
//
// The text follows epilogue.wgsl. Params has the field `factor` as well, and its `epilogue` the flag 8: addend.

@group(0) @binding(5) var<storage, read> addend: array<vec4f>;   // as y

// `at`: where y takes the result, in vec4.
fn finish(sum: vec4f, c: Channel, at: u32) -> vec4f {
  var v = normalized(sum, c);
  if ((p.epilogue & 8u) != 0u) { v = fma(v, vec4f(p.factor), addend[at]); }
  return activated(v);
}
