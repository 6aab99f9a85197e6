// The page's list of the regions: a table with data-regions, their id, whose rows have data-region,
// a label. Pointing at a line or at its region shows both.

const listing = {
  followList() {
    this.lists = new AbortController();
    const follow = (type, act) => document.addEventListener(type, act, this.lists);
    for (const on of ["pointerover", "focusin"]) follow(on, ({ target }) => this.point(target));
    for (const off of ["pointerout", "focusout"]) follow(off, () => this.point(document.activeElement));
  },

  // The label; null for a line of other regions.
  lineOf(node) {
    const row = node?.closest?.("[data-region]");
    const id = row?.closest("[data-regions]")?.dataset.regions;
    return id && id === this.regions?.id ? Number(row.dataset.region) : null;
  },

  point(node) {
    const label = this.lineOf(node);
    if (label === this.listed) return;
    this.listed = label;
    this.request();
  },

  pointedAt() {
    return this.hovered ?? this.listed ?? this.state.cursor;
  },

  markLines() {
    if (!this.regions) return;
    const label = this.pointedAt() ?? this.state.selected;
    for (const row of document.querySelectorAll("[data-region]")) {
      const own = this.lineOf(row);
      if (own !== null) row.classList.toggle("fr-pointed", own === label);
    }
  },
};

Object.assign(Viewer.prototype, listing);
