// The matrix: one instance per mounted element. While the slider is held the counts are made here;
// letting it go, and choosing a cell, speak to Python. Numbers as described in events.py.

const SNAP = 0.0005; // half a step of the slider: an arrow key leaves the operating point
const CELLS = ["tp", "fn", "fp", "tn"];
const NEIGHBOURS = {
  ArrowRight: { tp: "fn", fp: "tn" },
  ArrowLeft: { fn: "tp", tn: "fp" },
  ArrowDown: { tp: "fp", fn: "tn" },
  ArrowUp: { fp: "tp", tn: "fn" },
};

export default mounting(({ data }, root) => new Matrix(root, data), ".matrix");

class Matrix {
  constructor(root, { heard }) {
    this.root = root;
    this.slider = this.root.querySelector("input");
    this.number = heard;
    this.buttons = Object.fromEntries(
      CELLS.map((cell) => [cell, this.root.querySelector(`[data-cell="${cell}"]`)]),
    );
    for (const cell of CELLS) {
      this.buttons[cell].addEventListener("click", () => this.choose(cell));
      this.buttons[cell].addEventListener("keydown", (event) => this.onKey(event, cell));
    }
    this.slider.addEventListener("input", () => {
      this.held = true;
      this.move(Number(this.slider.value));
    });
    this.slider.addEventListener("change", () => {
      this.held = false;
      this.say();
    });
    this.root.querySelector(".back").addEventListener("click", () => {
      this.threshold = null;
      this.draw();
      this.say();
    });
  }

  close() {}

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    if (data.heard >= this.number && !this.held) { // a held slider is not pulled away
      this.number = data.heard;
      this.threshold = data.threshold;
      this.cell = data.selected;
    }
    this.draw();
  }

  get value() {
    return this.threshold ?? this.data.operatingPoint;
  }

  move(value) {
    const point = this.data.operatingPoint;
    this.threshold = Math.abs(value - point) < SNAP ? null : value;
    this.draw();
  }

  choose(cell) {
    if (cell === this.cell) return;
    this.cell = cell;
    this.draw();
    this.say();
  }

  onKey(event, cell) {
    const next = NEIGHBOURS[event.key]?.[cell];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    this.buttons[next].focus();
    this.choose(next);
  }

  say() {
    this.number += 1;
    const { number, threshold, cell } = this;
    this.setStateValue("said", { number, threshold, cell });
  }

  draw() {
    const counts = countCells(this.data, this.value);
    for (const cell of CELLS) {
      const button = this.buttons[cell];
      const chosen = cell === this.cell;
      button.querySelector("b").textContent = whole(counts[cell]);
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    this.slider.value = this.value;
    this.root.style.setProperty("--point", this.data.operatingPoint);
    const output = this.root.querySelector("output");
    output.textContent = numeral(this.value, 3);
    this.root.classList.toggle("moved", this.threshold !== null);
    this.root.querySelector(".back").hidden = this.threshold === null;
    this.root.querySelector("tbody").replaceChildren(...ratesOf(counts).map(rowOf));
  }
}

function whole(n) {
  return n.toLocaleString(spoken.language, { useGrouping: "always" });
}

function rowOf([name, { value, low, high, n }]) {
  const row = document.createElement("tr");
  const shown = Number.isNaN(value) ? tr("no films") : numeral(value, 3);
  const interval = tr("{low} to {high}", { low: numeral(low, 3), high: numeral(high, 3) });
  [tr(name), shown, interval, whole(n)].forEach((text, place) => {
    const cell = document.createElement(place ? "td" : "th");
    cell.textContent = text;
    row.append(cell);
  });
  return row;
}
