// The film's carrier: draws nothing, decodes the bytes into a pyramid and puts it on a shelf that
// the viewers of this page share. One film per mounted carrier, so a replaced film is dropped.

const shelf = (globalThis[Symbol.for("first-read.films")] ??= {
  films: new Map(),
  listeners: new Set(),
});

const SMALLEST_LEVEL_PX = 64;

// A carrier that moves on the page is mounted again before the old one is removed.
const owners = new Map();

export default mounting(({ key, parentElement }) => ({
  receive(bytes) {
    put(key, bytes);
    owners.set(key, parentElement);
  },
  close() {
    if (owners.get(key) === parentElement) shelf.films.delete(key);
  },
}));

function put(key, bytes) {
  const arrived = performance.now();
  let film;
  try {
    const header = readHeader(bytes);
    if (shelf.films.get(key)?.film === header.film) return;
    shelf.films.delete(key);
    film = { ...header, arrived, levels: buildPyramid(header, readPixels(header, bytes)) };
  } catch (error) {
    film = { film: null, error: error.message, counted: error.counted };
  }
  shelf.films.set(key, film);
  for (const listener of shelf.listeners) listener();
}

function readHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, offset: 4 + length };
}

function readPixels(header, bytes) {
  const expected = header.width * header.height * (header.bits / 8);
  const arrived = bytes.length - header.offset;
  if (arrived !== expected) {
    throw Object.assign(new Error("bytes are missing"), { counted: { arrived, expected } });
  }
  const body = bytes.subarray(header.offset);
  // A 16-bit view must start at an even address, which only a copy has for sure.
  return header.bits === 8 ? body : new Uint16Array(body.slice().buffer);
}

function buildPyramid({ width, height }, pixels) {
  const levels = [{ width, height, pixels }];
  for (let last = levels[0]; Math.max(last.width, last.height) > SMALLEST_LEVEL_PX; ) {
    last = halve(last);
    levels.push(last);
  }
  return levels;
}

// A level pixel is the mean of 2 x 2; at an odd edge the last row or column counts twice.
function halve({ width, height, pixels }) {
  const halfWidth = (width + 1) >> 1;
  const halfHeight = (height + 1) >> 1;
  const half = new pixels.constructor(halfWidth * halfHeight);
  for (let y = 0; y < halfHeight; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < halfWidth; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      const sum =
        pixels[upper + left] + pixels[upper + right] + pixels[lower + left] + pixels[lower + right];
      half[y * halfWidth + x] = (sum + 2) >> 2;
    }
  }
  return { width: halfWidth, height: halfHeight, pixels: half };
}
