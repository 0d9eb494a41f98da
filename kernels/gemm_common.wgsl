// What the kernels of products share: their parameters, where rows and steps of a lie, and where rows of y go. The text stands
// between that of the epilogue and that of gemm.wgsl or gemm_shared.wgsl, which declare a, b and y.
//
// a lies in one of two layouts. In `rows`, [m, k] in vec4 along k, or the windows that slide over an image: a row is a place of
// the window, and k counts through its taps and their channels. In `steps`, [k, m] in vec4 along m. Rows as well as steps are
// counted through three dimensions with a stride each. Lines marked with @ rows or @ steps are for that layout only.

struct Params {
  first: vec2u,           // row and vec4 column of y at which the launch begins
  m: u32,                 // row of y at which it ends
  m4: u32,                // vec4 rows of y
  n4: u32,                // vec4 in a k of b, and in a row of y
  laneColumns: u32,
  tilesN: u32,            // workgroups along n
  splits: u32,
  activation: u32,        // 0 none, 1 relu, 2 relu6
  epilogue: u32,
  epsilon: f32,
  factor: f32,
  rowDims: vec2u,         // the inner two of the three dimensions that rows of a count through; in `steps` a row is a vec4
  columnDims: vec2u,      // the same of k; in `rows` k is counted in vec4
  rowStrides: vec3u,      // strides, bases and batches are in vec4
  aBase: u32,
  columnStrides: vec3u,
  rowFirst: u32,          // first row of a that is taken
  outStrides: vec3u,
  outBase: u32,
  outDims: vec2u,
  kFirst: u32,            // first vec4 or step of k: b begins there
  kCount: u32,            // steps of k
  chunk: u32,             // groups of four steps that the registers add up before they are added to the tile: short sums round less
  chunks: u32,            // of those, before the tile is added to the total
  size: vec2u,            // of the image, for windows: whether a tap is inside
  stride: vec2u,
  rate: vec2u,
  pad: vec2u,             // may be negative
  taps: vec2u,
  tapRows: u32,           // a bit for the first tap of each row of the window
  aBatch: u32,            // from one product of a batch to the next
  bBatch: u32,
  yBatch: u32,
  splitStride: u32,       // of y, from one split to the next
}

@group(0) @binding(0) var<uniform> p: Params;

// A place among three dimensions, and where that is in memory. Going on to the next place needs no division.
struct Place { at: u32, column: u32, row: u32, rows: u32 }

fn placeOf(i: u32, dims: vec2u, strides: vec3u) -> Place {
  let rows = i / dims.y;
  let column = i - rows * dims.y;
  let image = rows / dims.x;
  let row = rows - image * dims.x;
  return Place(image * strides.x + row * strides.y + column * strides.z, column, row, rows);
}

fn next(place: Place, dims: vec2u, strides: vec3u) -> Place {
  let column = place.column + 1u;
  let isRow = column == dims.y;
  let row = place.row + select(0u, 1u, isRow);
  let isImage = row == dims.x;
  let jump = select(0u, strides.y - dims.y * strides.z, isRow) + select(0u, strides.x - dims.x * strides.y, isImage);
  return Place(
    place.at + strides.z + jump, select(column, 0u, isRow), select(row, 0u, isImage), place.rows + select(0u, 1u, isRow),
  );
}

// The taps [first, end) along an axis that lie inside, for a window that begins at `start`. Halves keep division exact.
fn tapsInside(start: i32, size: u32, rate: u32, taps: u32) -> vec2u {
  let edges = ceil((vec2f(vec2i(-start, i32(size) - start)) - 0.5) / f32(rate));
  return vec2u(clamp(vec2i(edges), vec2i(0), vec2i(i32(taps))));
}

fn bitsOf(range: vec2u) -> u32 { return (1u << range.y) - (1u << min(range.x, range.y)); }

// A bit for each tap that is not inside the image when the window lies at some place of its output.
fn tapsOutside(place: Place) -> u32 {
  let start = vec2i(vec2u(place.row, place.column) * p.stride - p.pad);
  let rows = tapsInside(start.x, p.size.x, p.rate.x, p.taps.x);
  let columns = tapsInside(start.y, p.size.y, p.rate.y, p.taps.y);
  return ~(bitsOf(columns) * (p.tapRows & bitsOf(rows * p.taps.y)));
}
