// The film turned by quarters and flipped. Places are kept as shares of the film as it came; only what
// a person sees and points at is turned. A turn is applied before a flip.

const DEFAULT_TURN = { quarters: 0, flipped: false };

// For the shown film's two axes: the film's axis that runs along it, and whether backwards.
function axesOf({ quarters, flipped }) {
  const across = quarters === 1 || quarters === 2;
  const sides = quarters % 2 ? ["y", "x"] : ["x", "y"];
  return [
    { side: sides[0], reversed: across !== flipped },
    { side: sides[1], reversed: quarters >= 2 },
  ];
}

const turning = {
  // A quarter clockwise as a person sees it: of a flipped film that is one back.
  turn() {
    const { quarters, flipped } = this.state.turn;
    this.setTurn({ quarters: (quarters + (flipped ? 3 : 1)) % 4, flipped });
  },

  mirror() {
    const { quarters, flipped } = this.state.turn;
    this.setTurn({ quarters, flipped: !flipped });
  },

  // The middle of the stage stays on the same place of the film.
  setTurn(turn) {
    const middle = this.toFilm(this.state.view);
    this.state.turn = turn;
    Object.assign(this.state.view, this.toShown(middle));
    this.hover(this.pointer);
    this.announceMark(this.turnWords().join(". ") || tr("The film is as it came"));
    this.request();
  },

  turnWords() {
    const { quarters, flipped } = this.state.turn;
    const words = [];
    if (quarters) words.push(tr("Turned {degrees} degrees", { degrees: 90 * quarters }));
    if (flipped) words.push(tr("Flipped: left and right are exchanged"));
    return words;
  },

  // Film pixels of the film as it is shown.
  get shown() {
    const { width, height } = this.film;
    return this.state.turn.quarters % 2
      ? { width: height, height: width }
      : { width, height };
  },

  toShown(place) {
    const [x, y] = axesOf(this.state.turn).map(({ side, reversed }) =>
      reversed ? 1 - place[side] : place[side]);
    return { x, y };
  },

  toFilm({ x, y }) {
    const place = {};
    axesOf(this.state.turn).forEach(({ side, reversed }, axis) => {
      const share = axis === 0 ? x : y;
      place[side] = reversed ? 1 - share : share;
    });
    return place;
  },

  // Device pixels of the canvas.
  toCanvas(place, at) {
    const { x, y } = this.toShown(place);
    const { width, height } = this.shown;
    return { left: at.x + x * width * at.scale, top: at.y + y * height * at.scale };
  },

  // From where a place would lie on the canvas if the film were not turned to where it lies.
  turnMatrix(at) {
    const { width, height } = this.shown;
    const [across, down] = axesOf(this.state.turn);
    const along = ({ side, reversed }, of) => (side === of ? (reversed ? -1 : 1) : 0);
    const turned = new DOMMatrix([
      along(across, "x"), along(down, "x"), along(across, "y"), along(down, "y"),
      across.reversed ? width * at.scale : 0, down.reversed ? height * at.scale : 0,
    ]);
    return new DOMMatrix().translate(at.x, at.y).multiply(turned).translate(-at.x, -at.y);
  },
};

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(turning))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
