// What is begun on a read, kept through a reload of the page, in this tab alone. Only the newest
// read of a kind is kept. A browser may forbid storage; what is begun then ends with the page.

function recallDraft(kind, token) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`first-read.draft.${kind}`));
    return kept?.token === token ? kept.draft : null;
  } catch {
    return null;
  }
}

function keepDraft(kind, token, draft) {
  try {
    sessionStorage.setItem(`first-read.draft.${kind}`, JSON.stringify({ token, draft }));
  } catch {
    return;
  }
}
