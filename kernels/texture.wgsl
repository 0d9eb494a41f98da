// What kernels that read operands as textures share: where vec4 i of an operand lies, and the last texel of one, which is zero.
// The text stands before theirs.

fn texel(i: u32) -> vec2u { return vec2u(i & 4095u, i >> 12u); }

fn lastOf(size: vec2u) -> u32 { return size.x * size.y - 1u; }

