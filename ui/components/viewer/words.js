// What the viewer says: the state of its tools, the readout, the legend and the label of a region.

const wording = {
  showState() {
    const { state, regions } = this;
    this.stage.dataset.tool = String(state.tool);
    this.showContrast();
    for (const name of ["tool", "invert", "lens", "overlay"]) {
      this.find(`[data-act=${name}]`).setAttribute("aria-pressed", String(state[name]));
    }
    this.find("[data-act=link]").setAttribute("aria-pressed", String(this.areLinked));
    this.find("[data-act=measure]").setAttribute("aria-pressed", String(state.measuring));
    this.find("[data-act=unmeasure]").hidden = !(state.lines.length || state.lineStart);
    this.find("[data-act=mirror]").setAttribute("aria-pressed", String(state.turn.flipped));
    for (const button of this.root.querySelectorAll("[data-side]")) {
      const isShown = state.overlay && button.dataset.side === state.side;
      button.setAttribute("aria-pressed", String(isShown));
    }
    this.find(".region-tools").hidden = !regions;
    this.find("[data-role=opacity]").value = Math.round(state.opacity * 100);
    this.showLegend();
    this.showReadout();
    this.showTip();
  },

  showPageKeys() {
    const row = ([keys, words]) => {
      const node = this.find("template").content.firstElementChild.cloneNode(true);
      for (const key of keys.split(" ")) {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        node.querySelector("dt").append(cap, " ");
      }
      node.querySelector("dd").textContent = words;
      return node;
    };
    this.find(".page-keys").replaceChildren(...this.data.pageKeys.map(row));
    const alone = this.data.pageKeys.filter(([keys]) => !/Ctrl|Shift/.test(keys));
    this.pageOwns = new Set(alone.flatMap(([keys]) => keys.split(" ")));
  },

  showLegend() {
    const { state, regions } = this;
    this.find(".legend").hidden = !(regions && state.overlay && this.film);
    if (!regions) return;
    const { full, least, largest, none } = regions;
    const bare = largest < least;
    this.find(".legend .scale").hidden = bare;
    this.find(".legend .least").textContent = tr("against {weight}", { weight: signed(-full) });
    this.find(".legend .most").textContent = tr("{weight} for", { weight: signed(full) });
    this.find(".legend .words").textContent = bare
      ? `${none} ${tr(calledOf(regions).hint)}`
      : strengthWords(regions);
  },

  showReadout() {
    const { film, state } = this;
    if (!film) return;
    const zoom = (100 * this.scale() * film.width) / film.filmWidth;
    const { centre, width } = state.window;
    const percent = numeral(zoom, zoom < 10 ? 1 : 0);
    const [c, w] = [Math.round(centre), Math.round(width)];
    this.write("zoom", tr("Zoom {percent} %", { percent }));
    this.write("window", tr("Window C {centre} W {width} %", { centre: c, width: w }));
    this.write("size", this.sizeWords());
    const lacks = state.boxLacks ? [state.boxLacks] : [];
    this.write("sign", [...this.signWords(), ...lacks].join(" \u00b7 "));
    this.showPixel();
  },

  // What stands on the stage and below the saved picture while the film is not as it came.
  signWords() {
    return [...this.turnWords(), ...(this.state.equalise ? [tr(PROCESSED)] : [])];
  },

  sizeWords() {
    const { film, data } = this;
    const words = [];
    if (data.spacing) words.push(`${numeral(data.spacing[0], 3)} mm/px`);
    if (film.width < film.filmWidth) {
      const { width: shown, filmWidth: whole } = film;
      words.push(tr("shown at {shown} of {whole} columns", { shown, whole }));
    }
    return words.join(" \u00b7 ");
  },

  showPixel() {
    const { film, place } = this;
    const inside = place && place.x >= 0 && place.y >= 0 && place.x < 1 && place.y < 1;
    if (!film || !inside) return this.write("pixel", "");
    const column = Math.floor(place.x * film.width);
    const row = Math.floor(place.y * film.height);
    const level = film.levels[0].pixels[row * film.width + column];
    const percent = numeral((100 * level) / (2 ** film.bits - 1), 1);
    const x = Math.floor(place.x * film.filmWidth);
    const y = Math.floor(place.y * film.filmHeight);
    return this.write("pixel", tr("Grey {percent} % at {x}, {y}", { percent, x, y }));
  },

  write(role, words) {
    this.find(`.readout [data-role=${role}]`).textContent = words;
  },

  showTip() {
    const { state, regions } = this;
    const tip = this.find(".tip");
    const label = this.pointedAt();
    tip.hidden = !regions || !this.film || !state.overlay || state.lens || label === null;
    if (tip.hidden) return;
    const words = regionWords(regions, label);
    tip.querySelector("b").textContent = words.name;
    tip.querySelector(".weight").textContent = words.weight;
    tip.querySelector(".detail").textContent = words.detail;
    tip.style.setProperty("--side", `rgb(${colourOf(regions, label)})`);
    this.placeTip(tip, this.hovered === null ? this.middleOnCanvas(label) : this.place);
  },

  middleOnCanvas(label) {
    return this.toCanvas(middleOf(this.regions, label), this.placement());
  },

  // Beside the pointer, on the side where there is room.
  placeTip(tip, { left, top }) {
    const ratio = globalThis.devicePixelRatio || 1;
    const [x, y] = [left / ratio, top / ratio];
    const beside = x + 20 + tip.offsetWidth > this.stage.clientWidth;
    const below = y + 20 + tip.offsetHeight > this.stage.clientHeight;
    tip.style.left = `${Math.max(4, beside ? x - 16 - tip.offsetWidth : x + 16)}px`;
    tip.style.top = `${Math.max(4, below ? y - 16 - tip.offsetHeight : y + 16)}px`;
  },
};

function strengthWords({ unit, ofScore }) {
  return ofScore
    ? tr("Effect on the score: faint = weak, full = strong")
    : tr("{unit}: faint = weak, full = strong", { unit });
}

Object.assign(Viewer.prototype, wording);
