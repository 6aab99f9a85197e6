// A round lens that shows the film alone, larger than it stands, where the pointer is; without a
// pointer at the cross, or in the middle of the stage. It has a canvas of its own, so that following
// the pointer does not paint the film again.

const LENS_CSS_PX = 220; // as in viewer.css
const LENS_ZOOM = 3;
const TICK = 0.2; // of the lens's radius
const TICK_COLOUR = "#a6abb2";

const magnifying = {
  drawLens() {
    const { lens, film } = this;
    lens.hidden = !this.state.lens || !film;
    if (lens.hidden) return;
    const started = performance.now();
    const ratio = globalThis.devicePixelRatio || 1;
    const size = Math.round(LENS_CSS_PX * ratio);
    if (lens.width !== size) Object.assign(lens, { width: size, height: size });
    const { left, top } = this.lensPlace();
    const at = this.placement();
    const view = {
      x: size / 2 - (left - at.x) * LENS_ZOOM,
      y: size / 2 - (top - at.y) * LENS_ZOOM,
      scale: at.scale * LENS_ZOOM,
    };
    const context = lens.getContext("2d");
    const image = context.createImageData(size, size);
    this.paint(view, image);
    context.putImageData(image, 0, 0);
    drawTicks(context, size, ratio);
    lens.style.left = `${left / ratio}px`;
    lens.style.top = `${top / ratio}px`;
    lens.dataset.frameMs = (performance.now() - started).toFixed(2);
  },

  lensPlace() {
    if (this.pointer) return this.locate(this.pointer);
    const middle = { left: this.canvas.width / 2, top: this.canvas.height / 2 };
    return this.crossShown ? this.toCanvas(this.state.cross, this.placement()) : middle;
  },
};

// At the rim, so that nothing covers the place to which they point.
function drawTicks(context, size, ratio) {
  context.beginPath();
  for (const [right, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    for (const from of [1, 1 - TICK]) {
      const place = [((1 + right * from) * size) / 2, ((1 + down * from) * size) / 2];
      if (from === 1) context.moveTo(...place);
      else context.lineTo(...place);
    }
  }
  context.lineWidth = 2 * ratio;
  context.strokeStyle = TICK_COLOUR;
  context.stroke();
}

Object.assign(Viewer.prototype, magnifying);
