// Takes Ctrl+Enter (or Cmd+Enter) before the focused field does: the field is left, which makes it
// tell the page what is in it. Of a field for text that is all, unless the page says that its key
// is harmless: what cannot be taken back is never done from a text. Elsewhere, and where the key is
// harmless, it is pressed again on the page itself.
// Enter and Escape leave a field of one line, and Escape leaves a comment: either stores its text.
// A text that Ctrl+Enter stored gives the focus to what the page names, so that the next key is the
// page's and no letter of the text.
// What the page names is focused once, as soon as it is there: a button, a field, or a film.
// A page on another subject is shown from its top.

export default mounting(() => {
  document.addEventListener("keydown", pressOnPage, { capture: true });
  document.addEventListener("input", noteUnsaved, { capture: true });
  document.addEventListener("focusout", noteSaved, { capture: true });
  let focused = "";
  let begun = "";
  return {
    receive({ focus, token, harmless, subject, after }) {
      isHarmless = harmless;
      afterText = after;
      if (subject && subject !== begun) showTop();
      begun = subject;
      if (focus && token !== focused) focusControl(focus, FOCUS_TRIES);
      focused = token;
    },
    close: () => {
      document.removeEventListener("keydown", pressOnPage, { capture: true });
      document.removeEventListener("input", noteUnsaved, { capture: true });
      document.removeEventListener("focusout", noteSaved, { capture: true });
    },
  };
});

let isHarmless = false; // the page's, and a page has one listener
let afterText = "";
const FOCUS_TRIES = 60; // frames: the page draws the button after this component

// Streamlit keeps how far the page was scrolled, and another film begins at its top.
function showTop() {
  const page = document.querySelector("[data-testid='stMain']");
  if (page) page.scrollTop = 0;
}

function controlOf(name) {
  const place = name && document.querySelector(`.st-key-${name}`);
  return place ? (place.querySelector("button, input") ?? stageIn(place)) : null;
}

function focusControl(name, tries) {
  const control = controlOf(name);
  if (control) control.focus({ preventScroll: true });
  else if (tries > 0) requestAnimationFrame(() => focusControl(name, tries - 1));
}

// A component is behind a shadow root, and its film is the one stop that is no control.
function stageIn(place) {
  const parts = [...place.querySelectorAll("*")];
  return parts.map((one) => one.shadowRoot?.querySelector("[tabindex='0']")).find(Boolean);
}

function pressOnPage(event) {
  const { key, code, ctrlKey, metaKey, repeat } = event;
  if (leavesField(event)) return event.composedPath()[0].blur();
  if (key !== "Enter" || !(ctrlKey || metaKey)) return;
  if (event.target === document.body && !repeat) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  if (repeat) return; // a key that is held down locks, and must not sign as well
  const field = event.composedPath()[0];
  document.activeElement.blur();
  const again = { key, code, ctrlKey, metaKey, bubbles: true, cancelable: true };
  const press = () => document.body.dispatchEvent(new KeyboardEvent("keydown", again));
  if (!isTyped(field)) press();
  else if (isHarmless) setTimeout(press); // once the page has what was written
  else if (!isText(field)) setTimeout(press);
  else if (!isLine(field)) (controlOf(afterText) ?? field).focus({ preventScroll: true });
}

// A number, a date or a choice: a key pressed there is meant for the page.
const CHOICES = ["radio", "checkbox", "range", "button", "submit"];

function isTyped(node) {
  if (node.tagName === "TEXTAREA" || node.isContentEditable) return true;
  return node.tagName === "INPUT" && !CHOICES.includes(node.type);
}

function isText(node) {
  if (node.tagName === "TEXTAREA" || node.isContentEditable) return true;
  return ["text", "search"].includes(node.type) && node.getAttribute("role") !== "combobox";
}

// A field of one line that is no box to choose from.
function isLine(node) {
  return node.tagName === "INPUT" && node.type === "text" && node.getAttribute("role") !== "combobox";
}

function leavesField(event) {
  const { key, ctrlKey, metaKey, shiftKey, isComposing } = event;
  if (ctrlKey || metaKey || shiftKey || isComposing) return false;
  const field = event.composedPath()[0];
  if (key === "Escape") return isLine(field) || field.tagName === "TEXTAREA";
  return key === "Enter" && isLine(field);
}

function noteUnsaved({ target }) {
  if (target.tagName === "TEXTAREA") target.dataset.unsaved = "";
}

function noteSaved({ target }) {
  if (target.tagName === "TEXTAREA") delete target.dataset.unsaved;
}
