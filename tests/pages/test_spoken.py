"""Every page says all its words in the language that its reader chose."""

import re

import pytest
from fixtures.app_pages import PATIENCE_S, open_app
from fixtures.spoken_pages import CLOSE, OPEN, Bracketed, outside_brackets, texts_of
from streamlit.testing.v1 import AppTest

from core.language import words
from core.language.current import ENGLISH
from ui.app import guard
from ui.app.language import CHOSEN
from ui.app.pages import PAGES
from ui.components import declare

DATA = re.compile(
    r"First Read|English|Español|\.(png|jpeg|dcm)\b|^[fs]\d\d\b|python -m core [\w -]+|"
    r"(https://)?(pacs|fhir)\.example[/\w-]*|person\d+\w+|NORMAL2-IM[\d-]+|first-read-[\w-]+|"
    r"\b(DICOM|DICOMweb|PDF|CSV|JSON|UTC|Orthanc|ROC|AUC|ECE|FN|FP|TP|TN|PACS|URL)\b"
)
"""What is the same in every language: names, files, runs, abbreviations."""
FILES = re.compile(
    r"[\w./-]+\.(h5|json|md|parquet|py|svg|tflite)\b(: \w+(, \w+)?)?|\b[0-9a-f]{12,64}\b|sha256|"
    r"(test/(NORMAL|PNEUMONIA)/)?(NORMAL2-IM-|person)\d+[\w-]*|Markdown|facts-cards|README"
)
"""What a model card names: records with their parts, hashes, films."""


@pytest.fixture
def _bracketed(monkeypatch):
    """Put a language in Spanish's place that says every known text in brackets."""
    as_it_is = words.translations

    def known(language: str):
        return as_it_is(language) if language == ENGLISH else Bracketed()

    monkeypatch.setattr(words, "translations", known)
    monkeypatch.setattr(declare, "translations", known)


def left_out(page):
    """Return what a page says that no catalogue knows."""
    assert not page.exception
    left = {
        (kind, outside_brackets(DATA.sub(" ", FILES.sub(" ", text))))
        for kind, text in texts_of(page)
    }
    return sorted(f"{kind}: {text}" for kind, text in left if text)


@pytest.mark.usefixtures("_bracketed")
@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_a_page_is_in_the_catalogue(name):
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.switch_page(PAGES[name].path).run(timeout=PATIENCE_S)
    found = left_out(page)
    assert not found, "\n".join(found)


@pytest.mark.usefixtures("_bracketed")
@pytest.mark.parametrize("blind", [True, False], ids=["reads first", "at once"])
def test_every_word_of_the_first_steps_is_in_the_catalogue(blind):
    def draw(blind):
        import streamlit as st

        from ui.app.language import settle_language
        from ui.components.frame.frame import show_frame
        from ui.components.steps.steps import show_steps

        st.session_state["language"] = "es"
        settle_language()
        show_frame("", [], [], "")
        show_steps(blind=blind)

    found = left_out(AppTest.from_function(draw, kwargs={"blind": blind}).run(timeout=PATIENCE_S))
    assert not found, "\n".join(found)


@pytest.mark.usefixtures("_bracketed")
def test_every_word_of_the_log_in_is_in_the_catalogue(monkeypatch):
    monkeypatch.setattr(guard, "recognise", lambda _: False)
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.run(timeout=PATIENCE_S)
    found = left_out(page)
    assert [button.label for button in page.button] == [f"{OPEN}Log in{CLOSE}"]
    assert not found, "\n".join(found)
