// Tables of what an operation of RandAugment makes of each value, for the kinds that change values alone:
//
//   auto contrast   stretches what there is of each channel to 0..255
//   equalize        values of each channel become equally frequent
//   contrast        away from the mean of the luminance, or towards it
//   brightness, posterize, solarize
//
// distort_common.wgsl stands before this text. One workgroup = one image; one invocation = four values of each channel.

struct Params {
  images: u32,
  pixels: u32,       // of an image
  channels: u32,     // 1 or 3
  turn: u32,         // which operation of each image
  turns: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                      // [images, pixels, channels], 0..255
@group(0) @binding(2) var<storage, read> distortions: array<Distortion>;     // [images, turns]
@group(0) @binding(3) var<storage, read_write> tables: array<f32>;           // [images, channels, 256]

var<workgroup> counts: array<atomic<u32>, 768>;   // of each value of each channel; then of it and those below it
var<workgroup> luminance: atomic<u32>;            // sum over the image, whole numbers
var<workgroup> ends: array<vec2u, 3>;             // smallest and largest value of each channel

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let image = min(group.x + group.y * groups.x, p.images - 1u);   // groups past the end repeat the last image
  let d = distortions[image * p.turns + p.turn];
  for (var i = lane; i < 768u; i += 64u) { atomicStore(&counts[i], 0u); }
  if (lane == 0u) { atomicStore(&luminance, 0u); }
  workgroupBarrier();
  let last = p.channels - 1u;
  for (var i = lane; i < select(0u, p.pixels, d.kind >= AUTO_CONTRAST && d.kind <= CONTRAST); i += 64u) {
    let at = (image * p.pixels + i) * p.channels;
    let c = vec3f(x[at], x[at + last / 2u], x[at + last]);
    atomicAdd(&luminance, u32(round(dot(c, LUMINANCE))));
    let v = vec3u(round(c));
    for (var k = 0u; k < p.channels; k++) { atomicAdd(&counts[256u * k + v[k]], 1u); }
  }
  workgroupBarrier();
  if (lane < p.channels) {
    var sum = 0u;
    var least = 255u;
    var most = 0u;
    for (var v = 0u; v < 256u; v++) {
      let n = atomicLoad(&counts[256u * lane + v]);
      if (n > 0u) {
        least = min(least, v);
        most = v;
      }
      sum += n;
      atomicStore(&counts[256u * lane + v], sum);
    }
    ends[lane] = vec2u(least, most);
  }
  workgroupBarrier();
  let mean = round(f32(atomicLoad(&luminance)) / f32(p.pixels));
  for (var i = lane; i < 256u * p.channels; i += 64u) {
    let channel = i / 256u;
    let value = i % 256u;
    let v = f32(value);
    let least = ends[channel].x;
    let most = ends[channel].y;
    var y = select(v, 255.0 - v, v >= d.amount);   // solarize
    if (d.kind == AUTO_CONTRAST) { y = select(v, (v - f32(least)) * 255.0 / f32(most - least), most > least); }
    if (d.kind == CONTRAST) { y = mean + (v - mean) * d.amount; }
    if (d.kind == BRIGHTNESS) { y = v * d.amount; }
    if (d.kind == POSTERIZE) { y = floor(v / d.amount) * d.amount; }
    if (d.kind == EQUALIZE && most > least) {
      // as Pillow: steps of so many pixels a value, the largest value's own pixels aside
      let before = select(0u, atomicLoad(&counts[256u * channel + max(value, 1u) - 1u]), value > 0u);
      let step = atomicLoad(&counts[256u * channel + most - 1u]) / 255u;
      y = select(f32((step / 2u + before) / max(step, 1u)), v, step == 0u);
    } else if (d.kind == EQUALIZE) { y = v; }
    tables[256u * (image * p.channels + channel) + value] = clamp(y, 0.0, 255.0);
  }
}
