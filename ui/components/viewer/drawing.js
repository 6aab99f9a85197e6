// How the viewer puts one frame on its canvas: the film, the regions over it, and what it cost.

const FRAME_BUDGET_MS = 24;
const SETTLED_AFTER_MS = 160;

const drawing = {
  request(moving = false) {
    clearTimeout(this.settling);
    this.moving = moving;
    if (moving) this.settling = setTimeout(() => this.request(), SETTLED_AFTER_MS);
    this.frame ||= requestAnimationFrame(() => this.draw());
  },

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.showState();
    this.markLines();
    if (!this.film) return this.clear();
    const started = performance.now();
    const at = this.placement();
    const reduced = this.moving && this.fullMs > FRAME_BUDGET_MS;
    this.drawAll(at, reduced ? 2 : 1);
    this.drawLens();
    const spent = performance.now() - started;
    // A reduced frame has a quarter of the pixels: its cost says whether a full one would fit again.
    this.fullMs = reduced ? 4 * spent : spent;
    this.report(at, spent);
  },

  drawAll(at, coarse) {
    this.drawFilm(at, coarse);
    this.context.save();
    this.context.setTransform(this.turnMatrix(at));
    if (this.regions) this.drawRegions(at);
    this.drawMarks(at);
    this.context.restore();
    this.drawLines(at);
  },

  // Device pixels of a line that is one CSS pixel wide.
  get linePx() {
    return this.lineScale ?? (globalThis.devicePixelRatio || 1);
  },

  clear() {
    this.context.fillStyle = "#090a0c";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  },

  // With `coarse` 2 a quarter of the pixels are computed and stretched, while something moves.
  drawFilm(at, coarse) {
    const { canvas, context } = this;
    const width = Math.ceil(canvas.width / coarse);
    const height = Math.ceil(canvas.height / coarse);
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
    }
    this.paint({ x: at.x / coarse, y: at.y / coarse, scale: at.scale / coarse }, this.image);
    if (coarse === 1) return context.putImageData(this.image, 0, 0);
    Object.assign(this.scratch, { width, height });
    this.scratch.getContext("2d").putImageData(this.image, 0, 0);
    context.imageSmoothingEnabled = true;
    return context.drawImage(this.scratch, 0, 0, width * coarse, height * coarse);
  },

  drawRegions(at) {
    const { film, regions, state } = this;
    const drawn = `${regions.id} ${state.side}`;
    if (this.overlayDrawn !== drawn) {
      this.overlayDrawn = drawn;
      this.overlay = overlayImage(regions, state.side);
    }
    const [top, left, bottom, right] = regions.box;
    const x = at.x + left * film.width * at.scale;
    const y = at.y + top * film.height * at.scale;
    const width = (right - left) * film.width * at.scale;
    const height = (bottom - top) * film.height * at.scale;
    const cells = new DOMMatrix([width / regions.width, 0, 0, height / regions.height, x, y]);
    if (state.overlay) this.drawOverlay(cells);
    this.drawHidden(cells);
    if (!state.overlay) return;
    for (const label of new Set([state.selected, state.cursor, this.listed, this.hovered])) {
      if (label !== null) this.strokeRegion(label, cells);
    }
  },

  drawOverlay(cells) {
    const { context, regions } = this;
    const [x, y, width, height] = [cells.e, cells.f, cells.a * regions.width, cells.d * regions.height];
    context.save();
    context.imageSmoothingEnabled = false;
    context.globalAlpha = this.state.opacity;
    context.drawImage(this.overlay, x, y, width, height);
    this.strokeBox(x, y, width, height);
    this.strokeSides(cells);
    context.restore();
  },

  // What the model looks at, where that is not the whole film.
  strokeBox(x, y, width, height) {
    if (this.regions.box.join() === "0,0,1,1") return;
    const { context, linePx } = this;
    context.setLineDash([4 * linePx, 4 * linePx]);
    context.lineWidth = linePx;
    context.strokeStyle = "rgb(232 234 237 / 55%)";
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
  },

  strokeSides(cells) {
    const { regions, state } = this;
    if (!regions.outlined) return;
    for (const side of ["against", "for"]) {
      const inside = (label) =>
        isOf(regions, label, side) &&
        isOf(regions, label, state.side) &&
        strengthOf(regions, label) >= OUTLINED_FROM;
      const path = this.outlineOf(`${side} ${state.side}`, inside);
      this.stroke(path, cells, `rgb(${SIDES[side].join(" ")} / 70%)`, 1);
    }
  },

  strokeRegion(label, cells) {
    const path = this.outlineOf(label, (other) => other === label);
    const colour = `rgb(${colourOf(this.regions, label)})`;
    this.stroke(path, cells, "rgb(0 0 0 / 70%)", 5);
    this.stroke(path, cells, label === this.state.selected ? "#e8eaed" : colour, 2.5);
  },

  outlineOf(name, inside) {
    if (!this.outlines.has(name)) this.outlines.set(name, outline(this.regions, inside));
    return this.outlines.get(name);
  },

  stroke(path, cells, colour, widthPx) {
    const onCanvas = new Path2D();
    onCanvas.addPath(path, cells);
    this.context.strokeStyle = colour;
    this.context.lineWidth = widthPx * this.linePx;
    this.context.lineCap = "square";
    this.context.stroke(onCanvas);
  },

  report(at, spent) {
    const { dataset } = this.canvas;
    this.frames += 1;
    dataset.frames = this.frames;
    dataset.frameMs = spent.toFixed(2);
    dataset.view = `${at.x} ${at.y} ${at.scale}`;
    if (this.painted === this.film.arrived) return;
    this.painted = this.film.arrived;
    dataset.firstPaintMs = (performance.now() - this.film.arrived).toFixed(1);
  },
};

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(drawing))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
