// The film with its regions as a PNG: every pixel that was sent, in the window of the moment, with a
// line below that says what it is. It is made here: the film does not travel once more.

const PICTURE_WIDTH_PX = 900; // of a film whose lines are as wide as on the screen
const LEAST_WIDTH_PX = 900; // a smaller film is enlarged by a whole number
const STRIP_PX = 54;

const saving = {
  async savePicture() {
    const { film, data } = this;
    if (!film || !data.caption) return;
    const { shown } = this;
    const scale = Math.max(1, Math.ceil(LEAST_WIDTH_PX / shown.width));
    const [width, height] = [shown.width * scale, shown.height * scale];
    const line = Math.max(1, width / PICTURE_WIDTH_PX);
    const strip = Math.round(STRIP_PX * line);
    const picture = new OffscreenCanvas(width, height + strip);
    const kept = { canvas: this.canvas, context: this.context, image: this.image };
    const context = picture.getContext("2d");
    Object.assign(this, { canvas: new OffscreenCanvas(width, height), image: null });
    this.lineScale = line;
    try {
      this.context = this.canvas.getContext("2d", { alpha: false });
      this.drawAll({ x: 0, y: 0, scale }, 1);
      context.drawImage(this.canvas, 0, 0);
    } finally {
      Object.assign(this, kept, { lineScale: null });
    }
    const sign = this.signWords().join(" \u00b7 ");
    writeStrip(context, sign ? [...data.caption, sign] : data.caption, { width, height }, strip, line);
    const url = URL.createObjectURL(await picture.convertToBlob({ type: "image/png" }));
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: data.pictureName });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    this.request();
  },
};

function writeStrip(context, lines, film, strip, scale) {
  context.fillStyle = "#090a0c";
  context.fillRect(0, film.height, film.width, strip);
  context.fillStyle = "#d8dbdf";
  context.textBaseline = "middle";
  const longest = (size) => {
    context.font = `${size}px sans-serif`;
    return Math.max(...lines.map((words) => context.measureText(words).width));
  };
  const size = 14 * scale;
  const room = film.width - 24 * scale;
  longest(Math.min(size, (size * room) / longest(size)));
  lines.forEach((words, place) => {
    const middle = film.height + (strip * (place + 0.75)) / (lines.length + 0.5);
    context.fillText(words, 12 * scale, middle);
  });
}

Object.assign(Viewer.prototype, saving);
