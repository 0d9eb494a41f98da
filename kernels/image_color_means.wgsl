// Mean of each channel of each image after the changes of colour that come before its change of contrast.
// image_common.wgsl and image_color_common.wgsl stand before this text. One workgroup = one image.

struct Params { images: u32, pixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, pixels, channels], channels 1 or 3
@group(0) @binding(2) var<storage, read> pictures: array<Picture>;
@group(0) @binding(3) var<storage, read_write> means: array<vec4f>;  // [images], the last of no meaning

var<workgroup> sums: array<vec3f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let image = min(group.x + group.y * groups.x, p.images - 1u);   // groups past the end repeat the last image
  let picture = pictures[image];
  let last = p.channels - 1u;
  var sum = vec3f(0.0);
  for (var i = lane; i < p.pixels; i += 64u) {
    let at = (image * p.pixels + i) * p.channels;
    var c = vec3f(x[at], x[at + last / 2u], x[at + last]);
    for (var changes = picture.changes; changes != 0u && (changes & 15u) != CONTRAST; changes >>= 4u) {
      c = change(c, changes & 15u, picture, vec3f(0.0));
    }
    sum += c;
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { means[image] = vec4f(sums[0] / f32(p.pixels), 0.0); }
}
