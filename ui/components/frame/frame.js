// The list that `?` opens, and three things that Streamlit's links and fields lack: the bar is a
// landmark, the current page is named in it, and a name that is being written when a link is
// followed goes along. Streamlit sends the fields of a page that is left only if it has the time.

export default mounting((_, root) => new Frame(root), ".frame");

const PAGES = ".st-key-pages";
const HOME = ".st-key-bar a[href='']";
const LINK_WAITS_MS = 50;
const ASK_HELP = "first-read-help"; // from the viewer's list of keys
const NAME_FIELD = ".st-key-reader-name input";

function isTypedInto(node) {
  return node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);
}

class Frame {
  constructor(root) {
    this.dialog = root.querySelector("dialog");
    this.root = root;
    this.number = 0;
    this.onKey = (event) => this.openOnKey(event);
    this.onWrite = (event) => this.noteName(event);
    this.onFollow = (event) => this.sendName(event);
    this.onAsk = () => this.open();
    window.addEventListener("keydown", this.onKey);
    window.addEventListener(ASK_HELP, this.onAsk);
    document.addEventListener("input", this.onWrite, { capture: true });
    document.addEventListener("click", this.onFollow, { capture: true });
    root.querySelector(".open").addEventListener("click", () => this.open());
    root.querySelector(".close").addEventListener("click", () => this.dialog.close());
    root.querySelector(".steps").addEventListener("click", () => {
      this.dialog.close();
      this.say({ steps: true });
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // beside the list
    });
    this.dialog.addEventListener("close", () => {
      for (const part of ["h2", "ol", "dl"]) root.querySelector(part).replaceChildren();
    });
    // Single letters would reach the page behind the list.
    this.dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this.watcher = new MutationObserver(() => this.nameCurrentPage());
  }

  close() {
    window.removeEventListener("keydown", this.onKey);
    window.removeEventListener(ASK_HELP, this.onAsk);
    document.removeEventListener("input", this.onWrite, { capture: true });
    document.removeEventListener("click", this.onFollow, { capture: true });
    this.watcher.disconnect();
    this.dialog.close();
  }

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.number = Math.max(this.number, data.heard);
    if (this.written === data.name) this.written = undefined;
    this.nameCurrentPage();
    const { nameCookie, name } = data; // of this browser: another one may sign as somebody else
    if (nameCookie && name.trim()) {
      document.cookie = `${nameCookie}=${encodeURIComponent(name.trim())}; path=/; samesite=strict`;
    }
    document.documentElement.lang = data.language;
    if (data.languageCookie) {
      const age = 400 * 24 * 3600;
      document.cookie = `${data.languageCookie}=${data.language}; path=/; max-age=${age}; samesite=strict`;
    }
    const [seen] = data.cookie.split(";");
    if (document.cookie.includes(seen)) document.cookie = data.cookie; // for another 400 days
  }

  // Filled while it is open: closed, its words would stand twice in the page.
  open() {
    this.root.querySelector("h2").textContent = this.data.title;
    this.root.querySelector("ol").replaceChildren(
      ...this.data.howTo.map((words) => Object.assign(document.createElement("li"), { textContent: words })),
    );
    const template = this.root.querySelector("template");
    const rows = this.data.keys.map(([keys, words]) => {
      const row = template.content.firstElementChild.cloneNode(true);
      row.querySelector("kbd").textContent = keys;
      row.querySelector("dd").textContent = words;
      return row;
    });
    this.root.querySelector("dl").replaceChildren(...rows);
    this.dialog.showModal();
  }

  say(words) {
    this.number += 1;
    this.setStateValue("said", { number: this.number, ...words });
  }

  // The viewer answers `?` itself, with the keys of the film.
  openOnKey(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key !== "?" || ctrlKey || metaKey || altKey || event.defaultPrevented) return;
    if (isTypedInto(event.composedPath()[0]) || this.dialog.open) return;
    event.preventDefault();
    this.open();
  }

  nameCurrentPage() {
    const bar = document.querySelector(PAGES);
    if (!bar) return;
    // Streamlit gives the first page no address, which a new tab would take for this page's.
    for (const link of document.querySelectorAll(HOME)) link.setAttribute("href", "./");
    bar.setAttribute("role", "navigation");
    bar.setAttribute("aria-label", tr("Pages"));
    for (const link of bar.querySelectorAll("a")) {
      const isCurrent = link.textContent.trim() === this.data.title;
      if (isCurrent) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.watcher.disconnect();
    this.watcher.observe(bar, { childList: true, subtree: true });
  }

  noteName(event) {
    if (event.target.matches?.(NAME_FIELD)) this.written = event.target.value;
  }

  // What is said now would reach the server after the link, and call it back: the link waits.
  sendName(event) {
    const { written } = this;
    const link = event.composedPath().find((node) => node.tagName === "A");
    if (written === undefined || !link) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.written = undefined;
    this.say({ name: written });
    setTimeout(() => link.click(), LINK_WAITS_MS);
  }
}
