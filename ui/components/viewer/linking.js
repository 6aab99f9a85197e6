// Two films side by side: zoom, place and window of one follow the other's. Places are shares of the
// films' sides and zoom is relative to the fitted film, for films differ in size. Turns, marks, lengths
// and regions belong to one film alone. One of the two is the companion: keys that are pressed
// elsewhere are the other's, and it has no tools that draw.

const pairs = (globalThis[Symbol.for("first-read.pairs")] ??= {
  viewers: new Set(),
  parted: new Set(), // names of pairs whose films move each alone
});
const COMPANION_KEYS = new Set([..."+=-_09wdivqfr8"]);
const { setView, fit, changeWindow, showPreset } = Viewer.prototype;

const linking = {
  takePair() {
    const { pair } = this.data;
    if (pair) pairs.viewers.add(this);
    else this.leavePair();
    this.root.classList.toggle("paired", Boolean(pair));
    this.root.classList.toggle("companion", this.isCompanion);
    this.find(".which").hidden = !pair;
    this.find(".which").textContent = pair?.label ?? "";
    this.find("[data-act=link]").hidden = !pair;
    for (const row of this.root.querySelectorAll(".for-pair")) row.hidden = !pair;
    this.levelToolbars();
  },

  leavePair() {
    const others = this.others;
    pairs.viewers.delete(this);
    this.find(".toolbar").style.minHeight = "";
    for (const other of others) other.levelToolbars();
  },

  get isCompanion() {
    return Boolean(this.data?.pair?.companion);
  },

  get others() {
    const name = this.data?.pair?.name;
    return [...pairs.viewers].filter(
      (other) => name && other !== this && other.data?.pair?.name === name,
    );
  },

  get areLinked() {
    return Boolean(this.data?.pair) && !pairs.parted.has(this.data.pair.name);
  },

  // Those that move with this one.
  get linked() {
    return this.areLinked && this.film ? this.others.filter((other) => other.film) : [];
  },

  turnLink() {
    const { pair } = this.data;
    if (!pair) return;
    if (this.areLinked) pairs.parted.add(pair.name);
    else pairs.parted.delete(pair.name);
    const together = this.areLinked;
    this.announceMark(together ? tr("Both films move together") : tr("Each film moves alone"));
    this.alignPair();
    for (const viewer of [this, ...this.others]) viewer.request();
  },

  // When one film has arrived, or the two are linked again.
  alignPair() {
    for (const viewer of [this, ...this.linked]) {
      const [lead] = viewer.isCompanion ? viewer.linked : [];
      if (!lead) continue;
      viewer.takeView(lead);
      Object.assign(viewer.state, { window: { ...lead.state.window }, preset: lead.state.preset });
      if (lead.state.preset) showPreset.call(viewer, lead.state.preset);
    }
  },

  takeView(lead) {
    const { fit: isFitted, x, y } = lead.state.view;
    if (isFitted) fit.call(this);
    else setView.call(this, (this.fitScale() * lead.scale()) / lead.fitScale(), x, y);
  },

  // Whether a key that was pressed in the viewer `inside`, or in none, is not for this one.
  leavesKey({ key }, inside) {
    return this.isCompanion || Boolean(inside && COMPANION_KEYS.has(key.toLowerCase()));
  },

  // Beside each other the films stand at one height, however the buttons above them wrap.
  levelToolbars() {
    const viewers = [this, ...this.others];
    const bars = viewers.map((viewer) => viewer.find(".toolbar"));
    for (const bar of bars) bar.style.minHeight = "";
    const tops = viewers.map(({ root }) => Math.round(root.getBoundingClientRect().top));
    if (bars.length < 2 || new Set(tops).size > 1) return;
    const tallest = Math.max(...bars.map((bar) => bar.offsetHeight));
    for (const bar of bars) bar.style.minHeight = `${tallest}px`;
  },
};

for (const [name, of] of Object.entries(Object.getOwnPropertyDescriptors(linking))) {
  Object.defineProperty(Viewer.prototype, name, of);
}
for (const [name, act] of Object.entries({ setView, fit })) {
  Viewer.prototype[name] = function (...given) {
    act.apply(this, given);
    for (const other of this.linked) other.takeView(this);
  };
}
for (const [name, act] of Object.entries({ changeWindow, showPreset })) {
  Viewer.prototype[name] = function (...given) {
    act.apply(this, given);
    for (const other of this.linked) act.apply(other, given);
  };
}
