"""Every word beside a film that is read is said in the language that its reader chose."""

import re

import pytest
from fixtures.app_pages import open_app
from fixtures.spoken_pages import CLOSE, OPEN, outside_brackets, texts_of
from pages.test_review import CHEST, HAND, File, press, upload
from pages.test_spoken import DATA, _bracketed
from streamlit.testing.v1 import AppTest

from core.domain.review import Verdict
from core.language.current import using
from core.store.reads import SqlReviewStore
from ui.app.language import CHOSEN

__all__ = ["_bracketed"]

KNOWN = re.compile(
    rf"{DATA.pattern}|\bAda\b|\b[0-9a-f]{{16,}}\S*|\b(Ctrl|Shift)( \w+)+|:\w+-badge\["
)
"""What is the same in every language: hashes of films, keys of the keyboard and marks too."""


def open_with(film: File) -> AppTest:
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.run()
    with using("es"):  # AppTest finds what is chosen by its words
        return upload(page, film)


def said(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


def unsaid(page: AppTest, state: str) -> set[str]:
    """Return what a page shows and no catalogue knows, each with the state of the read."""
    assert not page.exception
    left = {(kind, outside_brackets(KNOWN.sub(" ", text))) for kind, text in texts_of(page)}
    return {f"{state}: {kind}: {text}" for kind, text in left if text}


@pytest.mark.usefixtures("_bracketed")
def test_every_word_of_a_read_is_in_the_catalogue(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    found = unsaid(open_with(("f01.png", *HAND[1:])), "refused")
    page = open_with(("f02.png", *CHEST[1:]))
    with using("es"):
        press(page, said("Lock the first read"))
        found |= unsaid(page, "without a verdict")
        page.text_input(key="reader-name").set_value("Ada").run()
        verdict = next(one for one in page.get("button_group") if one.label == said("Your verdict"))
        verdict.set_value(Verdict.PNEUMONIA).run()
        press(page, said("Lock the first read"))
        press(page, said("Show the model's regions"))
        found |= unsaid(page, "locked")
        press(page, said("Sign"))
        found |= unsaid(page, "signed")
    assert [record.read.verdict for record in store.everything()] == [Verdict.PNEUMONIA] * 2
    assert not found, "\n".join(sorted(found))
