// Cards: one instance per mounted element. Arrows and j, k go from card to card, Enter opens, t
// tags; past either end the page is turned. Numbers as described in events.py. The pictures come from
// the shelf that the worklist's thumbnails fill.

const shelf = (globalThis[Symbol.for("first-read.thumbnails")] ??= {
  lists: new Map(),
  listeners: new Set(),
});
const STEPS = { j: 1, k: -1 };

export default mounting(({ data }, root) => new Cards(root, data), ".cards");

class Cards {
  constructor(list, { heard }) {
    this.list = list;
    this.template = list.parentNode.querySelector("template");
    this.number = heard;
    this.shown = [];
    this.active = 0;
    this.onThumbnails = () => this.drawPictures();
    this.onPageKey = (event) => this.onKeyElsewhere(event);
    shelf.listeners.add(this.onThumbnails);
    document.addEventListener("keydown", this.onPageKey);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => {
      if (event.detail > 1) return; // a double click opens once: to open again may be to close
      const node = event.target.closest(".card");
      if (node) this.open(this.shown.findIndex((card) => card.node === node));
    });
  }

  close() {
    shelf.listeners.delete(this.onThumbnails);
    document.removeEventListener("keydown", this.onPageKey);
  }

  // --- what Python sends -------------------------------------------------------------------------

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.number = Math.max(this.number, data.heard);
    const { columns, label } = data;
    this.list.setAttribute("aria-label", label);
    this.list.style.gridTemplateColumns = columns ? `repeat(${columns}, minmax(0, 1fr))` : "";
    this.list.classList.toggle("quiet", !data.pageKeys);
    const names = data.cards.map((card) => card.key).join("\n");
    if (names !== this.names) this.fill(data.cards, names);
    data.cards.forEach((card, place) => fillCard(this.shown[place].node, card, data.threshold));
    this.drawPictures();
  }

  fill(cards, names) {
    const first = this.names === undefined;
    this.names = names;
    this.shown = cards.map(({ key }, place) => {
      const node = this.template.content.firstElementChild.cloneNode(true);
      translateMarkup(node);
      const image = node.querySelector("img");
      image.addEventListener("error", () => (image.hidden = true));
      node.id = `card-${place}`;
      return { key, node, image, url: undefined };
    });
    this.list.replaceChildren(...this.shown.map(({ node }) => node));
    const wanted = this.shown.findIndex(({ key }) => key === this.data.active);
    const start = this.fromEnd ? this.shown.length - 1 : 0;
    this.fromEnd = false;
    // Cards beside an open film, which have no keys of the page, never scroll it out of sight.
    const scroll = this.data.pageKeys && (!first || wanted > 0);
    this.activate(wanted < 0 ? start : wanted, { scroll });
  }

  drawPictures() {
    if (!this.data) return;
    const thumbnails = shelf.lists.get(this.data.key);
    for (const card of this.shown) {
      const url = thumbnails?.get(card.key)?.url ?? "";
      if (card.url === url) continue;
      card.url = url;
      card.image.hidden = !url;
      if (url) card.image.src = url;
      else card.image.removeAttribute("src");
    }
  }

  // --- what a person does ------------------------------------------------------------------------

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.open(this.active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onKeyElsewhere(event) {
    if (!this.data.pageKeys || event.altKey || event.ctrlKey || event.metaKey) return;
    const node = event.composedPath()[0];
    const typing = node.isContentEditable || ["TEXTAREA", "SELECT"].includes(node.tagName);
    if (typing || (node.tagName === "INPUT" && node.type !== "range")) return;
    const key = event.key.toLowerCase();
    if (key in STEPS) this.walk(STEPS[key]);
    else if (key === "t" && this.shown[this.active]) this.say("tag", this.shown[this.active].key);
    else if (key === "enter" && node === document.body) this.open(this.active);
    else return;
    event.preventDefault();
  }

  // Whoever walks with letters goes on with Enter, which must not press a button left behind.
  walk(by) {
    this.list.focus({ preventScroll: true });
    this.step(by);
  }

  step(by) {
    const place = this.active + by;
    if (place >= 0 && place < this.shown.length) {
      this.activate(place, { scroll: true });
    } else if (Math.abs(by) === 1 && this.data.pageKeys && this.data.turns[by > 0 ? 1 : 0]) {
      this.fromEnd = by < 0;
      this.say(by > 0 ? "next" : "previous", "");
    }
  }

  open(place) {
    const card = this.shown[place];
    if (!card) return;
    this.activate(place, { scroll: false });
    this.say("open", card.key);
  }

  say(act, film) {
    this.number += 1;
    this.setStateValue("said", { number: this.number, act, film });
  }

  activate(place, { scroll }) {
    this.shown[this.active]?.node.setAttribute("aria-selected", "false");
    this.active = place;
    const card = this.shown[place];
    if (!card) return;
    card.node.setAttribute("aria-selected", "true");
    this.list.setAttribute("aria-activedescendant", card.node.id);
    if (scroll) card.node.scrollIntoView({ block: "nearest" });
  }
}

function fillCard(node, card, threshold) {
  const find = (name) => node.querySelector(`.${name}`);
  const scored = card.probability !== null;
  node.setAttribute("aria-label", sentenceOf(card, threshold));
  for (const name of ["heading", "name", "words", "quality"]) {
    find(name).textContent = card[name];
    find(name).title = card[name];
  }
  find("drawn").hidden = !card.synthetic;
  find("quality").hidden = card.quality === "";
  find("picture").hidden = !card.pictured;
  find("heading").hidden = !card.heading;
  find("number").textContent = scored ? shortNumber(card.probability) : "";
  find("scale").hidden = !scored;
  find("scale").style.setProperty("--tick", threshold);
  find("scale").style.setProperty("--dot", card.probability ?? 0);
  find("scale").classList.toggle("above", scored && card.probability >= threshold);
  find("tags").replaceChildren(...card.tags.map(tagOf));
}

function tagOf(words) {
  const tag = document.createElement("span");
  tag.textContent = words;
  return tag;
}

function shortNumber(probability) {
  if (probability > 0.99) return `> ${numeral(0.99, 2)}`;
  return probability < 0.01 ? `< ${numeral(0.01, 2)}` : numeral(probability, 2);
}

function sentenceOf({ heading, name, synthetic, probability, words, quality, tags }, threshold) {
  const none = threshold === null ? "" : tr("no probability");
  const known = (value) => tr("probability {number}", { number: shortNumber(value) });
  const score = probability === null ? none : known(probability);
  const tagged = tags.length ? tr("tagged {tags}", { tags: tags.join(", ") }) : "";
  const drawn = synthetic ? tr("synthetic") : "";
  return [heading, name, drawn, score, words, quality, tagged].filter(Boolean).join(". ");
}
