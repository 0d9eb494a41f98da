// Images of one size out of packed pictures of any size: crops, resizes, pads and flips at once.
//
//   v[n, i, j] = scale * sum over the taps of row i and of column j of weight_row * weight_column * picture[n, row, column]
//   y = (v - mean) * factor
//
// A tap is two words: how many bytes from the picture's first its row, or its column in the row, begins; and the weight.
// image_common.wgsl stands before this text. One invocation = one pixel.

struct Params {
  out: vec2u,
  channels: u32,     // of the pictures: 1 to 4
  gray: u32,         // 1: y is the luminance, of 3 channels
  count: u32,        // pixels of y
  scale: f32,
  factor: f32,
  mean: vec4f,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> packed: array<u32>;           // taps and pixels
@group(0) @binding(2) var<storage, read> pictures: array<Picture>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;          // [n, out, channels, or 1 if gray]

fn byteAt(at: u32) -> f32 {
  return f32((packed[at / 4u] >> (8u * (at % 4u))) & 0xffu);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let picture = pictures[i / (p.out.x * p.out.y)];
  let row = picture.rows + 2u * picture.rowTaps * ((i / p.out.y) % p.out.x);
  let column = picture.columns + 2u * picture.columnTaps * (i % p.out.y);
  var sum = vec4f(0.0);
  for (var r = 0u; r < picture.rowTaps; r++) {
    let line = picture.pixels + packed[row + 2u * r];
    var part = vec4f(0.0);
    for (var c = 0u; c < picture.columnTaps; c++) {
      let at = line + packed[column + 2u * c];
      var v = vec4f(byteAt(at), 0.0, 0.0, 0.0);
      for (var channel = 1u; channel < p.channels; channel++) { v[channel] = byteAt(at + channel); }
      part += bitcast<f32>(packed[column + 2u * c + 1u]) * (p.scale * v);
    }
    sum += bitcast<f32>(packed[row + 2u * r + 1u]) * part;
  }
  if (p.gray == 1u) {
    y[i] = (dot(sum.xyz, LUMINANCE) - p.mean.x) * p.factor;
    return;
  }
  var v = (sum - p.mean) * p.factor;
  for (var channel = 0u; channel < p.channels; channel++) { y[i * p.channels + channel] = v[channel]; }
}
