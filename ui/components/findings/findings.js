// The findings live here too, so that of keys pressed fast none is lost: each message holds all of
// them, numbered, and the page's answer counts only if it knows the newest message.

export default mounting((_, root) => new FindingsForm(root), ".findings");

const SHIFT = "\u21e7";

function isTypedInto(node) {
  return node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);
}

// Shift and a digit are one key on every layout but those that write digits, or a key of the film,
// by it.
function nameOf({ key, code, shiftKey }) {
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  return shiftKey && digit && !/^[0-9+=?_-]$/.test(key) ? `${SHIFT}${digit}` : key.toLowerCase();
}

class FindingsForm {
  constructor(root) {
    this.root = root;
    this.note = root.querySelector(".note");
    this.template = root.querySelector("template");
    this.token = null;
    this.number = 0;
    this.acts = new Map();
    this.nodes = new Map();
    this.onPageKey = (event) => this.onKey(event);
    document.addEventListener("keydown", this.onPageKey, { capture: true });
  }

  close() {
    document.removeEventListener("keydown", this.onPageKey, { capture: true });
  }

  receive(data, setStateValue) {
    const isNew = this.token !== data.token;
    Object.assign(this, { data, setStateValue, token: data.token });
    if (isNew) this.fill();
    if (isNew) this.keyed = { verdict: null, confidence: null };
    if (isNew || data.number >= this.number) {
      this.chosen = { ...data.findings };
      this.note.textContent = data.note;
    }
    this.number = isNew ? data.number : Math.max(this.number, data.number);
    this.draw();
  }

  fill() {
    const { categories, places, verdicts, confidences } = this.data;
    this.acts = new Map(verdicts.map(({ key, value }) => [key, () => this.say({ verdict: value })]));
    for (const step of confidences) this.acts.set(String(step), () => this.say({ confidence: step }));
    const buttons = categories.map((one) => this.button(one, one.value, () => this.turn(one)));
    this.root.querySelector(".categories").replaceChildren(this.note, ...buttons);
    const rows = places.map((place) => {
      const row = document.createElement("div");
      row.className = "place";
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", place.title);
      row.dataset.of = place.of;
      const name = document.createElement("span");
      name.textContent = place.words;
      const choices = place.choices.map((choice) =>
        this.button(choice, `${place.of}: ${choice.value}`, () => this.turnPlace(place, choice.value)),
      );
      row.append(name, ...choices);
      return row;
    });
    this.root.querySelector(".places").replaceChildren(...rows);
  }

  button({ words, key, title, value }, name, act) {
    const node = this.template.content.firstElementChild.cloneNode(true);
    node.querySelector("span").textContent = words;
    node.querySelector("kbd").textContent = key;
    node.title = title;
    node.dataset.name = name;
    node.dataset.value = value;
    node.addEventListener("click", act);
    this.acts.set(key, act);
    this.nodes.set(key, node);
    return node;
  }

  draw() {
    const { categories, zones, effusion_sides: sides } = this.chosen;
    for (const node of this.root.querySelectorAll(".categories button")) {
      node.setAttribute("aria-pressed", String(categories.includes(node.dataset.value)));
    }
    for (const row of this.root.querySelectorAll(".place")) {
      row.hidden = !categories.includes(row.dataset.of);
      for (const node of row.querySelectorAll("button")) {
        const pressed = [...zones, ...sides].includes(node.dataset.value);
        node.setAttribute("aria-pressed", String(pressed));
      }
    }
  }

  onKey(event) {
    const { ctrlKey, metaKey, altKey, repeat } = event;
    if (ctrlKey || metaKey || altKey || isTypedInto(event.composedPath()[0])) return;
    const act = this.acts.get(nameOf(event));
    if (!act) return;
    event.preventDefault();
    if (repeat) return;
    act();
    this.bringIntoView(this.nodes.get(nameOf(event)));
  }

  // What a key has changed may lie below the fold, with the places that it offers.
  bringIntoView(node) {
    if (!node) return;
    const of = node.closest(".place")?.dataset.of ?? node.dataset.value;
    const places = [...this.root.querySelectorAll(".place:not([hidden])")];
    node.scrollIntoView({ block: "nearest" });
    places.findLast((row) => row.dataset.of === of)?.scrollIntoView({ block: "nearest" });
  }

  turn({ value, alone, field }) {
    const { categories } = this.chosen;
    const others = categories.filter((one) => one !== value);
    if (categories.includes(value)) {
      this.change({ categories: others, ...(field && { [field]: [] }) });
    } else if (alone) {
      this.change({ categories: [value], zones: [], effusion_sides: [] });
    } else {
      this.change({ categories: [...this.together(others), value] });
    }
  }

  turnPlace({ of, field }, value) {
    const { categories, [field]: places } = this.chosen;
    const isOn = places.includes(value);
    this.change({
      categories: categories.includes(of) ? categories : [...this.together(categories), of],
      [field]: isOn ? places.filter((one) => one !== value) : [...places, value],
    });
  }

  together(values) {
    const alone = this.data.categories.filter((one) => one.alone).map((one) => one.value);
    return values.filter((one) => !alone.includes(one));
  }

  change(parts) {
    Object.assign(this.chosen, parts);
    this.note.textContent = this.data.label;
    this.draw();
    this.say({ verdict: null });
  }

  // A verdict that is chosen by key comes after the findings: the page drops those that contradict.
  // What was pressed by key stays in the message, with its number: the page takes it up once.
  say(keyed) {
    this.number += 1;
    for (const [name, value] of Object.entries(keyed)) {
      this.keyed[name] = { value, number: this.number };
    }
    const { number, token, chosen, keyed: pressed } = this;
    this.setStateValue("said", { number, token, findings: { ...chosen }, ...pressed });
  }
}
