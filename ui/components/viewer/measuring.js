// Lengths on the film, between two clicks, by a drag, or between two places of the cross. They are
// kept nowhere: another film, or a page that is loaded again, has none.

const MOST_LINES = 5;
const LINE_COLOUR = "#e8eaed";
const LABEL_PX = 13;

const measuring = {
  turnMeasuring() {
    const { state } = this;
    if (state.marking) this.turnMarking();
    Object.assign(state, { measuring: !state.measuring, lineStart: null });
    if (state.measuring) this.stage.focus({ preventScroll: true });
    const { measuring } = state;
    this.announceMark(measuring ? tr("Measuring: arrows move the cross") : tr("Measuring is off"));
    this.request();
  },

  stopMeasuring() {
    const was = this.state.measuring;
    if (was) this.turnMeasuring();
    return was;
  },

  // Returns whether the key was for a line. Where marks can be set too, x takes a line only while
  // lengths are measured.
  onLineKey(name) {
    const { state } = this;
    const removes = name === "x" && (state.measuring || (!this.mayMark && state.lines.length > 0));
    if (removes) this.removeLine();
    else if (name === "Enter" && state.measuring && this.crossShown) this.setLineEnd(state.cross);
    else return false;
    return true;
  },

  // The first place begins a line, the second ends it.
  setLineEnd({ x, y }) {
    const { state } = this;
    if (state.lineStart) return this.addLine(state.lineStart, { x, y });
    state.lineStart = { x, y };
    this.announceMark(tr("Line begins here"));
    return this.request();
  },

  addLine(from, to) {
    const line = [from, to].map(({ x, y }) => ({ x: clamp(x, 0, 1), y: clamp(y, 0, 1) }));
    this.state.lines = [...this.state.lines, line].slice(-MOST_LINES);
    this.state.lineStart = null;
    this.announceMark(this.lengthWords(line));
    this.request();
  },

  removeLine() {
    const { state } = this;
    if (state.lineStart) state.lineStart = null;
    else state.lines = state.lines.slice(0, -1);
    this.announceMark(trn("{n} measured", "{n} measured", state.lines.length));
    this.request();
  },

  lengthWords([from, to]) {
    const { film, data } = this;
    const columns = (to.x - from.x) * film.filmWidth;
    const rows = (to.y - from.y) * film.filmHeight;
    if (!data.spacing) {
      const length = Math.round(Math.hypot(columns, rows));
      return tr("{length} px (no spacing stated)", { length });
    }
    const [down, across] = data.spacing; // between rows, between columns
    const length = numeral(Math.hypot(columns * across, rows * down), 1);
    return tr("{length} mm at the detector", { length });
  },

  // From where a line begins to the pointer or the cross, while it has no end.
  openLine() {
    const { lineStart, cross } = this.state;
    const { drag } = this;
    if (drag?.kind === "line" && drag.to) return [drag.from, drag.to];
    if (!lineStart) return null;
    return [lineStart, this.pointer ? this.locate(this.pointer) : cross];
  },

  drawLines(at) {
    const open = this.lineScale ? null : this.openLine(); // a saved picture has no pointer
    for (const line of open ? [...this.state.lines, open] : this.state.lines) {
      this.drawLine(line, at);
    }
  },

  drawLine(line, at) {
    const [from, to] = line.map((place) => this.toCanvas(place, at));
    const end = 4 * this.linePx;
    const path = new Path2D();
    path.moveTo(from.left, from.top);
    path.lineTo(to.left, to.top);
    for (const { left, top } of [from, to]) path.rect(left - end / 2, top - end / 2, end, end);
    this.stroke(path, new DOMMatrix(), "rgb(0 0 0 / 70%)", 3.5);
    this.stroke(path, new DOMMatrix(), LINE_COLOUR, 1.5);
    this.writeLength(this.lengthWords(line), from, to);
  },

  // Beside the lower end, inside the canvas.
  writeLength(words, from, to) {
    const { context, canvas, linePx } = this;
    const { left, top } = from.top > to.top ? from : to;
    const size = LABEL_PX * linePx;
    context.save();
    context.font = `${size}px sans-serif`;
    context.textBaseline = "top";
    const x = clamp(left + size / 2, 0, canvas.width - context.measureText(words).width - size / 2);
    const y = clamp(top + size / 2, 0, canvas.height - 1.5 * size);
    context.lineJoin = "round";
    context.lineWidth = 4 * linePx;
    context.strokeStyle = "rgb(0 0 0 / 80%)";
    context.strokeText(words, x, y);
    context.fillStyle = LINE_COLOUR;
    context.fillText(words, x, y);
    context.restore();
  },
};

Object.assign(Viewer.prototype, measuring);
