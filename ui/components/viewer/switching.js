// Parts of the film that are hidden from the model: regions that a person switches off, and boxes
// (see marking.js). The page computes what follows.

const HIDDEN_COLOUR = "rgb(13 15 18 / 82%)";
const HIDDEN_LINE = "#d8dbdf";

const switching = {
  takeSwitching() {
    const { state, data } = this;
    const given = data.switching;
    if (!given || state.switchToken !== given.token) {
      Object.assign(state, { switchToken: given?.token ?? null, off: given?.off ?? [] });
    }
    this.root.classList.toggle("covers", Boolean(given));
    for (const row of this.root.querySelectorAll(".for-switching")) row.hidden = !given;
    for (const row of this.root.querySelectorAll(".for-choosing")) row.hidden = Boolean(given);
  },

  get covers() {
    return Boolean(this.data.switching);
  },

  turnRegion(label) {
    const { state, data } = this;
    const isOff = state.off.includes(label);
    state.off = isOff ? state.off.filter((other) => other !== label) : [...state.off, label];
    const { name } = regionWords(this.regions, label);
    this.announceMark(isOff ? tr("{name} is shown", { name }) : tr("{name} is hidden", { name }));
    this.setStateValue("switched", { token: data.switching.token, labels: state.off });
    this.request();
  },

  // In the cells of the regions' grid, whether the regions' colours are shown or not.
  drawHidden(cells) {
    const { state, context } = this;
    if (!this.covers || state.off.length === 0) return;
    const off = new Set(state.off);
    const name = `hidden ${state.off.join()}`;
    if (this.hiddenDrawn !== `${this.regions.id} ${name}`) {
      this.hiddenDrawn = `${this.regions.id} ${name}`;
      this.hiddenImage = hiddenImage(this.regions, off);
    }
    context.save();
    context.imageSmoothingEnabled = false;
    const { width, height } = this.regions;
    context.drawImage(this.hiddenImage, cells.e, cells.f, cells.a * width, cells.d * height);
    context.setLineDash([4, 3]);
    this.stroke(this.outlineOf(name, (label) => off.has(label)), cells, HIDDEN_LINE, 1.2);
    context.restore();
  },
};

function hiddenImage({ width, height, labels }, off) {
  const image = new ImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  for (let cell = 0; cell < labels.length; cell++) {
    if (off.has(labels[cell])) out[cell] = 0xd1120f0d; // little-endian ABGR of HIDDEN_COLOUR
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(switching))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
