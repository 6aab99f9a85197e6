"""The page Reader study says all its words in the reader's language, in each of its states."""

import re

import pytest
from fixtures.study_films import read_all
from pages.test_reader_study import (  # noqa: F401 - fixtures
    ADA,
    MAKER,
    clock,
    hands,
    kept,
    make_study,
    open_as,
)
from pages.test_spoken import _bracketed  # noqa: F401
from pages.test_spoken_states import left_in_english

from core.domain.reader import Role
from core.language.current import using
from core.reader_studies.design import Arm

OF_A_STUDY = re.compile(r"\bDr\. (Ada|Osei|Maker)\b|\b(Spring|iMRMC|Cough)\b|\bp [=<]")


def left(page) -> list[str]:
    found = (OF_A_STUDY.sub(" ", text) for text in left_in_english(page))
    return [text for text in found if re.search(r"[^\W\d_]{3,}", text)]


@pytest.mark.usefixtures("_bracketed")
def test_from_the_form_to_the_results(kept, clock, hands) -> None:  # noqa: F811
    study, found = make_study(kept, tuple(Arm), text="Cough.", with_marks=True), {}
    page = open_as(kept, MAKER, Role.LEAD)
    found["studies"] = left(page)
    with using("es"):  # AppTest says the options of a choice outside of the page
        page.button_group(key="study-view-0").set_value("new").run()
        found["form"] = left(page)
    page = hands.page = open_as(kept, ADA, study=study.study_id)
    for place in range(3):
        found[f"film {place}"] = left(page)
        hands.lock(60)
    read_all(kept, study, clock)
    found["finished"] = left(page)
    address = {"study": study.study_id, "show": "results"}
    found["not final"] = left(open_as(kept, MAKER, Role.LEAD, **address))
    said = [f"{state}: {text}" for state, texts in found.items() for text in texts]
    assert not said, "\n".join(said)
