// An operation of RandAugment on one image, as preprocessing/rand_augment.ts describes it.

struct Distortion {
  row: vec3f,        // where an output lies: row = dot(row, (i, j, 1)), column = dot(column, (i, j, 1)), counted from the centre
  kind: u32,
  column: vec3f,
  amount: f32,
}

const MOVE = 1u;
const COLOR = 2u;
const SHARPNESS = 3u;
const AUTO_CONTRAST = 4u;   // this and those that follow go by tables
const EQUALIZE = 5u;
const CONTRAST = 6u;
const BRIGHTNESS = 7u;
const POSTERIZE = 8u;

// Luminance as in Pillow.
const LUMINANCE = vec3f(0.299, 0.587, 0.114);
