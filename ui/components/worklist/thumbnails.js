// The thumbnails' carrier: draws nothing, and puts one URL a film on a shelf that the worklists of
// this page share. The URLs point into this page's memory, never to the server.

const shelf = (globalThis[Symbol.for("first-read.thumbnails")] ??= {
  lists: new Map(),
  listeners: new Set(),
});
// A carrier that moves on the page is mounted again before the old one is removed.
const owners = new Map();

export default mounting(({ parentElement }) => new Carrier(parentElement));

class Carrier {
  constructor(parent) {
    this.parent = parent;
  }

  receive(bytes) {
    const { list, thumbnails, offset } = readHeader(bytes);
    this.list = list;
    const before = shelf.lists.get(list) ?? new Map();
    const now = new Map();
    let start = offset;
    for (const [film, sum, length] of thumbnails) {
      const name = `${sum} ${length}`;
      const png = bytes.subarray(start, start + length);
      const known = before.get(film);
      now.set(film, known?.name === name ? known : { name, url: urlOf(png) });
      start += length;
    }
    forget(before, now);
    shelf.lists.set(list, now);
    owners.set(list, this.parent);
    for (const listener of shelf.listeners) listener();
  }

  close() {
    if (owners.get(this.list) !== this.parent) return;
    forget(shelf.lists.get(this.list) ?? new Map(), new Map());
    shelf.lists.delete(this.list);
  }
}

function readHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, offset: 4 + length };
}

function urlOf(png) {
  return URL.createObjectURL(new Blob([png], { type: "image/png" }));
}

function forget(before, now) {
  for (const [film, thumbnail] of before) {
    if (now.get(film) !== thumbnail) URL.revokeObjectURL(thumbnail.url);
  }
}
