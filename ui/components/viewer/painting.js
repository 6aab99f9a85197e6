// From a film's pyramid to the canvas: cost follows the canvas, never the film.

const LUT_SIZE = 4096;
const STAGE_RGBA = 0xff0c0a09; // little-endian ABGR of #090a0c, as in viewer.css
const WEIGHT_BITS = 7; // 16-bit levels times two 7-bit weights stay inside a signed 32-bit integer

// The window's centre and width are in percent of the film's grey range.
function fillLut(lut, highest, { centre, width, invert }) {
  for (let index = 0; index < LUT_SIZE; index++) {
    const percent = (100 * index) / highest;
    const shown = Math.min(1, Math.max(0, (percent - centre + width / 2) / width));
    const grey = Math.round(255 * (invert ? 1 - shown : shown));
    lut[index] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
}

// Highest LUT index that the film's white reaches, and the shift that brings a sum there.
function lutScale(bits) {
  return bits === 8
    ? { highest: 255 << 4, shift: 2 * WEIGHT_BITS - 4 }
    : { highest: 65535 >> 4, shift: 2 * WEIGHT_BITS + 4 };
}

function chooseLevel(levels, scale) {
  const wanted = Math.floor(Math.log2(1 / scale) + 0.35);
  return Math.min(levels.length - 1, Math.max(0, wanted));
}

// For each output pixel along one axis: the source pixel before it and the weight of the next.
// `stride` is the distance of neighbours in the array, so an axis of the output can be either of the
// film's; a reversed one begins at the film's far end.
function sampleAxis(count, origin, scale, { film, level, stride, tileStep, reversed }, reduction) {
  const before = new Int32Array(count);
  const after = new Int32Array(count);
  const weight = new Int32Array(count);
  const tiles = new Int32Array(count);
  const tileWeight = new Int32Array(count);
  const whole = 1 << WEIGHT_BITS;
  const extent = film * scale;
  const first = Math.max(0, Math.ceil(origin - 0.5));
  const end = Math.max(first, Math.min(count, Math.ceil(origin + extent - 0.5)));
  for (let i = first; i < end; i++) {
    const shown = (i + 0.5 - origin) / scale;
    const along = reversed ? film - shown : shown;
    const position = Math.max(0, along / reduction - 0.5);
    const index = Math.min(level - 1, Math.floor(position));
    before[i] = index * stride;
    after[i] = Math.min(level - 1, index + 1) * stride;
    weight[i] = Math.round((position - index) * whole);
    const near = tileAt(along, film);
    tiles[i] = near.tile * tileStep;
    tileWeight[i] = near.weight;
  }
  return { before, after, weight, tiles, tileWeight, tileStep, first, end };
}

// `view` maps the turned film's pixels to output pixels: x_out = x + scale * x_shown; `turn` is as in
// turning.js, `curves` as in contrast.js.
function paintFilm(film, view, turn, lut, image, curves) {
  const out = new Uint32Array(image.data.buffer);
  const number = chooseLevel(film.levels, view.scale);
  const { pixels, width, height } = film.levels[number];
  const reduction = 1 << number;
  const sides = {
    x: { film: film.width, level: width, stride: 1, tileStep: TILE_STEPS.x },
    y: { film: film.height, level: height, stride: width, tileStep: TILE_STEPS.y },
  };
  const [across, down] = axesOf(turn).map(({ side, reversed }) => ({ ...sides[side], reversed }));
  const columns = sampleAxis(image.width, view.x, view.scale, across, reduction);
  const rows = sampleAxis(image.height, view.y, view.scale, down, reduction);
  out.fill(STAGE_RGBA);
  const { shift } = lutScale(film.bits);
  for (let y = rows.first; y < rows.end; y++) {
    const upper = rows.before[y];
    const lower = rows.after[y];
    const row = [out, y * image.width, pixels, upper, lower, rows.weight[y], columns, lut, shift];
    if (!curves) paintRow(...row);
    else paintEqualisedRow(...row, curves, tileOf(rows, y));
  }
}

function tileOf({ tiles, tileWeight, tileStep }, y) {
  return { from: tiles[y], weight: tileWeight[y], step: tileStep };
}

function paintRow(out, start, pixels, upper, lower, down, columns, lut, shift) {
  const { before, after, weight, first, end } = columns;
  const up = (1 << WEIGHT_BITS) - down;
  for (let x = first; x < end; x++) {
    const left = before[x];
    const right = after[x];
    const toRight = weight[x];
    const toLeft = 128 - toRight;
    const above = pixels[upper + left] * toLeft + pixels[upper + right] * toRight;
    const below = pixels[lower + left] * toLeft + pixels[lower + right] * toRight;
    out[start + x] = lut[(above * up + below * down) >> shift];
  }
}
