// The language of a component; stands before its scripts. The English text is the key: the page
// sends what each is called where another language is spoken (declare.py).

let spoken = { language: "en", translations: {} };

function speak(data) {
  if (data?.translations) spoken = data;
}

function fillIn(text, fields) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? fields[name] : whole));
}

// A text, with its fields in braces filled in: tr("Zoom {percent} %", { percent: 80 }).
function tr(text, fields = {}) {
  return fillIn(spoken.translations[text]?.[0] ?? text, fields);
}

// A text that counts `n` things.
function trn(one, many, n, fields = {}) {
  const known = spoken.translations[one] ?? [one, many];
  return fillIn(known[n === 1 ? 0 : 1], { n, ...fields });
}

// A text that is said later, by tr().
function msg(text) {
  return text;
}

// A number with its decimals, as the language writes it.
function numeral(value, decimals = 0) {
  const [sign] = (0.1).toLocaleString(spoken.language).match(/[^\d]/);
  return value.toFixed(decimals).replace(".", sign);
}

// Says what stands in a component's markup.
function translateMarkup(root) {
  const said = (text) => spoken.translations[text.trim().replace(/\s+/g, " ")]?.[0];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const node of texts) {
    const words = said(node.data);
    if (words) node.data = node.data.replace(node.data.trim(), () => words);
  }
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (element.localName === "template") translateMarkup(element.content);
    for (const name of ["aria-label", "title", "placeholder"]) {
      const words = said(element.getAttribute?.(name) ?? "");
      if (words) element.setAttribute(name, words);
    }
  }
}
