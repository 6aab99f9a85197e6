// The worklist's words for a film, and the orders it can be sorted in.

const QUALITIES = ["refused", "caution", "good", "waiting"];
const SHAPES = {
  refused: "M2 2h8v8h-8zM2 10 10 2",
  caution: "M6 1.8 10.8 10.2H1.2zM6 5v2.2M6 8.7v.1",
  good: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  waiting: "M2 6h.1M6 6h.1M10 6h.1",
};
const BAND_WORDS = { above: "suspicious", below: "not suspicious", unsure: "unsure", none: "" };

// --- order ---------------------------------------------------------------------------------------

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// Between the probabilities of the other bands: all films of a band then stand together.
const BAND_PLACES = { above: 3, unsure: 2, below: 1 };

function suspicionOf(row) {
  if (row.probability !== null) return row.probability;
  if (row.band !== "none") return BAND_PLACES[row.band];
  return row.quality === "waiting" ? -1 : -2;
}

function turnToRead(row) {
  if (row.signed) return 3;
  if (row.quality === "waiting") return 1;
  return row.band === "none" ? 2 : 0;
}

const byUpload = (a, b) => a.place - b.place;
const bySuspicion = (a, b) => suspicionOf(b) - suspicionOf(a) || byUpload(a, b);

const ORDERS = {
  suspicion: { words: "Most suspicious first", compare: bySuspicion },
  name: {
    words: "Name",
    compare: (a, b) => names.compare(a.name, b.name) || byUpload(a, b),
  },
  quality: {
    words: "Worst quality first",
    compare: (a, b) =>
      QUALITIES.indexOf(a.quality) - QUALITIES.indexOf(b.quality) || bySuspicion(a, b),
  },
  status: {
    words: "To read first",
    compare: (a, b) => turnToRead(a) - turnToRead(b) || bySuspicion(a, b),
  },
  upload: { words: "Order of upload", compare: byUpload },
};

// A browser may forbid storage; the order then lasts as long as the page.
function recallOrder(key) {
  try {
    const order = sessionStorage.getItem(`first-read.worklist.${key}`);
    return order in ORDERS ? order : "suspicion";
  } catch {
    return "suspicion";
  }
}

function keepOrder(key, order) {
  try {
    sessionStorage.setItem(`first-read.worklist.${key}`, order);
  } catch {
    return;
  }
}

// --- words ---------------------------------------------------------------------------------------

function countWords(rows) {
  const signed = rows.filter((row) => row.signed).length;
  const films = rows.length === 1 ? "1 film" : `${rows.length} films`;
  return signed ? `${films}, ${signed} signed` : films;
}

function bandSentence({ band }) {
  if (band === "none") return "No score";
  if (band === "unsure") return "Unsure: read with care";
  return band === "above" ? "Suspicious for pneumonia" : "Not suspicious for pneumonia";
}

function qualitySentence({ quality, note }) {
  return note ? `Quality: ${quality}. ${note}` : `Quality: ${quality}`;
}

function rowSentence(row) {
  const name = row.synthetic ? `${row.name}, synthetic` : row.name;
  const parts = [name, bandSentence(row), qualitySentence(row), row.status];
  return parts.map((part) => part.replace(/\.$/, "")).join(". ");
}

// --- one film ------------------------------------------------------------------------------------

function fillRow(node, row, operatingPoint) {
  const scored = row.probability !== null;
  const find = (name) => node.querySelector(`.${name}`);
  node.classList.toggle("signed", row.signed);
  node.dataset.quality = row.quality;
  node.dataset.band = row.band;
  node.setAttribute("aria-label", rowSentence(row));
  find("name").textContent = row.name;
  find("name").title = row.name;
  find("scale").hidden = !scored;
  find("tick").hidden = operatingPoint === null;
  find("scale").style.setProperty("--tick", operatingPoint ?? 0);
  find("scale").style.setProperty("--dot", scored ? row.probability : 0);
  const banded = row.band !== "none";
  const words = banded ? BAND_WORDS[row.band] : row.note || "no score yet";
  find("band").textContent = words;
  find("score").title = scored ? bandSentence(row) : words;
  node.querySelector(".quality path").setAttribute("d", SHAPES[row.quality]);
  find("quality").title = qualitySentence(row);
  find("drawn").hidden = !row.synthetic;
  find("word").textContent = row.quality;
  find("status").textContent = row.status;
  find("status").hidden = row.status === row.quality;
  find("status").title = row.status;
}
