// Standardizes each image over all its values (TF's per_image_standardization):
//
//   y = (x - mean) / max(deviation, 1 / sqrt(values))
//
// One invocation = one value.

struct Params { count: u32, values: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [images, values]
@group(0) @binding(2) var<storage, read> moments: array<vec4f>;      // [images]: mean, variance
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [images, values]

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let moment = moments[i / p.values];
  y[i] = (x[i] - moment.x) / max(sqrt(moment.y), 1.0 / sqrt(f32(p.values)));
}
