// The worklist: one instance per mounted element. Nodes live as long as their film is listed, so a
// rerun of the page keeps scroll position and focus. Only choosing a film speaks to Python; the
// numbers that settle who spoke last are described in choice.py.
// For tests the list carries data-render-ms.

const shelf = (globalThis[Symbol.for("first-read.thumbnails")] ??= {
  lists: new Map(),
  listeners: new Set(),
});

const CHOOSE_AFTER_MS = 150;

export default mounting(({ data }, root) => new Worklist(root, data), ".worklist");

// --- the list ------------------------------------------------------------------------------------

class Worklist {
  constructor(root, { key, heard, bySuspicion }) {
    this.root = root;
    this.list = this.root.querySelector(".films");
    this.template = this.root.querySelector("template");
    this.select = this.root.querySelector("select");
    this.films = new Map();
    this.shown = [];
    this.serial = 0;
    this.number = heard;
    this.selected = null;
    this.active = null;
    this.offered = offeredOrders(bySuspicion);
    this.order = recallOrder(key, bySuspicion);
    this.onThumbnails = () => this.drawThumbnails();
    shelf.listeners.add(this.onThumbnails);
    this.listen();
  }

  close() {
    shelf.listeners.delete(this.onThumbnails);
    document.removeEventListener("keydown", this.onPageKey);
    clearTimeout(this.choosing);
  }

  listen() {
    const { list, select } = this;
    for (const order of this.offered) select.add(new Option(tr(ORDERS[order].words), order));
    select.value = this.order;
    select.addEventListener("change", () => this.sortBy(select.value));
    list.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("click", (event) => {
      const node = event.target.closest(".film");
      if (node) this.choose(this.shown.find((film) => film.node === node));
    });
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.step)));
    }
    this.onPageKey = (event) => this.onKeyElsewhere(event);
    document.addEventListener("keydown", this.onPageKey);
    list.addEventListener("focus", () => {
      // by a key: a press of the pointer would find the list scrolled away from under it
      if (list.matches(":focus-visible")) this.activate(this.active ?? this.shown[0]);
    });
  }

  // --- what Python sends -------------------------------------------------------------------------

  receive(data, setStateValue) {
    const started = performance.now();
    this.data = data;
    this.setStateValue = setStateValue;
    this.root.style.height = Number.isFinite(data.height) ? `${data.height}px` : data.height;
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
      this.drawRow({ ...row, place, bySuspicion: this.data.bySuspicion });
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
    // An error of the picture before may be heard after the next one was asked for.
    image.addEventListener("load", () => (image.hidden = false));
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

  // j and k go through the list wherever the focus is, unless somebody is typing there.
  onKeyElsewhere(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const node = event.composedPath()[0];
    if (node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName)) return;
    const step = event.shiftKey ? 0 : { j: 1, k: -1 }[event.key.toLowerCase()];
    if (step) this.step(step);
  }

  step(by) {
    const last = this.shown.length - 1;
    const place = this.shown.indexOf(this.active ?? this.films.get(this.selected));
    const next = place < 0 ? 0 : Math.min(last, Math.max(0, place + by));
    if (last >= 0) this.moveTo(this.shown[next]);
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
