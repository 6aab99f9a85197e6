"""Teaching and Archive say all their words in the reader's language, whatever they show."""

import re

import pytest
from fixtures.app_pages import open_app, open_page
from fixtures.review_records import FILM
from fixtures.spoken_pages import outside_brackets, texts_of
from pages.test_archive import archive  # noqa: F401 - a fixture
from pages.test_spoken import DATA, _bracketed  # noqa: F401
from pages.test_teaching import READER, begin, films, hands, kept  # noqa: F401
from streamlit.testing.v1 import AppTest

from core.domain.archive import ArrivalState
from core.domain.findings import Category
from core.domain.review import Verdict
from core.language.current import using
from ui.app.language import CHOSEN

NAMES = re.compile(
    r"\bDr\. Ada Trainee\b|\b(IM|person)-?\d[\w-]*|\bhost:1\b|pacs\.example|:[a-z]+-badge|"
    r"https://|/dicom-web|^(large|text|right|number)$|\b[\da-f]{64}[-x\d]*"
)
"""Names of people, films, machines, and of what a table's columns are."""
CITED = re.compile(r" (19|20)\d\d; ")
"""In the caption of a sign: where more is to be read."""


COMPONENTS = frozenset({"bidi_component", "component_instance"})
"""Their data holds keys and pictures beside words."""


def left_in_english(page: AppTest) -> list[str]:
    """Return what a page shows that no catalogue knows."""
    page.session_state[CHOSEN] = "es"
    page.run()
    assert not page.exception
    texts = (
        text
        for kind, text in texts_of(page)
        if kind not in COMPONENTS and not CITED.search(text[:999])
    )
    found = {outside_brackets(NAMES.sub(" ", DATA.sub(" ", text))) for text in texts}
    return sorted(found - {""})


@pytest.mark.usefixtures("_bracketed")
def test_a_session_from_its_first_film_to_its_summary(hands) -> None:  # noqa: F811
    page, left = hands.page, {}
    begin(hands, films=1, with_model=True)
    left["blind read"] = left_in_english(page)
    hands.lock(Verdict.PNEUMONIA, 4, Category.CONSOLIDATION)
    left["second read"] = left_in_english(page)
    hands.lock(Verdict.NORMAL, 2)
    left["answer"] = left_in_english(page)
    page.button(key="teaching-next-0").click().run()
    left["summary"] = left_in_english(page)
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.switch_page("pages/teaching.py").run()
    with using("es"):  # AppTest says the options of a choice outside of the page
        page.text_input(key="reader-name").set_value(READER).run()
        for view in ("progress", "sets"):
            page.button_group(key="teaching-view").set_value(view).run()
            left[view] = left_in_english(page)
    found = [f"{state}: {text}" for state, texts in left.items() for text in texts]
    assert not found, "\n".join(found)


@pytest.mark.usefixtures("_bracketed")
def test_films_and_reports_of_an_archive(archive) -> None:  # noqa: F811
    archive.note_arrival("a", "DICOMweb", ArrivalState.KEPT, film_sha256=FILM)
    archive.note_arrival("b", "folder", ArrivalState.LEFT_OUT, "It is no DICOM file.")
    archive.note_service(
        "host:1", {"DICOM": "Listens on 10.0.0.9:11112 as FIRSTREAD, only from 10.0.0.1."}
    )
    assert left_in_english(open_page("archive")) == []
