// The worklist: one instance per mounted element. Nodes live as long as their film is listed, so a
// rerun of the page keeps scroll position and focus. Only choosing a film speaks to Python; the
// numbers that settle who spoke last are described in choice.py.
// For tests the list carries data-render-ms.

const shelf = (globalThis[Symbol.for("first-read.thumbnails")] ??= {
  lists: new Map(),
  listeners: new Set(),
});
const mounted = new WeakMap();

const CHOOSE_AFTER_MS = 150;

const QUALITIES = ["refused", "caution", "good", "waiting"];
const SHAPES = {
  refused: "M2 2h8v8h-8zM2 10 10 2",
  caution: "M6 1.8 10.8 10.2H1.2zM6 5v2.2M6 8.7v.1",
  good: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  waiting: "M2 6h.1M6 6h.1M10 6h.1",
};
const BAND_WORDS = { above: "above", below: "below", none: "" };

export default function ({ data, parentElement, setStateValue }) {
  let list = mounted.get(parentElement);
  if (!list) {
    list = new Worklist(parentElement, data);
    mounted.set(parentElement, list);
  }
  list.receive(data, setStateValue);
  return () => {
    list.close();
    mounted.delete(parentElement);
  };
}

// --- order ---------------------------------------------------------------------------------------

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function suspicionOf(row) {
  if (row.probability !== null) return row.probability;
  return row.quality === "waiting" ? -1 : -2;
}

function turnToRead(row) {
  if (row.signed) return 3;
  if (row.quality === "waiting") return 1;
  return row.probability === null ? 2 : 0;
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
  return band === "none" ? "No score" : `Score ${band} the operating point`;
}

function qualitySentence({ quality, note }) {
  return note ? `Quality: ${quality}. ${note}` : `Quality: ${quality}`;
}

function rowSentence(row) {
  const parts = [row.name, bandSentence(row), qualitySentence(row), row.status];
  return parts.map((part) => part.replace(/\.$/, "")).join(". ");
}

// --- the list ------------------------------------------------------------------------------------

class Worklist {
  constructor(parent, { key, heard }) {
    this.root = parent.querySelector(".worklist");
    this.list = this.root.querySelector(".films");
    this.template = this.root.querySelector("template");
    this.select = this.root.querySelector("select");
    this.films = new Map();
    this.shown = [];
    this.serial = 0;
    this.number = heard;
    this.selected = null;
    this.active = null;
    this.order = recallOrder(key);
    this.onThumbnails = () => this.drawThumbnails();
    shelf.listeners.add(this.onThumbnails);
    this.listen();
  }

  close() {
    shelf.listeners.delete(this.onThumbnails);
    clearTimeout(this.choosing);
  }

  listen() {
    const { list, select } = this;
    for (const [order, { words }] of Object.entries(ORDERS)) select.add(new Option(words, order));
    select.value = this.order;
    select.addEventListener("change", () => this.sortBy(select.value));
    list.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("click", (event) => {
      const node = event.target.closest(".film");
      if (node) this.choose(this.shown.find((film) => film.node === node));
    });
    list.addEventListener("focus", () => this.activate(this.active ?? this.shown[0]));
  }

  // --- what Python sends -------------------------------------------------------------------------

  receive(data, setStateValue) {
    const started = performance.now();
    this.data = data;
    this.setStateValue = setStateValue;
    this.root.style.height = `${data.height}px`;
    this.root.querySelector(".count").textContent = countWords(data.rows);
    this.drawRows();
    this.obey(data);
    this.drawThumbnails();
    this.list.dataset.renderMs = (performance.now() - started).toFixed(1);
  }

  obey({ heard, selected }) {
    const uptodate = heard >= this.number;
    this.number = Math.max(heard, this.number);
    if (!uptodate || selected === this.selected) return;
    clearTimeout(this.choosing);
    this.mark(selected);
    this.activate(this.films.get(selected) ?? null);
  }

  drawRows() {
    const listed = new Set();
    this.data.rows.forEach((row, place) => {
      listed.add(row.key);
      this.drawRow({ ...row, place });
    });
    for (const [key, film] of this.films) {
      if (!listed.has(key)) this.remove(key, film);
    }
    this.arrange();
  }

  remove(key, film) {
    film.node.remove();
    this.films.delete(key);
    if (this.active === film) this.activate(null);
  }

  drawRow(row) {
    const film = this.films.get(row.key) ?? this.addFilm(row.key);
    film.row = row;
    const drawn = JSON.stringify([row, this.data.operatingPoint]);
    if (film.drawn === drawn) return;
    film.drawn = drawn;
    fillRow(film.node, row, this.data.operatingPoint);
  }

  addFilm(key) {
    const node = this.template.content.firstElementChild.cloneNode(true);
    const image = node.querySelector("img");
    image.addEventListener("error", () => (image.hidden = true));
    node.id = `film-${this.serial++}`;
    node.setAttribute("aria-selected", String(key === this.selected));
    const film = { node, image, drawn: "", thumbnail: undefined };
    this.films.set(key, film);
    return film;
  }

  // Moves only the nodes that are out of place.
  arrange() {
    const { compare } = ORDERS[this.order];
    this.shown = [...this.films.values()].sort((a, b) => compare(a.row, b.row));
    let next = this.list.firstElementChild;
    for (const { node } of this.shown) {
      if (node === next) next = next.nextElementSibling;
      else this.list.insertBefore(node, next);
    }
  }

  drawThumbnails() {
    if (!this.data) return;
    const thumbnails = shelf.lists.get(this.data.key);
    for (const [key, film] of this.films) {
      const url = thumbnails?.get(key)?.url ?? "";
      if (film.thumbnail === url) continue;
      film.thumbnail = url;
      film.image.hidden = !url;
      if (url) film.image.src = url;
      else film.image.removeAttribute("src");
    }
  }

  // --- what the reader does ----------------------------------------------------------------------

  sortBy(order) {
    this.order = order;
    keepOrder(this.data.key, order);
    this.arrange();
    this.list.scrollTop = 0;
    if (this.active) this.bringIntoView(this.active);
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.shown.length - 1;
    const place = this.shown.indexOf(this.active);
    const places = { ArrowDown: Math.min(place + 1, last), ArrowUp: Math.max(place - 1, 0) };
    Object.assign(places, { Home: 0, End: last });
    if (event.key in places) this.moveTo(this.shown[places[event.key]]);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Walking past films does not open each of them.
  moveTo(film) {
    this.activate(film);
    clearTimeout(this.choosing);
    this.choosing = setTimeout(() => this.choose(film), CHOOSE_AFTER_MS);
  }

  choose(film) {
    clearTimeout(this.choosing);
    if (!film) return;
    this.activate(film);
    const { key } = film.row;
    if (key === this.selected || this.films.get(key) !== film) return;
    this.mark(key);
    this.number += 1;
    this.setStateValue("choice", { film: key, number: this.number });
  }

  mark(key) {
    this.films.get(this.selected)?.node.setAttribute("aria-selected", "false");
    this.selected = key;
    this.films.get(key)?.node.setAttribute("aria-selected", "true");
  }

  activate(film) {
    this.active?.node.removeAttribute("data-active");
    this.active = film ?? null;
    if (!film) return this.list.removeAttribute("aria-activedescendant");
    film.node.setAttribute("data-active", "");
    this.list.setAttribute("aria-activedescendant", film.node.id);
    return this.bringIntoView(film);
  }

  // Unlike scrollIntoView, never scrolls the page around the list.
  bringIntoView({ node }) {
    const { list } = this;
    const above = node.offsetTop - list.scrollTop;
    const below = above + node.offsetHeight - list.clientHeight;
    if (above < 0) list.scrollTop += above;
    else if (below > 0) list.scrollTop += below;
  }
}

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
  const words = scored ? BAND_WORDS[row.band] : row.note || "no score yet";
  find("band").textContent = words;
  find("score").title = scored ? bandSentence(row) : words;
  node.querySelector(".quality path").setAttribute("d", SHAPES[row.quality]);
  find("quality").title = qualitySentence(row);
  find("word").textContent = row.quality;
  find("status").textContent = row.status;
  find("status").hidden = row.status === row.quality;
  find("status").title = row.status;
}
