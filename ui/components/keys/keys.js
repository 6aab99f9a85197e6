// Takes Ctrl+Enter (or Cmd+Enter) before the focused field does: the field is left, which makes it
// tell the page what is in it, and the key is pressed again on the page itself.

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
  const again = { key, code, ctrlKey, metaKey, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", again));
}
