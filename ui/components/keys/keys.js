// Takes Ctrl+Enter (or Cmd+Enter) before the focused field does: the field is left, which makes it
// tell the page what is in it. Of a field for text that is all: what cannot be taken back takes a
// second press. Elsewhere the key is pressed again on the page itself.

export default mounting(() => {
  document.addEventListener("keydown", pressOnPage, { capture: true });
  return {
    receive() {},
    close: () => document.removeEventListener("keydown", pressOnPage, { capture: true }),
  };
});

function pressOnPage(event) {
  const { key, code, ctrlKey, metaKey } = event;
  if (key !== "Enter" || !(ctrlKey || metaKey) || event.target === document.body) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  document.activeElement.blur();
  if (isText(event.composedPath()[0])) return;
  const again = { key, code, ctrlKey, metaKey, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", again));
}

function isText(node) {
  if (node.tagName === "TEXTAREA" || node.isContentEditable) return true;
  return node.tagName === "INPUT" && !["radio", "checkbox", "range"].includes(node.type);
}
