// The answer lives here until it is locked; each message holds all of it, so that of keys pressed
// fast none is lost. `token` tells one read from the next.


export default mounting((_, root) => new AnswerForm(root), ".answer");

function isTypedInto(node) {
  return node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);
}

class AnswerForm {
  constructor(root) {
    this.root = root;
    this.template = root.querySelector("template");
    this.token = null;
    this.onPageKey = (event) => this.onKey(event);
    document.addEventListener("keydown", this.onPageKey, { capture: true });
    this.root.querySelector(".lock").addEventListener("click", () => this.lock());
  }

  close() {
    document.removeEventListener("keydown", this.onPageKey, { capture: true });
  }

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    if (this.token !== data.token) {
      const { token, label, confidence, findings } = data;
      Object.assign(this, { token, label, confidence, findings, locking: false });
      this.lacking("");
      this.fill(".labels", data.labels, (value) => this.sayLabel(value));
      this.fill(".seen", data.seen, (value) => this.turn(value));
      this.fill(".steps", data.steps, (value) => this.say({ confidence: value }));
    }
    this.root.querySelector(".lock span").textContent = data.lock;
    this.root.querySelector(".note").textContent = data.note;
    this.root.querySelector(".note").hidden = data.note === "";
    this.draw();
  }

  fill(place, choices, choose) {
    const nodes = choices.map(({ value, words, key, title }) => {
      const node = this.template.content.firstElementChild.cloneNode(true);
      node.querySelector("span").textContent = words;
      node.querySelector("kbd").textContent = key;
      node.title = title;
      node.dataset.value = value;
      if (place === ".seen") node.removeAttribute("role");
      node.addEventListener("click", () => choose(value));
      return node;
    });
    this.root.querySelector(place).replaceChildren(...nodes);
  }

  draw() {
    const said = { ".labels": this.label, ".steps": this.confidence };
    for (const [place, value] of Object.entries(said)) {
      for (const node of this.root.querySelector(place).children) {
        node.setAttribute("aria-checked", String(node.dataset.value === String(value)));
      }
    }
    for (const node of this.root.querySelector(".seen").children) {
      node.removeAttribute("aria-checked");
      node.setAttribute("aria-pressed", String(this.findings.includes(node.dataset.value)));
    }
    this.root.querySelector(".lock").disabled = this.locking;
  }

  onKey(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key === "Enter" && (ctrlKey || metaKey)) {
      if (isTypedInto(event.composedPath()[0])) return; // the text is stored, and nothing else
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) this.lock();
      return;
    }
    if (ctrlKey || metaKey || altKey || isTypedInto(event.composedPath()[0])) return;
    const { labels, steps, seen } = this.data;
    const label = labels.find((one) => one.key === key.toLowerCase());
    const step = steps.find((one) => one.key === key);
    const finding = seen.find((one) => one.key === key.toLowerCase());
    if (label) this.sayLabel(label.value);
    if (step) this.say({ confidence: step.value });
    if (finding && !event.repeat) this.turn(finding.value);
    if (label || step || finding) event.preventDefault();
  }

  // A finding says pneumonia, and normal has none.
  sayLabel(label) {
    this.say({ label, findings: label === this.data.implied ? this.findings : [] });
  }

  turn(value) {
    const others = this.findings.filter((one) => one !== value);
    const isOn = this.findings.includes(value);
    this.say(isOn ? { findings: others } : { findings: [...others, value], label: this.data.implied });
  }

  say(change) {
    if (this.locking) return;
    Object.assign(this, change);
    this.lacking("");
    this.send(false);
  }

  lock() {
    if (this.locking) return;
    const { lacks } = this.data;
    if (this.label === null || this.confidence === null) {
      this.lacking(this.label === null ? lacks.label : lacks.confidence);
      return;
    }
    this.locking = true;
    this.send(true);
  }

  send(lock) {
    const { token, label, confidence, findings } = this;
    this.setStateValue("said", { token, label, confidence, findings, lock });
    this.draw();
  }

  lacking(words) {
    const node = this.root.querySelector(".lacks");
    node.textContent = words;
    node.hidden = words === "";
  }
}
