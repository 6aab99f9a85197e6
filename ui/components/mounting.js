// How a component lives on the page; stands before the scripts of each.
//
// The page calls a component for every message, and cleans up after a call that a newer message
// overtook: while the script is still loading, and before or after the newer call. Such a cleanup
// must not close what the newer call shows, nor leave rows behind that it would add to. So only
// the cleanup of the latest call closes, while the element is still on the page only if nothing
// follows soon, and a closed component leaves its markup as it found it.

const OVERTAKEN_MS = 1000;

// `open(props, root)` returns what has receive(data, setStateValue) and close().
function mounting(open, selector = null) {
  const mounted = new WeakMap();

  function openAnew(props, root) {
    const untouched = selector && root.cloneNode(true);
    if (selector) translateMarkup(root);
    const { language } = spoken;
    const opened = { root, untouched, language, calls: 0, component: open(props, root) };
    mounted.set(props.parentElement, opened);
    return opened;
  }

  function close(parent, opened) {
    if (mounted.get(parent) !== opened) return;
    mounted.delete(parent);
    opened.component.close();
    if (selector) opened.root.replaceWith(opened.untouched);
  }

  return (props) => {
    const { parentElement, data, setStateValue } = props;
    const find = () => (selector ? parentElement.querySelector(selector) : parentElement);
    let [opened, root] = [mounted.get(parentElement), find()];
    speak(data);
    if (opened && (opened.root !== root || opened.language !== spoken.language)) {
      close(parentElement, opened);
      root = find();
    }
    if (opened?.root !== root) opened = openAnew(props, root);
    opened.calls += 1;
    const call = opened.calls;
    opened.component.receive(data, setStateValue);
    const closeIfLatest = () => {
      if (call === opened.calls) close(parentElement, opened);
    };
    return () => {
      if (parentElement.isConnected) setTimeout(closeIfLatest, OVERTAKEN_MS);
      else closeIfLatest();
    };
  };
}
