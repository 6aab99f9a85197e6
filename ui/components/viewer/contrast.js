// Windows from the film's own greys, and contrast-limited adaptive histogram equalisation (CLAHE):
// K. Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994,
// pp. 474-485. Each tile has a curve of its own; a pixel takes the mean of the four nearest, weighted
// by distance. The curves are computed once for a film, from a small level of its pyramid, and applied
// to what is painted. Greys are indices of the window's table (LUT_SIZE).

const PROCESSED = msg("Processed: contrast equalised");
const TILES = 8; // along each side
const CLIP = 2.5; // a grey counts at most as much as so many times an even share
const TILE_STEPS = { x: LUT_SIZE, y: TILES * LUT_SIZE }; // from a tile's curve to the next one's
const BIN_BITS = 4; // 16 greys of the table in a bin, so 256 bins
const STATISTICS_PX = 1024; // longer side of the level that is counted
const INNER = [1 / 6, 5 / 6]; // of each side: without collimators and markers

// Shares of the inner pixels that are darker than the window's ends.
const PRESETS = {
  full: null,
  lungs: [0.02, 0.98],
  mediastinum: [1 / 2, 1],
  bones: [2 / 3, 1],
};

function countedLevel({ levels }) {
  return levels.find(({ width, height }) => Math.max(width, height) <= STATISTICS_PX);
}

// The table's index of a level's grey.
function indexOf(bits) {
  return bits === 8 ? (grey) => grey << 4 : (grey) => grey >> 4;
}

function tileCurves(film) {
  const { width, height, pixels } = countedLevel(film);
  const index = indexOf(film.bits);
  const bins = LUT_SIZE >> BIN_BITS;
  const counts = new Float64Array(TILES * TILES * bins);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * TILES) / height) * TILES;
    for (let x = 0; x < width; x++) {
      const tile = row + Math.floor((x * TILES) / width);
      counts[tile * bins + (index(pixels[y * width + x]) >> BIN_BITS)] += 1;
    }
  }
  const curves = new Uint16Array(TILES * TILES * LUT_SIZE);
  for (let tile = 0; tile < TILES * TILES; tile++) {
    const curve = curves.subarray(tile * LUT_SIZE, (tile + 1) * LUT_SIZE);
    fillCurve(curve, counts.subarray(tile * bins, (tile + 1) * bins), lutScale(film.bits).highest);
  }
  return curves;
}

// What exceeds the limit goes to all bins alike; inside a bin the curve is straight.
function fillCurve(curve, counts, highest) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return curve.forEach((_, grey) => (curve[grey] = Math.min(grey, highest)));
  const limit = (CLIP * total) / counts.length;
  const clipped = counts.map((count) => Math.min(count, limit));
  const spread = (total - clipped.reduce((sum, count) => sum + count, 0)) / counts.length;
  const step = highest / total / (1 << BIN_BITS);
  let reached = 0;
  for (let grey = 0; grey < LUT_SIZE; grey++) {
    const rise = (clipped[grey >> BIN_BITS] + spread) * step;
    curve[grey] = Math.min(highest, Math.round(reached + rise / 2));
    reached += rise;
  }
  return curve;
}

// For a place along an axis, in film pixels: the tile before it and the weight of the next, in 128ths.
function tileAt(along, film) {
  const place = Math.min(TILES - 1, Math.max(0, (along / film) * TILES - 0.5));
  const tile = Math.min(TILES - 2, Math.floor(place));
  return { tile, weight: Math.round((place - tile) * (1 << WEIGHT_BITS)) };
}

// Of the film's middle, as a person sees it: how many pixels have each grey of the table.
function innerGreys(film, curves) {
  const { width, height, pixels } = countedLevel(film);
  const index = indexOf(film.bits);
  const counts = new Uint32Array(LUT_SIZE);
  const [from, to] = INNER;
  for (let y = Math.floor(height * from); y < height * to; y++) {
    const down = curves && tileAt(y + 0.5, height);
    for (let x = Math.floor(width * from); x < width * to; x++) {
      const grey = index(pixels[y * width + x]);
      counts[curves ? equalisedAt(curves, grey, tileAt(x + 0.5, width), down) : grey] += 1;
    }
  }
  return counts;
}

function equalisedAt(curves, grey, across, down) {
  const first = across.tile * TILE_STEPS.x + down.tile * TILE_STEPS.y + grey;
  return equalised(curves, first, TILE_STEPS.x, across.weight, TILE_STEPS.y, down.weight);
}

// `first` is where the grey lies in the nearest curves' first; the others are a step away from it.
function equalised(curves, first, acrossStep, toRight, downStep, toLower) {
  const second = first + downStep;
  const toLeft = 128 - toRight;
  const above = curves[first] * toLeft + curves[first + acrossStep] * toRight;
  const below = curves[second] * toLeft + curves[second + acrossStep] * toRight;
  return (above * (128 - toLower) + below * toLower) >> (2 * WEIGHT_BITS);
}

// As paintRow of painting.js, with the tiles' curves between the film's grey and the window.
function paintEqualisedRow(out, start, pixels, upper, lower, down, columns, lut, shift, curves, tile) {
  const { before, after, weight, tiles, tileWeight, tileStep, first, end } = columns;
  const up = 128 - down;
  for (let x = first; x < end; x++) {
    const left = before[x];
    const right = after[x];
    const toRight = weight[x];
    const toLeft = 128 - toRight;
    const above = pixels[upper + left] * toLeft + pixels[upper + right] * toRight;
    const below = pixels[lower + left] * toLeft + pixels[lower + right] * toRight;
    const grey = (above * up + below * down) >> shift;
    const at = tile.from + tiles[x] + grey;
    out[start + x] = lut[equalised(curves, at, tileStep, tileWeight[x], tile.step, tile.weight)];
  }
}

// The darkest grey that at least this share of the pixels does not exceed.
function greyAtShare(counts, share) {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (let grey = 0; grey < counts.length; grey++) {
    sum += counts[grey];
    if (sum > 0 && sum >= wanted) return grey;
  }
  return counts.length - 1;
}

const contrast = {
  get curves() {
    const { film } = this;
    return this.state.equalise ? (film.curves ??= tileCurves(film)) : null;
  },

  // Under the view's turn and window, with the tiles' curves where contrast is equalised.
  paint(view, image) {
    const { film, state, lut } = this;
    fillLut(lut, lutScale(film.bits).highest, { ...state.window, invert: state.invert });
    paintFilm(film, view, state.turn, lut, image, this.curves);
  },

  equalise() {
    this.state.equalise = !this.state.equalise;
    this.announceMark(this.state.equalise ? tr(PROCESSED) : tr("The film is not processed"));
    if (this.state.preset) this.showPreset(this.state.preset);
    this.request();
  },

  showContrast() {
    const { equalise, preset } = this.state;
    this.find("[data-act=equalise]").setAttribute("aria-pressed", String(equalise));
    this.find("[data-role=preset]").value = preset ?? "";
  },

  nextPreset() {
    const names = Object.keys(PRESETS);
    const next = names[(names.indexOf(this.state.preset) + 1) % names.length];
    this.showPreset(next);
    const shown = this.find(`[data-role=preset] [value=${next}]`);
    this.announceMark(tr("Window: {name}", { name: shown.textContent }));
  },

  showPreset(name) {
    this.state.window = this.presetWindow(PRESETS[name]);
    this.state.preset = name;
    this.request();
  },

  presetWindow(shares) {
    if (!shares) return { ...DEFAULT_WINDOW };
    const counts = innerGreys(this.film, this.curves);
    const { highest } = lutScale(this.film.bits);
    const [low, high] = shares.map((share) => (100 * greyAtShare(counts, share)) / highest);
    return { centre: (low + high) / 2, width: Math.max(1, high - low) };
  },
};

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(contrast))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
