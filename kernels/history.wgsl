// Keeps the last values of a scalar: ring[step % size] = x. One invocation.

struct Params { size: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // [1]
@group(0) @binding(2) var<storage, read> step: array<u32>;           // [1]
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;     // [size]

@compute @workgroup_size(1)
fn main() {
  ring[step[0] % p.size] = x[0];
}
