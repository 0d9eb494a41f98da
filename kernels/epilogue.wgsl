// What a kernel does to four sums before it stores them: bias or batch normalization, and an activation.
//
//   v = normalize(sum) or sum + bias;  v = activation(v)
//
// The text is put before that of a kernel whose Params has the fields `epilogue` (1 shift, 2 norm, 4 gamma), `activation` and
// `epsilon`. Channels are read as whole vec4: buffers have room for a last partial one.

@group(0) @binding(1) var<storage, read> shift: array<vec4f>;      // [n]: bias, or beta
@group(0) @binding(2) var<storage, read> mean: array<vec4f>;       // [n]
@group(0) @binding(3) var<storage, read> variance: array<vec4f>;   // [n]
@group(0) @binding(4) var<storage, read> gamma: array<vec4f>;      // [n]

// The channel's numbers, read once for all its rows.
struct Channel { center: vec4f, scale: vec4f, shift: vec4f }

fn channel(n4: u32) -> Channel {
  var c = Channel(vec4f(0.0), vec4f(1.0), vec4f(0.0));
  if ((p.epilogue & 2u) != 0u) {
    c.center = mean[n4];
    c.scale = vec4f(1.0) / sqrt(variance[n4] + p.epsilon);
  }
  if ((p.epilogue & 4u) != 0u) { c.scale *= gamma[n4]; }
  if ((p.epilogue & 1u) != 0u) { c.shift = shift[n4]; }
  return c;
}

fn normalized(sum: vec4f, c: Channel) -> vec4f { return fma(sum - c.center, c.scale, c.shift); }

fn activated(sum: vec4f) -> vec4f {
  var v = sum;
  if (p.activation > 0u) { v = max(v, vec4f(0.0)); }
  if (p.activation == 2u) { v = min(v, vec4f(6.0)); }
  return v;
}
