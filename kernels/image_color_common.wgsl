// Changes of colour, as tf.image.adjust_brightness, adjust_saturation, adjust_hue and adjust_contrast make them.
// image_common.wgsl stands before this text.

const SATURATION = 2u;
const HUE = 3u;
const CONTRAST = 4u;
const TO_HSV = 5u;
const FROM_HSV = 6u;

// Hue in sixths of a turn, smallest and largest value.
fn hueAndRange(c: vec3f) -> vec3f {
  let least = min(c.x, min(c.y, c.z));
  let most = max(c.x, max(c.y, c.z));
  let range = most - least;
  if (range <= 0.0) { return vec3f(0.0, least, most); }
  var hue = 4.0 + (c.x - c.y) / range;
  if (c.x == most) { hue = (c.y - c.z) / range; } else if (c.y == most) { hue = 2.0 + (c.z - c.x) / range; }
  return vec3f(select(hue, hue + 6.0, hue < 0.0), least, most);
}

// The colour of a hue in 0 to 6, smallest and largest value.
fn colorOf(hue: f32, least: f32, most: f32) -> vec3f {
  let away = abs(vec3f(hue) - vec3f(3.0, 2.0, 4.0));
  let share = clamp(vec3f(-1.0, 2.0, 2.0) + vec3f(1.0, -1.0, -1.0) * away, vec3f(0.0), vec3f(1.0));
  return least + share * (most - least);
}

fn saturationOf(h: vec3f) -> f32 {
  return select(0.0, (h.z - h.y) / h.z, h.z > 0.0);
}

// One change; `mean` is that of each channel over the image.
fn change(c: vec3f, kind: u32, picture: Picture, mean: vec3f) -> vec3f {
  if (kind == CONTRAST) { return (c - mean) * picture.contrast + mean; }
  if (kind < SATURATION) { return c + select(0.0, picture.brightness, kind == 1u); }
  if (kind == FROM_HSV) { return colorOf(6.0 * c.x, c.z - c.y * c.z, c.z); }
  let h = hueAndRange(c);
  if (kind == SATURATION) { return colorOf(h.x, h.z - clamp(saturationOf(h) * picture.saturation, 0.0, 1.0) * h.z, h.z); }
  if (kind == TO_HSV) { return vec3f(h.x / 6.0, saturationOf(h), h.z); }
  let turned = h.x + 6.0 * picture.hue;
  return colorOf(turned - 6.0 * floor(turned / 6.0), h.y, h.z);
}
