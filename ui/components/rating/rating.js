// The read lives here until it is locked, through a reload too. Digits that are typed one after
// the other form a number. `token` tells one read from the next.

const TYPED_TOGETHER_MS = 1200;

export default mounting((_, root) => new RatingForm(root), ".rating");

function isTypedInto(node) {
  if (node.type === "range") return false;
  return node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);
}

class RatingForm {
  constructor(root) {
    this.root = root;
    this.template = root.querySelector("template");
    this.token = null;
    this.typed = { text: "", at: 0 };
    this.onPageKey = (event) => this.onKey(event);
    document.addEventListener("keydown", this.onPageKey, { capture: true });
    this.slider = root.querySelector("input");
    this.slider.addEventListener("input", () => this.rate(Number(this.slider.value)));
    this.slider.addEventListener("pointerdown", () => this.slider.classList.remove("unset"));
    root.querySelector(".lock").addEventListener("click", () => this.lock());
  }

  close() {
    document.removeEventListener("keydown", this.onPageKey, { capture: true });
  }

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    if (this.token !== data.token) {
      const { label, rating } = recallDraft("rating", data.token) ?? { label: null, rating: null };
      Object.assign(this, { token: data.token, label, rating, locking: false });
      this.typed = { text: "", at: 0 };
      this.lacking("");
      this.fill(data.labels);
      const { lowest, highest } = data;
      Object.assign(this.slider, { min: lowest, max: highest, value: (lowest + highest) / 2 });
    }
    this.root.querySelector(".note").textContent = data.note;
    this.root.querySelector(".note").hidden = data.note === "";
    this.draw();
  }

  fill(labels) {
    const nodes = labels.map(({ value, words, key }) => {
      const node = this.template.content.firstElementChild.cloneNode(true);
      node.querySelector("span").textContent = words;
      node.querySelector("kbd").textContent = key;
      node.dataset.value = value;
      node.addEventListener("click", () => this.say(value));
      return node;
    });
    this.root.querySelector(".labels").replaceChildren(...nodes);
  }

  draw() {
    for (const node of this.root.querySelector(".labels").children) {
      node.setAttribute("aria-checked", String(node.dataset.value === this.label));
    }
    const isSet = this.rating !== null;
    this.slider.classList.toggle("unset", !isSet);
    if (isSet) this.slider.value = this.rating;
    const shown = isSet ? String(this.rating) : "–";
    this.root.querySelector("output").textContent = shown;
    this.slider.setAttribute("aria-valuetext", isSet ? shown : this.data.lacks.rating);
    this.root.querySelector(".lock").disabled = this.locking;
  }

  onKey(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key === "Enter" && (ctrlKey || metaKey)) {
      if (isTypedInto(event.composedPath()[0])) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) this.lock();
      return;
    }
    if (ctrlKey || metaKey || altKey || isTypedInto(event.composedPath()[0])) return;
    const label = this.data.labels.find((one) => one.key === key.toLowerCase());
    if (label) this.say(label.value);
    if (/^\d$/.test(key)) this.type(key);
    if (label || /^\d$/.test(key)) event.preventDefault();
  }

  // "7" is 7, and a "5" soon after makes it 75; what would go over the end begins a new number.
  type(digit) {
    const now = performance.now();
    const before = now - this.typed.at < TYPED_TOGETHER_MS ? this.typed.text : "";
    const together = Number(before + digit) <= this.data.highest ? before + digit : digit;
    this.typed = { text: together, at: now };
    this.rate(Number(together));
  }

  say(label) {
    if (this.locking) return;
    this.label = label;
    this.keep();
  }

  rate(rating) {
    if (this.locking) return;
    this.rating = rating;
    this.keep();
  }

  keep() {
    const { token, label, rating } = this;
    keepDraft("rating", token, { label, rating });
    this.lacking("");
    this.draw();
  }

  lock() {
    if (this.locking) return;
    const { lacks } = this.data;
    if (this.label === null || this.rating === null) {
      this.lacking(this.label === null ? lacks.label : lacks.rating);
      return;
    }
    this.locking = true;
    const { token, label, rating } = this;
    this.setStateValue("said", { token, label, rating });
    this.draw();
  }

  lacking(words) {
    const node = this.root.querySelector(".lacks");
    node.textContent = words;
    node.hidden = words === "";
  }
}
