// Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2015): a tile of 6x6 pixels meets a 3x3 kernel in 36 products instead
// of 144. The points are 0, +-a, +-b and infinity with a = 3/4 and b = 3/2, which are exact and round half as much as 1 and 2.

const a1 = 0.75;
const a2 = 0.5625;      // a^2
const a3 = 0.421875;    // a^3
const b1 = 1.5;
const b2 = 2.25;        // b^2
const b3 = 3.375;       // b^3
const sum = 2.8125;     // a^2 + b^2
const product = 1.265625; // a^2 b^2
