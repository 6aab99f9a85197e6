"""The synthetic films that fill the worklist of a site without films of its own."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fixtures import app_pages
from fixtures.app_pages import open_app as open_page
from fixtures.review_records import record, sign
from streamlit.testing.v1 import AppTest

from core.domain.reader import OPERATOR
from core.domain.review import ReadKind
from core.domain.worklist import ArrivingFilm
from core.files import sha256_of
from core.jobs.batch import FAULT, FilmState, UploadedFilm
from core.phantom import builtin
from core.phantom.builtin import BUILT_IN_FILMS, BUILT_IN_FOLDER, built_in_files
from core.store.reads import SqlReviewStore
from ui.app import reading_behind
from ui.app.kept_films import change_film
from ui.app.resources import get_films
from ui.library.blind_reads import films_awaiting
from ui.review.read_panel import build_row
from ui.review.uploads import add_films, read_waiting

REMOVE, SHOW = "Remove the synthetic films", f"Show {BUILT_IN_FILMS} synthetic films"


@pytest.fixture
def visiting(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Offer synthetic films where films are not kept, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def keeping(visiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer them where films are kept."""
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")


@pytest.fixture(params=["visiting", "keeping"])
def offering(request: pytest.FixtureRequest, store: SqlReviewStore) -> SqlReviewStore:
    """Offer them in both ways."""
    request.getfixturevalue(request.param)
    return store


def visit_of(page: AppTest):
    assert not page.exception
    return page.session_state["first_read"]


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception


def test_the_worklist_opens_full_and_read_without_any_work(offering) -> None:
    page = open_page()
    visit = visit_of(page)
    assert [film.name for film in visit.films.values()] == [
        f"synthetic-{number:02}.png" for number in range(1, BUILT_IN_FILMS + 1)
    ]
    assert visit.job is None
    outcomes = [visit.outcome(key) for key in visit.films]
    assert {one.state for one in outcomes} == {FilmState.READ}
    codes = [{finding.code for finding in one.reading.quality.findings} for one in outcomes]
    assert all("synthetic" in one for one in codes)
    rows = [build_row(film, visit.outcome(key), {}, "") for key, film in visit.films.items()]
    assert all(row.synthetic and row.thumbnail_png for row in rows)
    assert {row.side for row in rows} <= {"hidden", "none"}  # before a first read
    words = "\n".join(text.value for text in page.markdown)
    assert "not evidence of clinical performance" in words


def test_the_uploader_stands_open_above_them(offering) -> None:
    page = open_page()
    assert len(page.get("file_uploader")) == 1
    assert "Add films" not in [one.proto.popover.label for one in page.get("popover")]
    about = next(one for one in page.caption if "synthetic films to begin with" in one.value)
    assert re.search(r"finds \d+ of 30 pneumonias", about.help)


def test_one_press_removes_them_and_one_brings_them_back(offering) -> None:
    page = open_page()
    (icon,) = [one.icon for one in page.button if one.label == REMOVE]
    assert icon == ":material/clear_all:"  # another than that of removing one film
    press(page, REMOVE)
    assert visit_of(page).films == {}
    assert REMOVE not in labels(page)
    press(page, SHOW)
    assert len(visit_of(page).films) == BUILT_IN_FILMS


def test_they_leave_with_a_word_when_a_film_is_added_and_come_beside_it_if_asked(
    offering,
) -> None:
    page = open_page()
    read, *_ = visit_of(page).films
    sign(offering, record(kind=ReadKind.FIRST, film_sha256=read, reader="Dr. A", regions={}))
    page.session_state["reader-name"] = "Dr. A"
    page.run()
    own = UploadedFilm("a" * 64, "own.png", b"no film")
    add_films(visit_of(page), [own])
    page.run()
    assert list(visit_of(page).films) == [own.key]
    assert {REMOVE, SHOW}.isdisjoint(labels(page))
    line = f"{BUILT_IN_FILMS} synthetic films left the list; your 1 read of them is in Records."
    assert line in [one.value for one in page.caption]
    press(page, "Show them")
    assert next(iter(visit_of(page).films)) == own.key
    assert len(visit_of(page).films) == BUILT_IN_FILMS + 1
    assert line not in [one.value for one in page.caption]
    press(page, REMOVE)
    assert list(visit_of(page).films) == [own.key]
    press(page, f"Show {BUILT_IN_FILMS} synthetic films too")
    assert len(visit_of(page).films) == BUILT_IN_FILMS + 1


def test_they_leave_when_another_reader_adds_a_film_and_none_is_kept(keeping) -> None:
    page = open_page()
    listed = list(visit_of(page).films)
    assert len(listed) == BUILT_IN_FILMS
    get_films().keep(ArrivingFilm("b" * 64, "theirs.png", b"no film"), OPERATOR)
    page.run()
    assert list(visit_of(page).films) == ["b" * 64]
    assert [key for key in listed if get_films().find(key) is not None] == []


def test_a_read_of_one_is_stored_and_it_stays_in_the_list(offering) -> None:
    page = open_page()
    key = next(iter(visit_of(page).films))
    sign(offering, record(kind=ReadKind.FIRST, film_sha256=key, reader="Dr. A", regions={}))
    page.session_state["reader-name"] = "Dr. A"
    page.run()
    assert len(visit_of(page).films) == BUILT_IN_FILMS
    assert offering.films_read_by([key], "Dr. A") == {key}


def test_a_film_that_a_reader_inverts_is_read_again(offering) -> None:
    page = open_page()
    visit = visit_of(page)
    key = visit.selected
    change_film(visit, replace(visit.films[key], inverted=True))
    read_waiting(visit)
    visit.job.wait(60)
    page.run()
    reading = visit_of(page).outcome(key).reading
    assert "inverted" in {finding.code for finding in reading.quality.findings}


def test_other_pages_hide_a_film_that_was_uploaded_and_none_that_ships(visiting) -> None:
    page = open_page()
    visit = visit_of(page)
    film_ids = [path.relative_to(BUILT_IN_FOLDER).as_posix() for path in built_in_files()]
    assert len(visit.films) == BUILT_IN_FILMS
    assert films_awaiting(visit, "synthetic", film_ids) == frozenset()
    uploaded = next(iter(visit.films.values()))
    visit.films[uploaded.key] = replace(uploaded, shipped=False)
    (hidden,) = films_awaiting(visit, "synthetic", film_ids)
    assert sha256_of(BUILT_IN_FOLDER / hidden) == uploaded.key
    visit.outcomes[uploaded.key] = FAULT  # what cannot be read waits for no read
    assert films_awaiting(visit, "synthetic", film_ids) == frozenset()


def test_a_site_that_reads_patients_only_is_offered_none(offering, monkeypatch) -> None:
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "false")
    page = open_page()
    assert visit_of(page).films == {}
    assert {REMOVE, SHOW}.isdisjoint(labels(page))
    assert "ynthetic" not in "\n".join(caption.value for caption in page.caption)
    assert len(page.get("file_uploader")) == 1


def test_a_copy_of_the_repository_without_them_takes_films_all_the_same(
    visiting, monkeypatch
) -> None:
    monkeypatch.setattr(builtin, "BUILT_IN_FOLDER", visiting / "nowhere")
    page = open_page()
    assert visit_of(page).films == {}
    assert len(page.get("file_uploader")) == 1


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (None, "Run f01 is reading the synthetic films now."),
        (1, "Run f01 is left out: the synthetic films could not be read."),
    ],
    ids=["while it is read", "after that failed"],
)
def test_a_run_whose_reading_does_not_ship_is_read_behind_and_not_offered_meanwhile(
    visiting, monkeypatch, ended: int | None, words: str
) -> None:
    folder = visiting / "synthetic"
    shutil.copytree(BUILT_IN_FOLDER, folder)
    (stale,) = folder.glob("readings/*/f01-*")
    stale.unlink()
    monkeypatch.setattr(builtin, "BUILT_IN_FOLDER", folder)
    begun = []

    def begin(*where: Path) -> SimpleNamespace:
        begun.append(where)
        return SimpleNamespace(terminate=lambda: None, poll=lambda: ended)

    monkeypatch.setattr(reading_behind, "read_behind", begin)
    page = app_pages.open_page("errors")
    offered = page.selectbox(key="errors-run").options
    assert ("f01" in offered, "f04" in offered, len(begun)) == (False, True, 1)
    said = "\n".join(caption.value for caption in page.caption)
    assert words in said
    assert ("python -m core phantom-scores" in said) is (ended is not None)
