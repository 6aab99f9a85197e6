// What a person does to the viewer: pointers, keys and tools.

const WINDOW_PERCENT_PER_PX = 0.25;
const KEY_PAN_PX = 60;
const KEY_ZOOM = 1.25;

const KEYS = {
  "+": (viewer) => viewer.zoomMiddle(KEY_ZOOM),
  "=": (viewer) => viewer.zoomMiddle(KEY_ZOOM),
  "-": (viewer) => viewer.zoomMiddle(1 / KEY_ZOOM),
  _: (viewer) => viewer.zoomMiddle(1 / KEY_ZOOM),
  0: (viewer) => viewer.fit(),
  9: (viewer) => viewer.actual(),
  w: (viewer) => viewer.flip("tool"),
  d: (viewer) => viewer.defaultWindow(),
  i: (viewer) => viewer.flip("invert"),
  q: (viewer) => viewer.turn(),
  f: (viewer) => viewer.mirror(),
  v: (viewer) => viewer.nextPreset(),
  c: (viewer) => viewer.equalise(),
  z: (viewer) => viewer.flip("lens"),
  h: (viewer) => viewer.turnMeasuring(),
  8: (viewer) => viewer.turnLink(),
  r: (viewer) => viewer.reset(),
  "?": (viewer) => viewer.help(),
};
const REGION_KEYS = {
  o: (viewer) => viewer.flip("overlay"),
  s: (viewer) => viewer.nextSide(),
  "[": (viewer) => viewer.changeOpacity(-0.1),
  "]": (viewer) => viewer.changeOpacity(0.1),
  ".": (viewer) => viewer.stepRegion(1),
  ",": (viewer) => viewer.stepRegion(-1),
};
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const TOOLS = {
  zoomIn: KEYS["+"],
  zoomOut: KEYS["-"],
  fit: KEYS[0],
  actual: KEYS[9],
  tool: KEYS.w,
  defaultWindow: KEYS.d,
  invert: KEYS.i,
  turn: KEYS.q,
  mirror: KEYS.f,
  equalise: KEYS.c,
  lens: KEYS.z,
  measure: KEYS.h,
  link: KEYS[8],
  unmeasure: (viewer) => viewer.removeLine(),
  overlay: REGION_KEYS.o,
  mark: (viewer) => viewer.turnMarking(),
  unmark: (viewer) => viewer.removeMark(),
  save: (viewer) => viewer.savePicture(),
  reset: KEYS.r,
  help: KEYS["?"],
  howTo: (viewer) => viewer.showHowTo(),
};

function isTypedInto(node) {
  return node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);
}

const controls = {
  listen() {
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.onPageKey = (event) => this.onKeyElsewhere(event);
    document.addEventListener("keydown", this.onPageKey, { capture: true });
    this.followList();
    this.root.addEventListener("click", (event) => this.onTool(event));
    this.find("[data-role=opacity]").addEventListener("input", (event) => {
      this.state.opacity = event.target.value / 100;
      this.request();
    });
    this.find("[data-role=preset]").addEventListener("change", (event) => {
      if (this.film) this.showPreset(event.target.value);
    });
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => this.film && !this.state.measuring && this.fit());
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("pointercancel", (event) => this.onUp(event));
    canvas.addEventListener("pointerleave", () => this.leave());
  },

  // --- keys and buttons --------------------------------------------------------------------------

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.film) return;
    if (!this.actOnKey(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the page has single-letter shortcuts of its own
  },

  // Single keys act wherever the focus is, unless somebody is typing there.
  onKeyElsewhere(event) {
    const path = event.composedPath();
    const inside = path.find((node) => node.classList?.contains("viewer"));
    if (inside === this.root || isTypedInto(path[0]) || this.leavesKey(event, inside)) return;
    if (event.key.length === 1 || event.key === "Escape") this.onKey(event);
  },

  actOnKey({ key, shiftKey, target }) {
    if (key === "Escape" && !this.isCompanion) return this.closeHelp() || this.stopMarking() || this.stopMeasuring();
    const name = key.length === 1 ? key.toLowerCase() : key;
    if (this.pageOwns.has(name)) return false;
    if (this.isCompanion && !(COMPANION_KEYS.has(name) || key in ARROWS)) return false;
    if (this.onLineKey(name)) return true;
    if (this.onMarkKey(name, shiftKey, target)) return true;
    if (key in ARROWS) return target === this.stage && this.onArrow(key, shiftKey);
    if (key === "Enter") return target === this.stage && this.onEnter();
    const act = KEYS[name] ?? (this.regions && REGION_KEYS[name]);
    if (!act) return false;
    act(this);
    return true;
  },

  closeHelp() {
    const wasOpen = !this.find(".help").hidden;
    this.help(false);
    return wasOpen;
  },

  onArrow(key, shiftKey) {
    const [right, down] = ARROWS[key];
    const ratio = globalThis.devicePixelRatio || 1;
    if (shiftKey) this.changeWindow(-2 * right, 2 * down);
    else this.pan(right * KEY_PAN_PX * ratio, down * KEY_PAN_PX * ratio);
    return true;
  },

  onEnter() {
    this.choose(this.state.cursor);
    return this.state.cursor !== null;
  },

  onTool(event) {
    const button = event.target.closest("button");
    if (!button || !this.film) return;
    if (button.dataset.side) this.showSide(button.dataset.side);
    else TOOLS[button.dataset.act](this);
  },

  // --- pointers ----------------------------------------------------------------------------------

  onWheel(event) {
    event.preventDefault();
    if (!this.film) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const { left, top } = this.locate(event);
    this.zoomAt(Math.exp(clamp(-event.deltaY * lines, -240, 240) * 0.002), left, top);
  },

  onDown(event) {
    if (!this.film) return;
    this.stage.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const windows = event.button === 2 || event.shiftKey || this.state.tool;
    const { marking, measuring } = this.state;
    const sets = event.button === 0 && (marking ? "mark" : measuring && "line");
    const kind = windows ? "window" : sets || "pan";
    this.drag = { kind, moved: 0, button: event.button, from: this.locate(event) };
    if (this.pointers.size > 1) this.drag = { kind: "pinch", moved: Infinity };
    this.stage.dataset.drag = this.drag.kind;
    event.preventDefault();
  },

  onMove(event) {
    if (!this.film) return;
    this.pointer = { clientX: event.clientX, clientY: event.clientY };
    this.drawLens();
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.hover(event);
      return;
    }
    const right = event.clientX - before.x;
    const down = event.clientY - before.y;
    if (this.drag.kind === "pinch") this.pinch(event);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.drag.moved += Math.abs(right) + Math.abs(down);
    if (this.drag.moved < CLICK_SLACK_PX) return;
    this.hover(null);
    this.drag.to = this.locate(event);
    this.dragBy(right, down);
  },

  dragBy(right, down) {
    const ratio = globalThis.devicePixelRatio || 1;
    if (this.drag.kind === "mark" || this.drag.kind === "line") this.request();
    if (this.drag.kind === "pan") this.pan(right * ratio, down * ratio);
    if (this.drag.kind === "window") {
      this.changeWindow(right * WINDOW_PERCENT_PER_PX, -down * WINDOW_PERCENT_PER_PX);
    }
  },

  // The film's point between the fingers follows them.
  pinch(event) {
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const before = this.pointers.get(event.pointerId);
    if (!other) return;
    const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const now = { x: event.clientX, y: event.clientY };
    const half = (globalThis.devicePixelRatio || 1) / 2;
    this.pan((now.x - before.x) * half, (now.y - before.y) * half);
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    const { left, top } = this.locate(middle);
    this.zoomAt(apart(now) / apart(before), left, top);
  },

  onUp(event) {
    const drag = this.drag;
    this.pointers.delete(event.pointerId);
    if (this.pointers.size > 0 || !drag) return;
    this.drag = null;
    delete this.stage.dataset.drag;
    const clicked = event.type === "pointerup" && drag.button === 0;
    if (drag.kind === "mark") {
      if (clicked) this.addMark(drag.from, this.locate(event));
      return;
    }
    if (drag.kind === "line") {
      if (clicked && drag.to) this.addLine(drag.from, this.locate(event));
      else if (clicked) this.setLineEnd(drag.from);
      return;
    }
    if (clicked && drag.moved < CLICK_SLACK_PX) this.onClick(event);
  },

  // A choice reruns the page, so it waits until the click cannot become a double click.
  onClick(event) {
    const second = this.clicking !== undefined;
    clearTimeout(this.clicking);
    this.clicking = undefined;
    const label = this.state.overlay ? this.labelAt(this.locate(event)) : null;
    if (second || label === null) return;
    const waitMs = this.covers ? 0 : CLICK_WAIT_MS; // a second click takes the first one back
    this.clicking = setTimeout(() => {
      this.clicking = undefined;
      this.choose(label);
    }, waitMs);
  },

  leave() {
    this.pointer = null;
    this.hover(null);
    this.drawLens();
  },

  hover(event) {
    if (!this.film) return;
    const place = event ? this.locate(event) : null;
    const label = place && this.state.overlay ? this.labelAt(place) : null;
    const changed = label !== this.hovered;
    this.hovered = label;
    if (event) this.state.cursor = null;
    this.place = place;
    this.showPixel();
    this.showTip();
    if (changed || this.state.lineStart) this.request();
  },
};

Object.assign(Viewer.prototype, controls);
