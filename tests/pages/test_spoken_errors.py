"""Errors, Subgroups and Regions say all their words in the reader's language, in every state."""

import re

import pytest
from fixtures.app_pages import PATIENCE_S, open_app
from fixtures.spoken_pages import outside_brackets, texts_of
from pages.test_errors import data, films, missed_film
from pages.test_region_panel import lists_of
from pages.test_review import run_until
from pages.test_spoken import DATA, _bracketed

from core.library.film_codes import film_code
from ui.app.language import CHOSEN

__all__ = ["_bracketed", "data", "films"]

ALIKE = re.compile(
    r"\b(cleanlab|LIME|Wilson|Fisher|Holm|NIH|RSNA|PNG|ChestX-ray14)\b|/tmp/\S+|docs/data\.md|"
    r"(test|train)/(NORMAL|PNEUMONIA)/|:(small|gray-badge)\["
)
"""What else is the same in every language on these pages."""


def open_in_brackets(name, **address):
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.switch_page(f"pages/{name}.py")
    for key, value in address.items():
        page.query_params[key] = value
    page.run(timeout=PATIENCE_S)
    assert not page.exception
    return page


def unknown_words(page):
    """Return what a page says that no catalogue knows."""
    said = {(kind, ALIKE.sub(" ", DATA.sub(" ", text))) for kind, text in texts_of(page)}
    left = {(kind, outside_brackets(text)) for kind, text in said}
    return sorted(f"{kind}: {text}" for kind, text in left if text)


@pytest.mark.usefixtures("_bracketed", "data")
@pytest.mark.parametrize(
    ("name", "address"),
    [
        pytest.param("errors", {"tag": "gone", "film": "0123456789ab"}, id="a stale address"),
        pytest.param("subgroups", {"section": "labels"}, id="doubtful labels"),
        pytest.param("subgroups", {"section": "copies"}, id="copies"),
        pytest.param("subgroups", {"section": "references"}, id="two references"),
    ],
)
def test_a_section_says_every_word_by_the_catalogue(name, address):
    assert unknown_words(open_in_brackets(name, **address)) == []


@pytest.mark.usefixtures("_bracketed", "films")
def test_an_open_case_says_every_word_by_the_catalogue():
    code = film_code(missed_film()[0])
    page = open_in_brackets("errors", split="test", film=code, beside="tn")
    assert unknown_words(page) == []


@pytest.mark.usefixtures("_bracketed", "films")
def test_regions_say_every_word_by_the_catalogue_whatever_is_looked_at():
    page = open_in_brackets("regions", library="public", film=film_code(missed_film()[0]))
    run_until(page, lambda: "data-region=" in lists_of(page))
    found = {"regions": unknown_words(page)}
    for look in ("what-if", "layers", "files"):
        page.query_params["look"] = look
        found[look] = unknown_words(page.run())
    assert found == {"regions": [], "what-if": [], "layers": [], "files": []}
