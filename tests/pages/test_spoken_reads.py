"""Records with reads, Compare runs with its tables, and the lesson speak by the catalogue."""

import re
from collections.abc import Iterator

import pytest
from fixtures.app_pages import PATIENCE_S, open_app
from fixtures.review_records import OTHER_FILM, record, sign
from fixtures.spoken_pages import outside_brackets, texts_of
from pages.test_spoken import DATA, _bracketed  # noqa: F401 - a fixture
from streamlit.string_util import clean_text
from streamlit.testing.v1 import AppTest

from core.domain.review import ReadKind, Verdict
from core.language.current import ENGLISH, current_language, using
from core.language.words import msg
from ui.app.language import CHOSEN, SaidWhenShown
from ui.app.pages import PAGES
from ui.records import filters
from ui.records.words import HEADS

WRITTEN = re.compile(
    r"Dr\. \w+|\w+\.(png|jpeg)|Parquet|chest|other|seen twice|run-1|MobileNet\w*|sha256|ROC|"
    r"[0-9a-f]{12,64}|[cx]05(-\w+)?|(NORMAL2-IM-|person)[\w-]+|Colour"
)
"""What readers, files and runs are called themselves."""


def _left(page: AppTest) -> list[str]:
    texts = {*texts_of(page), *_cells(page)}
    left = {(kind, outside_brackets(WRITTEN.sub(" ", DATA.sub(" ", text)))) for kind, text in texts}
    return sorted(f"{kind}: {text}" for kind, text in left if text)


def _cells(page: AppTest) -> Iterator[tuple[str, str]]:
    for table in page.dataframe:
        yield from (("head", str(name)) for name in table.value if name not in HEADS)
        cells = table.value.to_numpy().ravel()
        yield from (("cell", cell) for cell in cells if isinstance(cell, str))


def _open(name: str, **address: str) -> AppTest:
    page = open_app()
    page.session_state[CHOSEN] = "es"
    page.query_params.update(address)
    page.switch_page(PAGES[name].path).run(timeout=PATIENCE_S)
    assert not page.exception
    return page


@pytest.mark.usefixtures("_bracketed")
def test_every_word_beside_signed_reads_is_in_the_catalogue(store):
    words = {"film_name": "chest.png", "comment": "seen twice", "regions": {}}
    for reader, verdict in (("Dr. Ada", Verdict.PNEUMONIA), ("Dr. Bo", Verdict.NORMAL)):
        first = record(reader=reader, verdict=verdict, kind=ReadKind.FIRST, **words)
        sign(store, first)
        sign(store, record(reader=reader, verdict=verdict, supersedes=first.record_id, **words))
    sign(store, record(reader="Dr. Bo", film_sha256=OTHER_FILM, **words | {"film_name": "other"}))
    page = _open("records")
    assert len(page.dataframe[0].value) == 3
    assert not _left(page), "\n".join(_left(page))


@pytest.mark.usefixtures("_bracketed")
@pytest.mark.parametrize("address", [{}, {"lesson": "zoom"}], ids=["tables", "lesson"])
def test_every_word_of_compared_runs_is_in_the_catalogue(store, address):
    page = _open("runs", **address)
    assert page.dataframe
    assert not _left(page), "\n".join(_left(page))


def test_files_of_reads_stay_english(monkeypatch):
    for name in ("reads_as_csv", "reads_as_parquet", "reads_as_json"):
        monkeypatch.setattr(filters, name, lambda *_: current_language())
    with using("es"):
        files = filters._make_files.__wrapped__(filters._Listed([], {}, {}))
    assert (files.csv, files.parquet, files.json) == (ENGLISH,) * 3


def test_a_spinner_speaks_the_language_of_the_visit():
    kept = SaidWhenShown(msg("Reading the films"))
    assert str(kept) == "Reading the films"
    with using("es"):
        assert clean_text(kept) == "Leyendo las radiografías"
