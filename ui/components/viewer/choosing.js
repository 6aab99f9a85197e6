// Walking through the regions by weight, and telling the page which one a person chose.

const choosing = {
  stepRegion(by) {
    if (!this.regions) return;
    const { order } = this.regions;
    const shown = order.filter((label) => this.state.side === "both" ||
      this.state.side === sideOf(this.regions.weights[label]));
    if (shown.length === 0) return;
    const place = shown.indexOf(this.state.cursor);
    const first = by > 0 ? 0 : shown.length - 1;
    const next = place < 0 ? first : (place + by + shown.length) % shown.length;
    this.state.cursor = shown[next];
    this.hovered = null;
    this.listed = null;
    this.bringIntoView(shown[next]);
    this.announce(shown[next]);
    this.request();
  },

  bringIntoView(label) {
    const middle = middleOf(this.regions, label);
    const at = this.placement();
    const { left, top } = this.toCanvas(middle, at);
    const { width, height } = this.canvas;
    if (left < 0 || top < 0 || left > width || top > height) {
      const { x, y } = this.toShown(middle);
      this.setView(at.scale, x, y);
    }
  },

  announce(label) {
    const words = regionWords(this.regions, label);
    this.find(".announcement").textContent = `${words.name}, ${words.weight}. ${words.detail}`;
  },

  choose(label) {
    if (!this.regions || label === null) return;
    if (this.covers) return this.turnRegion(label);
    const chosen = this.state.selected === label ? null : label;
    this.state.selected = chosen;
    const { film, regions } = this.data;
    const value = chosen === null ? null : { film, regions: regions.id, label: chosen };
    this.setStateValue("selected_region", value);
    return this.request();
  },
};

Object.assign(Viewer.prototype, choosing);
