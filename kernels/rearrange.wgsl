// Copies with a change of shape: pads, crops, transposes, flips and repacks, in up to four dimensions.
//
//   y[i0, i1, i2, i3] = x[base + sum of (i - low) * stride]  where 0 <= i - low < size in every dimension, else 0
//
// One invocation = four consecutive outputs of y, which is dense with dimensions `dims`. Strides are in V and may be negative
// (two's complement wraps around). V is one element, or four where the innermost dimension is copied in fours.

alias V = f32;

struct Params {
  dims: vec4u,      // of y
  low: vec4u,       // output index at which x begins
  size: vec4u,      // of the part of x that is read
  strides: vec4u,   // of x
  base: u32,        // element of x at index low
  count: u32,       // of y
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = ((group.x + group.y * groups.x) * 64u + lane) * 4u;
  if (first >= p.count) { return; }
  var rest = first;
  var i = vec4u(0u, 0u, 0u, rest % p.dims.w);
  rest /= p.dims.w;
  i.z = rest % p.dims.z;
  rest /= p.dims.z;
  i.y = rest % p.dims.y;
  i.x = rest / p.dims.y;
  for (var at = first; at < min(first + 4u, p.count); at++) {
    let within = i - p.low;   // wraps far above size where i < low
    let inside = all(within < p.size);
    let offset = within * p.strides;
    let source = select(0u, p.base + offset.x + offset.y + offset.z + offset.w, inside);
    y[at] = select(V(0.0), x[source], inside);
    i.w += 1u;
    if (i.w == p.dims.w) { i.w = 0u; i.z += 1u; }
    if (i.z == p.dims.z) { i.z = 0u; i.y += 1u; }
    if (i.y == p.dims.y) { i.y = 0u; i.x += 1u; }
  }
}
