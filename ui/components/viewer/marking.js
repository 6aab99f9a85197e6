// A reader's marks on the film, points and boxes by pointer or by keys, and the truth to compare
// them with. Places are shares of the film's sides: left, top, right, bottom; a point has no area.

const MARK_COLOUR = "#f5dd5d";
const TRUTH_COLOURS = { own: MARK_COLOUR, lesion: "#46c9a0", box: "#46c9a0", lung: "rgb(206 210 216 / 75%)" };
const READER_COLOURS = ["#f5dd5d", "#46c9a0", "#c7a6ff", "#e8e9eb"]; // and a dash for each
const READER_DASHES = [[], [9, 4], [2, 4], [12, 3, 2, 3]];
const CROSS_STEP = 0.025;
const FINE_STEP = 0.005;
const LEAST_BOX = 0.01; // a smaller drag is a click
const MARK_KEYS = {
  m: (viewer) => viewer.turnMarking(),
  b: (viewer) => viewer.setCorner(),
  x: (viewer) => viewer.removeMark(),
};
const TRUTH_KEYS = { l: (viewer) => viewer.flip("hideTruth") };

const marking = {
  takeMarking() {
    const { state, data } = this;
    const given = data.marking;
    let drawn = null;
    if (state.markToken !== (given?.token ?? null)) {
      drawn = given?.draft ? recallDraft("marks", given.token) : null;
      Object.assign(state, { markToken: given?.token ?? null, marks: drawn ?? given?.marks ?? [] });
      Object.assign(state, { marking: false, corner: null, cross: { x: 0.5, y: 0.5 } });
      state.hideTruth = false;
    }
    if (!given?.edit) Object.assign(state, { marks: given?.marks ?? [], marking: false });
    this.truths = data.truths.map((truth) => readTruth(truth));
    this.find(".marking-tools").hidden = !given?.edit;
    for (const row of this.root.querySelectorAll(".for-marking")) row.hidden = !given?.edit;
    for (const row of this.root.querySelectorAll(".for-truth")) row.hidden = !this.truths.length;
    this.showMarkLegend();
    if (drawn) this.sendMarks(); // the page does not know them yet
  },

  get mayMark() {
    return Boolean(this.data.marking?.edit && this.film);
  },

  get crossShown() {
    const { marking, measuring } = this.state;
    return (marking || measuring) && this.stage === this.root.getRootNode().activeElement;
  },

  turnMarking() {
    if (!this.mayMark) return;
    this.stopMeasuring();
    this.state.marking = !this.state.marking;
    this.state.corner = null;
    if (this.state.marking) this.stage.focus({ preventScroll: true });
    const { marking } = this.state;
    this.announceMark(marking ? tr("Marking: arrows move the cross") : tr("Marking is off"));
    this.request();
  },

  stopMarking() {
    const was = this.state.marking;
    if (was) this.turnMarking();
    return was;
  },

  // Returns whether the key was for the marks.
  onMarkKey(name, shiftKey, target) {
    const keys = this.mayMark ? MARK_KEYS : {};
    const act = keys[name] ?? (this.truths.length ? TRUTH_KEYS[name] : null);
    if (act) {
      act(this);
      return true;
    }
    const { marking, measuring } = this.state;
    if (!(marking || measuring) || target !== this.stage) return false;
    if (name === "Enter" && marking) this.markCross();
    else if (name in ARROWS) this.moveCross(name, shiftKey);
    else return false;
    return true;
  },

  moveCross(key, fine) {
    const [right, down] = ARROWS[key];
    const step = fine ? FINE_STEP : CROSS_STEP;
    const { x, y } = this.toShown(this.state.cross);
    const to = { x: clamp(x - right * step, 0, 1), y: clamp(y - down * step, 0, 1) };
    this.state.cross = this.toFilm(to);
    this.state.boxLacks = "";
    this.pointer = null;
    this.request();
  },

  setCorner() {
    const { state } = this;
    if (!state.marking) this.turnMarking();
    if (state.corner) return this.markCross();
    state.corner = { ...state.cross };
    this.announceMark(tr("First corner; move, then b again"));
    return this.request();
  },

  markCross() {
    const { state } = this;
    const from = state.corner ?? state.cross;
    const flat = state.corner ? flatWords(this.toShown(from), this.toShown(state.cross)) : "";
    if (flat) {
      this.announceMark(flat, flat);
      return this.request();
    }
    state.corner = null;
    return this.addMark(from, state.cross);
  },

  addMark(from, to) {
    const { state, data } = this;
    const place = (value) => Math.round(clamp(value, 0, 1) * 1e4) / 1e4;
    const across = [place(from.x), place(to.x)].sort((a, b) => a - b);
    const down = [place(from.y), place(to.y)].sort((a, b) => a - b);
    const small = across[1] - across[0] < LEAST_BOX || down[1] - down[0] < LEAST_BOX;
    const [x, y] = [place(to.x), place(to.y)];
    const mark = small ? [x, y, x, y] : [across[0], down[0], across[1], down[1]];
    state.marks = [...state.marks, mark].slice(-data.marking.most);
    this.announceMark(countWords(state.marks));
    this.sendMarks();
  },

  removeMark() {
    if (this.state.corner) this.state.corner = null;
    else this.state.marks = this.state.marks.slice(0, -1);
    this.announceMark(countWords(this.state.marks));
    this.sendMarks();
  },

  sendMarks() {
    const { token, draft } = this.data.marking;
    if (draft) keepDraft("marks", token, this.state.marks);
    this.setStateValue("marks", { token, marks: this.state.marks });
    this.showMarkLegend();
    this.request();
  },

  // What a box lacks stands on the stage too, until the next step.
  announceMark(words, lacks = "") {
    this.find(".announcement").textContent = words;
    this.state.boxLacks = lacks;
  },

  showMarkLegend() {
    const { state } = this;
    const kinds = new Set(this.truths.map((truth) => truth.kind));
    const shown = {
      mark: state.marks.length > 0 && !this.covers,
      own: kinds.has("own"),
      hidden: this.covers && state.marks.length + state.off.length > 0,
      lesion: kinds.has("lesion"),
      box: kinds.has("box"),
      lung: kinds.has("lung"),
    };
    for (const [name, isShown] of Object.entries(shown)) {
      this.find(`.mark-legend [data-kind=${name}]`).hidden = !isShown;
    }
    this.find(".mark-legend").hidden = !(this.nameReaders() || Object.values(shown).some(Boolean));
  },

  // Several readers' marks: each has a colour and a dash, and stands by name in the legend.
  nameReaders() {
    const names = new Map(this.truths.filter((truth) => truth.reader).map((truth) => truth.reader));
    const row = ([place, name]) => {
      const node = this.find(".reader-row").content.firstElementChild.cloneNode(true);
      node.querySelector("b").textContent = name;
      const line = node.querySelector("line");
      line.setAttribute("stroke", READER_COLOURS[place % READER_COLOURS.length]);
      line.setAttribute("stroke-dasharray", READER_DASHES[place % READER_DASHES.length].join(" "));
      return node;
    };
    this.find(".mark-legend [data-role=readers]").replaceChildren(...[...names].map(row));
    return names.size;
  },

  // --- drawing -----------------------------------------------------------------------------------

  drawMarks(at) {
    const { state, drag } = this;
    this.find("[data-act=mark]").setAttribute("aria-pressed", String(state.marking));
    this.stage.dataset.marking = String(state.marking || state.measuring);
    if (!state.hideTruth) for (const truth of this.truths) this.drawTruth(truth, at);
    for (const mark of state.marks) this.drawMark(mark, at);
    if (drag?.kind === "mark" && drag.to) this.drawBetween(drag.from, drag.to, at);
    if (!this.crossShown) return;
    if (state.corner) this.drawBetween(state.corner, state.cross, at);
    this.drawCross(state.cross, at, 26);
  },

  drawOfReader({ box: [left, top, right, bottom], reader: [place] }, at) {
    const colour = READER_COLOURS[place % READER_COLOURS.length];
    if (left === right || top === bottom) {
      return this.drawCross({ x: left, y: top }, at, 13, true, colour);
    }
    this.context.setLineDash(READER_DASHES[place % READER_DASHES.length]);
    this.strokeEdges([left, top, right, bottom], at, colour, 2);
    return this.context.setLineDash([]);
  },

  drawTruth(truth, at) {
    if (truth.reader) return this.drawOfReader(truth, at);
    const colour = TRUTH_COLOURS[truth.kind];
    const [width, height] = [this.film.width * at.scale, this.film.height * at.scale];
    if (truth.box) return this.strokeEdges(truth.box, at, colour, 2);
    const scaled = [width / truth.width, 0, 0, height / truth.height, at.x, at.y];
    const cells = new DOMMatrix(scaled);
    if (truth.kind === "lung") this.context.setLineDash([5, 5]);
    this.stroke(truth.path, cells, "rgb(0 0 0 / 55%)", truth.kind === "lung" ? 0 : 4);
    this.stroke(truth.path, cells, colour, truth.kind === "lung" ? 1.2 : 2);
    return this.context.setLineDash([]);
  },

  drawMark([left, top, right, bottom], at) {
    if (left === right) this.drawCross({ x: left, y: top }, at, 13, true);
    else if (this.covers) this.coverEdges([left, top, right, bottom], at);
    else this.strokeEdges([left, top, right, bottom], at, MARK_COLOUR, 2);
  },

  drawBetween(one, other, at) {
    const across = [one.x, other.x].sort((a, b) => a - b);
    const down = [one.y, other.y].sort((a, b) => a - b);
    this.context.setLineDash([6, 4]);
    this.strokeEdges([across[0], down[0], across[1], down[1]], at, MARK_COLOUR, 1.5);
    this.context.setLineDash([]);
  },

  strokeEdges([left, top, right, bottom], at, colour, widthPx) {
    const { film } = this;
    const path = new Path2D();
    path.rect(left * film.width, top * film.height,
      (right - left) * film.width, (bottom - top) * film.height);
    const placed = new DOMMatrix([at.scale, 0, 0, at.scale, at.x, at.y]);
    this.stroke(path, placed, "rgb(0 0 0 / 60%)", widthPx + 2);
    this.stroke(path, placed, colour, widthPx);
  },

  coverEdges([left, top, right, bottom], at) {
    const [width, height] = [this.film.width * at.scale, this.film.height * at.scale];
    this.context.fillStyle = HIDDEN_COLOUR;
    this.context.fillRect(
      at.x + left * width, at.y + top * height, (right - left) * width, (bottom - top) * height,
    );
    this.context.setLineDash([4, 3]);
    this.strokeEdges([left, top, right, bottom], at, HIDDEN_LINE, 1.2);
    this.context.setLineDash([]);
  },

  drawCross({ x, y }, at, sizePx, ring = false, colour = MARK_COLOUR) {
    const size = sizePx * this.linePx;
    const path = new Path2D();
    path.moveTo(-size, 0);
    path.lineTo(size, 0);
    path.moveTo(0, -size);
    path.lineTo(0, size);
    if (ring) {
      path.moveTo(size * 0.7, 0);
      path.arc(0, 0, size * 0.7, 0, 2 * Math.PI);
    }
    const left = at.x + x * this.film.width * at.scale;
    const top = at.y + y * this.film.height * at.scale;
    const placed = new DOMMatrix([1, 0, 0, 1, left, top]);
    this.stroke(path, placed, "rgb(0 0 0 / 60%)", 4);
    this.stroke(path, placed, colour, 1.6);
  },
};

function countWords(marks) {
  return trn("{n} marked", "{n} marked", marks.length);
}

// Of a box that would be a line or a point; empty if it is none.
function flatWords(from, to) {
  if (Math.abs(from.y - to.y) < LEAST_BOX) return tr("The box has no height yet: move up or down, then b");
  if (Math.abs(from.x - to.x) < LEAST_BOX) return tr("The box has no width yet: move sideways, then b");
  return "";
}

function readTruth(truth) {
  if (truth.box) return truth;
  const bytes = Uint8Array.from(atob(truth.cells), (letter) => letter.charCodeAt(0));
  const rows = bytes.length / truth.columns;
  const mask = { width: truth.columns, height: rows, labels: bytes };
  return { ...truth, path: outline(mask, (label) => label === 1) };
}

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(marking))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
