// Regions of the film and their weights: reading, colours, outlines and words.

const SIDES = { for: [245, 134, 38], against: [74, 150, 255] };
const NEUTRAL = [168, 173, 180]; // of a region that is not coloured
const OUTLINED_FROM = 0.1; // of full strength; a weaker region has its faint colour and no line
const CALLED = {
  Region: {
    alone: msg("Region {number}"),
    inZone: msg("{zone}, region {number}"),
    hint: msg("Point at the film, or press the full stop, for a region's outline."),
  },
  Place: {
    alone: msg("Place {number}"),
    inZone: msg("{zone}, place {number}"),
    hint: msg("Point at the film, or press the full stop, for a place's outline."),
  },
};
const FOR_PNEUMONIA = msg("{weight} for pneumonia");
const AGAINST_PNEUMONIA = msg("{weight} against pneumonia");

function readRegions(described) {
  if (!described) return null;
  const bytes = Uint8Array.from(atob(described.labels), (letter) => letter.charCodeAt(0));
  const weights = described.weights;
  const order = weights
    .map((_, label) => label)
    .sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
  const rank = [];
  order.forEach((label, place) => (rank[label] = place + 1));
  const largest = Math.max(...weights.map(Math.abs));
  const labels = new Uint16Array(bytes.buffer);
  return { ...described, labels, weights, order, rank, largest };
}

function sideOf(weight) {
  return weight >= 0 ? "for" : "against";
}

// From 0, not coloured, to 1: the same weight has the same strength on every film.
function strengthOf({ weights, least, full }, label) {
  const weight = Math.abs(weights[label]);
  return weight < least ? 0 : Math.min(1, weight / full);
}

function isOf(regions, label, side) {
  return side === "both" || side === sideOf(regions.weights[label]);
}

function colourOf(regions, label) {
  return strengthOf(regions, label) > 0 ? SIDES[sideOf(regions.weights[label])] : NEUTRAL;
}

function signed(weight) {
  const decimals = Math.abs(weight) < 0.0995 ? 3 : 2;
  const digits = numeral(Math.abs(weight), decimals);
  if (Number(Math.abs(weight).toFixed(decimals)) === 0) return digits;
  return (weight < 0 ? "\u2212" : "+") + digits;
}

function calledOf({ called }) {
  return CALLED[called] ?? CALLED.Region;
}

function regionWords(regions, label) {
  const weight = regions.weights[label];
  const { alone, inZone } = calledOf(regions);
  const zone = regions.zones[label];
  const rank = tr("Rank {rank} of {n}", { rank: regions.rank[label], n: regions.weights.length });
  return {
    name: tr(zone ? inZone : alone, { zone, number: label + 1 }),
    weight: tr(weight >= 0 ? FOR_PNEUMONIA : AGAINST_PNEUMONIA, { weight: signed(weight) }),
    detail: `${rank} \u00b7 ${regions.unit}`,
  };
}

// One pixel per label cell; alpha is the region's strength.
function overlayImage(regions, side) {
  const { width, height, labels, weights } = regions;
  const image = new ImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  const colours = weights.map((weight, label) => {
    if (!isOf(regions, label, side)) return 0;
    const [red, green, blue] = SIDES[sideOf(weight)];
    const alpha = Math.round(255 * strengthOf(regions, label));
    return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
  for (let cell = 0; cell < labels.length; cell++) out[cell] = colours[labels[cell]];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// The border, in label cells, of all cells for which `inside(label)` holds.
function outline(regions, inside) {
  const path = new Path2D();
  addBorders(path, regions, inside, false);
  addBorders(path, regions, inside, true);
  return path;
}

// Walks along the lines between cells and joins neighbouring border pieces into one stroke.
function addBorders(path, { width, height, labels }, inside, upright) {
  const lines = upright ? width : height;
  const steps = upright ? height : width;
  const labelAt = (line, step) => {
    if (line < 0 || line >= lines) return -1;
    return upright ? labels[step * width + line] : labels[line * width + step];
  };
  for (let line = 0; line <= lines; line++) {
    let start = -1;
    for (let step = 0; step <= steps; step++) {
      const before = step < steps ? labelAt(line - 1, step) : -1;
      const after = step < steps ? labelAt(line, step) : -1;
      const isBorder =
        before !== after && ((before >= 0 && inside(before)) || (after >= 0 && inside(after)));
      if (isBorder && start < 0) start = step;
      if (isBorder || start < 0) continue;
      path.moveTo(upright ? line : start, upright ? start : line);
      path.lineTo(upright ? line : step, upright ? step : line);
      start = -1;
    }
  }
}

// Centre of a region as shares of the film's width and height.
function middleOf({ width, height, labels, box }, label) {
  let [x, y, cells] = [0, 0, 0];
  for (let cell = 0; cell < labels.length; cell++) {
    if (labels[cell] !== label) continue;
    x += (cell % width) + 0.5;
    y += Math.floor(cell / width) + 0.5;
    cells += 1;
  }
  const [top, left, bottom, right] = box;
  return {
    x: left + ((right - left) * x) / (cells || 1) / width,
    y: top + ((bottom - top) * y) / (cells || 1) / height,
  };
}
