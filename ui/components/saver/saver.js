// A file that came with the page's data; pressing the button saves it under its name.

export default mounting((_, root) => new Saver(root), ".saver");

class Saver {
  constructor(root) {
    this.root = root;
    root.addEventListener("click", () => this.save());
  }

  close() {
    this.file = null;
  }

  receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    this.file = { ...head, body: bytes.subarray(4 + length) };
    this.root.querySelector(".words").textContent = head.label;
  }

  save() {
    const { body, mime, name } = this.file;
    const url = URL.createObjectURL(new Blob([body], { type: mime }));
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}
