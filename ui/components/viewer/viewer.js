// The viewer: one instance per mounted element; what a person chose lives on in `memory`, by key.
// For tests the canvas carries data-frame-ms, data-frames, data-first-paint-ms and data-view
// ("x y scale": device pixels of the shown film's corner, and per film pixel as sent); the lens
// carries data-frame-ms.

const shelf = (globalThis[Symbol.for("first-read.films")] ??= {
  films: new Map(),
  listeners: new Set(),
});
const memory = new Map();

const PAGE_HELP = ".st-key-help";
const ASK_HELP = "first-read-help"; // the frame hears it
const CLICK_WAIT_MS = 260;
const CLICK_SLACK_PX = 4;
const MOST_SCREEN_PX_PER_FILM_PX = 32;
const DEFAULT_WINDOW = { centre: 50, width: 100 };
const DEFAULT_VIEW = { fit: true, scale: 1, x: 0.5, y: 0.5 };
const DEFAULT_REGIONS = { overlay: true, opacity: 0.5, side: "both" };

export default mounting((_, root) => new Viewer(root), ".viewer");

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// Of a film that did not arrive whole: film.js has counted its bytes.
function brokenWords(broken) {
  if (broken?.counted) {
    return tr(
      "The film is damaged: {arrived} bytes arrived and {expected} were expected. " +
        "Reload the page to fetch it again.",
      broken.counted,
    );
  }
  return broken?.error ?? tr("Preparing film");
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = this.find(".stage");
    this.canvas = this.find("canvas");
    this.lens = this.find(".lens");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.scratch = new OffscreenCanvas(1, 1);
    this.lut = new Uint32Array(LUT_SIZE);
    this.film = null;
    this.regions = null;
    this.hovered = null;
    this.listed = null;
    this.pointers = new Map();
    this.pointer = null;
    this.frames = 0;
    this.fullMs = 0;
    this.root.style.setProperty("--for", `rgb(${SIDES.for})`);
    this.root.style.setProperty("--against", `rgb(${SIDES.against})`);
    this.onFilm = () => this.takeFilm();
    shelf.listeners.add(this.onFilm);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  close() {
    shelf.listeners.delete(this.onFilm);
    this.leavePair();
    document.removeEventListener("keydown", this.onPageKey, { capture: true });
    this.lists.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
    clearTimeout(this.clicking);
    this.film = null;
  }

  // --- what Python sends -------------------------------------------------------------------------

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    const before = this.state?.film;
    this.state = this.recall(data);
    if (this.state.film !== before) this.find(".announcement").textContent = "";
    this.root.style.height = Number.isFinite(data.height) ? `${data.height}px` : data.height;
    this.canvas.setAttribute("aria-label", data.alt);
    this.showOrigin(data);
    this.showPageKeys();
    this.find("[data-act=save]").hidden = !data.caption;
    this.takeSwitching();
    this.takeMarking();
    if (this.regions?.id !== data.regions?.id) this.takeRegions();
    this.takeSelection();
    this.takePair();
    this.takeFilm();
  }

  showOrigin({ synthetic, origin }) {
    const line = this.find(".drawn");
    this.ofDrawing ??= line.textContent;
    line.hidden = !synthetic;
    line.textContent = origin || this.ofDrawing;
    line.dataset.marked = Boolean(origin); // in the film's lower left corner
  }

  recall({ key, film }) {
    const known = memory.get(key);
    const state = known ?? { ...DEFAULT_REGIONS, invert: false, tool: false, lens: false, off: [] };
    if (state.film !== film) {
      Object.assign(state, { film, regionsId: null, selected: null, cursor: null });
      Object.assign(state, { view: { ...DEFAULT_VIEW }, window: { ...DEFAULT_WINDOW } });
      Object.assign(state, { turn: { ...DEFAULT_TURN }, preset: "full", equalise: false });
      Object.assign(state, { measuring: false, lines: [], lineStart: null });
    }
    memory.set(key, state);
    return state;
  }

  takeRegions() {
    this.regions = readRegions(this.data.regions);
    this.hovered = null;
    this.listed = null;
    this.overlayDrawn = null;
    this.outlines = new Map();
  }

  takeSelection() {
    const { state, data } = this;
    const id = data.regions?.id ?? null;
    if (state.regionsId !== id) Object.assign(state, { selected: null, cursor: null });
    if (state.regionsId !== id || state.asked !== data.selected) {
      if (data.selected !== null && this.regions) state.selected = data.selected;
      state.asked = data.selected;
    }
    state.regionsId = id;
  }

  takeFilm() {
    if (!this.data) return;
    const films = [...shelf.films.values()];
    const film = films.find((candidate) => candidate.film === this.data.film) ?? null;
    const broken = film ? null : films.find((candidate) => candidate.error);
    const isNew = film && film !== this.film;
    this.film = film;
    if (isNew) this.alignPair();
    this.say(film ? "" : brokenWords(broken));
    this.request();
  }

  say(sentence) {
    const message = this.find(".message");
    message.textContent = sentence;
    message.hidden = sentence === "";
  }

  // --- geometry ----------------------------------------------------------------------------------

  resize() {
    this.levelToolbars();
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.stage.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.stage.clientHeight * ratio));
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.draw();
  }

  fitScale() {
    const { canvas, shown } = this;
    return Math.min(canvas.width / shown.width, canvas.height / shown.height);
  }

  scale() {
    const ratio = globalThis.devicePixelRatio || 1;
    return this.state.view.fit ? this.fitScale() : this.state.view.scale * ratio;
  }

  // Device pixels: where the shown film's corner lies and how large one sent film pixel is.
  placement() {
    const { canvas, shown } = this;
    const { fit, x, y } = this.state.view;
    const scale = this.scale();
    const [middleX, middleY] = fit ? [0.5, 0.5] : [x, y];
    return {
      x: Math.round(canvas.width / 2 - middleX * shown.width * scale),
      y: Math.round(canvas.height / 2 - middleY * shown.height * scale),
      scale,
    };
  }

  // A pointer's place as shares of the film, and in device pixels of the canvas.
  locate(event) {
    const box = this.canvas.getBoundingClientRect();
    const left = ((event.clientX - box.left) * this.canvas.width) / box.width;
    const top = ((event.clientY - box.top) * this.canvas.height) / box.height;
    const at = this.placement();
    const { width, height } = this.shown;
    const share = { x: (left - at.x) / (width * at.scale), y: (top - at.y) / (height * at.scale) };
    return { left, top, ...this.toFilm(share) };
  }

  labelAt({ x, y }) {
    if (!this.regions) return null;
    const { width, height, labels, box } = this.regions;
    const [top, left, bottom, right] = box;
    const row = Math.floor(((y - top) / (bottom - top)) * height);
    const column = Math.floor(((x - left) / (right - left)) * width);
    if (row < 0 || column < 0 || row >= height || column >= width) return null;
    return labels[row * width + column];
  }

  // --- changing the view -------------------------------------------------------------------------

  setView(scale, x, y) {
    const ratio = globalThis.devicePixelRatio || 1;
    const lowest = Math.min(1, this.fitScale()) / 2;
    this.state.view = {
      fit: false,
      scale: clamp(scale, lowest, MOST_SCREEN_PX_PER_FILM_PX) / ratio,
      x: clamp(x, 0, 1),
      y: clamp(y, 0, 1),
    };
    this.request(true);
  }

  // Zooms so that the film's point under (left, top) stays there.
  zoomAt(factor, left, top) {
    const at = this.placement();
    const scale = clamp(
      at.scale * factor, Math.min(1, this.fitScale()) / 2, MOST_SCREEN_PX_PER_FILM_PX,
    );
    const filmX = (left - at.x) / at.scale;
    const filmY = (top - at.y) / at.scale;
    const middleX = filmX + (this.canvas.width / 2 - left) / scale;
    const middleY = filmY + (this.canvas.height / 2 - top) / scale;
    this.setView(scale, middleX / this.shown.width, middleY / this.shown.height);
  }

  zoomMiddle(factor) {
    this.zoomAt(factor, this.canvas.width / 2, this.canvas.height / 2);
  }

  pan(right, down) {
    const scale = this.scale();
    const { fit, x, y } = this.state.view;
    const [middleX, middleY] = fit ? [0.5, 0.5] : [x, y];
    this.setView(
      scale,
      middleX - right / (this.shown.width * scale),
      middleY - down / (this.shown.height * scale),
    );
  }

  fit() {
    this.state.view = { ...DEFAULT_VIEW };
    this.request();
  }

  actual() {
    const { fit, x, y } = this.state.view;
    const [middleX, middleY] = fit ? [0.5, 0.5] : [x, y];
    this.setView(this.film.filmWidth / this.film.width, middleX, middleY);
  }

  changeWindow(wider, higher) {
    const { centre, width } = this.state.window;
    this.state.preset = null;
    this.state.window = {
      centre: clamp(centre + higher, 0, 100),
      width: clamp(width + wider, 1, 200),
    };
    this.request(true);
  }

  defaultWindow() {
    this.showPreset("full");
  }

  flip(name) {
    this.state[name] = !this.state[name];
    this.request();
  }

  changeOpacity(by) {
    this.state.opacity = clamp(Math.round((this.state.opacity + by) * 100) / 100, 0.05, 1);
    this.request();
  }

  showSide(side) {
    Object.assign(this.state, { side, overlay: true });
    this.request();
  }

  nextSide() {
    const sides = ["for", "both", "against"];
    this.showSide(sides[(sides.indexOf(this.state.side) + 1) % sides.length]);
  }

  reset() {
    Object.assign(this.state, DEFAULT_REGIONS, { invert: false, tool: false, cursor: null });
    Object.assign(this.state, { turn: { ...DEFAULT_TURN }, equalise: false, lens: false });
    this.stopMeasuring();
    this.defaultWindow();
    this.fit();
  }

  help(open = this.find(".help").hidden) {
    this.find(".help").hidden = !open;
    this.find("[data-act=help]").setAttribute("aria-expanded", String(open));
    for (const row of this.root.querySelectorAll(".for-regions")) row.hidden = !this.regions;
    this.find("[data-act=howTo]").hidden = !document.querySelector(PAGE_HELP);
  }

  // The page's own list has the way to work and the first steps.
  showHowTo() {
    this.help(false);
    this.stage.focus({ preventScroll: true }); // where the focus is again once that is closed
    globalThis.dispatchEvent(new CustomEvent(ASK_HELP));
  }
}
