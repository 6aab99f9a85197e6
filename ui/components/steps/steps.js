// The three steps; that they were seen is kept in a cookie, which the server reads on the next visit.

export default mounting((_, root) => new Steps(root), ".steps");

class Steps {
  constructor(root) {
    this.root = root;
    root.querySelector(".go").addEventListener("click", () => this.go());
  }

  close() {}

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    for (const part of ["read", "see", "sign", "note"]) {
      this.root.querySelector(`.${part}`).textContent = data[part];
    }
  }

  go() {
    document.cookie = this.data.cookie;
    this.setStateValue("said", { number: this.data.heard + 1 });
  }
}
