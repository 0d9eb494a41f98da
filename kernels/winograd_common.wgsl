// Winograd's minimal filtering (Lavin and Gray 2015): tiles of 6x6 pixels meet a 3x3 kernel in 4x4 places by 36 products.
// That is a product of polynomials by their values at six points: 0, +-a, +-b and infinity, with a = 3/4 and b = 3/2, which are
// exact and round half as much as 1 and 2. `reach` is the length of the polynomial: 3 taps or 4 places.
//
// Loops are written out where they index registers: lavapipe reads an element whose index it does not know lane by lane. What is
// stored by much code, vec4 after vec4, is so stored in one loop at the end.

const reach = 3u;
const a2 = 0.5625;        // a^2
const b2 = 2.25;
const sum = 2.8125;       // a^2 + b^2
const product = 1.265625; // a^2 b^2
const a = array<f32, 4>(1.0, 0.75, 0.5625, 0.421875);   // powers
const b = array<f32, 4>(1.0, 1.5, 2.25, 3.375);
// What a polynomial's values are divided by: the products of the distances of a point from all others.
const weightOfA = 1.0 / (2.0 * a2 * (a2 - b2));
const weightOfB = 1.0 / (2.0 * b2 * (b2 - a2));

alias Six = array<vec4f, 6>;
alias Terms = array<vec4f, reach>;

// Values of a polynomial.
fn evaluate(d: Terms) -> Six {
  var evenA = vec4f(0.0);
  var oddA = vec4f(0.0);
  var evenB = vec4f(0.0);
  var oddB = vec4f(0.0);
  for (var i = 0u; i < reach; i++) { //@ unroll
    if (i % 2u == 0u) {
      evenA += a[i] * d[i];
      evenB += b[i] * d[i];
    } else {
      oddA += a[i] * d[i];
      oddB += b[i] * d[i];
    }
  }
  return Six(d[0], evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, d[reach - 1u]);
}

// The transpose of evaluate().
fn gather(m: Six) -> Terms {
  var d: Terms;
  for (var i = 0u; i < reach; i++) { //@ unroll
    if (i % 2u == 0u) { d[i] = a[i] * (m[1] + m[2]) + b[i] * (m[3] + m[4]); } else { d[i] = a[i] * (m[1] - m[2]) + b[i] * (m[3] - m[4]); }
  }
  d[0] += m[0];
  d[reach - 1u] += m[5];
  return d;
}

fn weighted(m: Six) -> Six {
  return Six(m[0] * (1.0 / product), m[1] * weightOfA, m[2] * weightOfA, m[3] * weightOfB, m[4] * weightOfB, m[5]);
}
