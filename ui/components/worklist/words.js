// The worklist's words for a film, and the orders it can be sorted in.

const QUALITIES = ["refused", "caution", "good", "waiting"];
const SHAPES = {
  refused: "M2 2h8v8h-8zM2 10 10 2",
  caution: "M6 1.8 10.8 10.2H1.2zM6 5v2.2M6 8.7v.1",
  good: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  waiting: "M2 6h.1M6 6h.1M10 6h.1",
};

// --- order ---------------------------------------------------------------------------------------

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// Between the probabilities of the other sides: all films of a side then stand together.
const SIDE_PLACES = { suspicious: 3, unsure: 2, "not suspicious": 1 };

function suspicionOf(row) {
  if (!row.bySuspicion) return 0;
  if (row.probability !== null) return row.probability;
  if (row.side !== "none") return SIDE_PLACES[row.side];
  return row.quality === "waiting" ? -1 : -2;
}

function turnToRead(row) {
  if (row.done) return 3;
  if (row.quality === "waiting") return 1;
  return row.side === "none" ? 2 : 0;
}

const byUpload = (a, b) => a.place - b.place;
const bySuspicion = (a, b) => suspicionOf(b) - suspicionOf(a) || byUpload(a, b);

const ORDERS = {
  suspicion: { words: msg("Most suspicious first"), compare: bySuspicion },
  name: {
    words: msg("Name"),
    compare: (a, b) => names.compare(a.name, b.name) || byUpload(a, b),
  },
  quality: {
    words: msg("Worst quality first"),
    compare: (a, b) =>
      QUALITIES.indexOf(a.quality) - QUALITIES.indexOf(b.quality) || bySuspicion(a, b),
  },
  status: {
    words: msg("To read first"),
    compare: (a, b) => turnToRead(a) - turnToRead(b) || bySuspicion(a, b),
  },
  upload: { words: msg("Order of upload"), compare: byUpload },
};

function offeredOrders(bySuspicion) {
  return Object.keys(ORDERS).filter((order) => bySuspicion || order !== "suspicion");
}

// A browser may forbid storage; the order then lasts as long as the page.
function recallOrder(key, bySuspicion) {
  const usual = bySuspicion ? "suspicion" : "upload";
  try {
    const order = sessionStorage.getItem(`first-read.worklist.${key}`);
    return offeredOrders(bySuspicion).includes(order) ? order : usual;
  } catch {
    return usual;
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

// The first number is that of the filter above: what stays in the list beyond it is counted apart.
function countWords(rows) {
  const count = (holds) => rows.filter(holds).length;
  const shipped = count((row) => row.shipped);
  const beside = shipped < rows.length ? shipped : 0;
  const away = count((row) => row.putAway);
  const n = rows.length - away - beside;
  const parts = [trn("{n} film", "{n} films", n)];
  if (away) parts.push(trn("{n} put away", "{n} put away", away));
  if (beside) parts.push(trn("{n} synthetic", "{n} synthetic", beside));
  const signed = count((row) => row.signed);
  if (signed) parts.push(trn("{n} signed by you", "{n} signed by you", signed));
  return parts.join(", ");
}

const SIDE_SENTENCES = {
  none: msg("No score"),
  hidden: msg("The model's result is hidden until your first read"),
  unsure: msg("Unsure: read with care"),
  suspicious: msg("Suspicious for pneumonia"),
  "not suspicious": msg("Not suspicious for pneumonia"),
};
const SIDE_WORDS = {
  hidden: msg("model hidden"),
  unsure: msg("unsure"),
  suspicious: msg("suspicious"),
  "not suspicious": msg("not suspicious"),
};
const QUALITY_WORDS = {
  refused: msg("refused"),
  caution: msg("caution"),
  good: msg("good"),
  waiting: msg("waiting"),
};

function sideSentence({ side }) {
  return tr(SIDE_SENTENCES[side]);
}

function qualitySentence({ quality, note }) {
  const words = tr("Quality: {quality}", { quality: tr(QUALITY_WORDS[quality]) });
  return note ? `${words}. ${note}` : words;
}

function rowSentence(row) {
  const name = row.synthetic ? tr("{name}, synthetic", { name: row.name }) : row.name;
  const parts = [name, sideSentence(row), qualitySentence(row), row.status];
  return parts.map((part) => part.replace(/\.$/, "")).join(". ");
}

// --- one film ------------------------------------------------------------------------------------

function fillRow(node, row, operatingPoint) {
  const scored = row.probability !== null;
  const find = (name) => node.querySelector(`.${name}`);
  node.classList.toggle("signed", row.done);
  node.dataset.quality = row.quality;
  node.dataset.side = row.side;
  node.setAttribute("aria-label", rowSentence(row));
  find("name").textContent = row.name;
  find("name").title = row.name;
  find("scale").hidden = !scored;
  find("tick").hidden = operatingPoint === null;
  find("scale").style.setProperty("--tick", operatingPoint ?? 0);
  find("scale").style.setProperty("--dot", scored ? row.probability : 0);
  const hidden = row.side === "hidden";
  const words = row.side === "none" ? row.note || tr("no score yet") : tr(SIDE_WORDS[row.side]);
  find("side").textContent = words;
  const told = [sideSentence(row)];
  if (scored) told.push(tr("The scale shows the run's score and the threshold"));
  find("score").title = scored || hidden ? told.join(". ") : words;
  node.querySelector(".quality path").setAttribute("d", SHAPES[row.quality]);
  find("quality").title = qualitySentence(row);
  find("drawn").hidden = !row.synthetic;
  find("word").textContent = tr(QUALITY_WORDS[row.quality]);
  find("status").textContent = row.status;
  find("status").hidden = row.status === tr(QUALITY_WORDS[row.quality]);
  find("status").title = row.status;
}
