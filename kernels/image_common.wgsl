// What the host says of each image of a batch (see preprocessing/batch_images.ts), for the kernels that prepare images.

struct Picture {
  pixels: u32,       // first byte of its pixels
  rows: u32,         // first word of the taps of its rows
  columns: u32,      // first word of the taps of its columns
  rowTaps: u32,      // taps of a row; 0: there is no picture, and the image is all zeros
  columnTaps: u32,   // taps of a column
  changes: u32,      // changes of colour, the first one in the lowest four bits; see image_color_common.wgsl
  brightness: f32,   // added
  saturation: f32,   // factor
  hue: f32,          // added, in turns
  contrast: f32,     // factor
  noise: u32,        // decides the noise in the erased box
  partner: u32,      // image that is mixed in
  share: f32,        // of the image's own values, outside of the pasted box
  erased: vec4u,     // top, left, height and width of a box that becomes noise
  pasted: vec4u,     // and of one in which the partner is seen
}

// Luminance, as in tf.image.rgb_to_grayscale.
const LUMINANCE = vec3f(0.2989, 0.587, 0.114);
