"""A site's own films: the list of sets, and the pages that work on them as on the public set."""

from __future__ import annotations

import io
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from fixtures import app_pages
from fixtures.site_sets import ADA, keep_scores, keep_set
from streamlit.testing.v1 import AppTest

from core.domain.reader import Role
from core.domain.site_set import LeftOut, SiteKind, SiteSet, WhyLeftOut
from core.errors import Cancelled
from core.settings import PROJECT_ROOT, get_settings
from core.store.films.site_films import SqlSiteSets, open_site_sets
from core.store.films.worklist import open_films
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app.resources import get_engine
from ui.app.session import Visit
from ui.library import blind_reads

FILMS = [
    path
    for kind in ("NORMAL", "PNEUMONIA")
    for path in sorted((PROJECT_ROOT / "synthetic" / "test" / kind).glob("*.png"))[:6]
]
ILL = [path.parent.name == "PNEUMONIA" for path in FILMS]
LEFT_OUT = (
    LeftOut(3, WhyLeftOut.COPY, "2"),
    LeftOut(9, WhyLeftOut.REFUSED, "blank"),
    LeftOut(11, WhyLeftOut.LEARNED, "train/NORMAL/x.jpeg"),
)


def script() -> None:
    from ui.app.guard import show_errors
    from ui.app.identity import recognise
    from ui.app.session import get_visit
    from ui.site.films import show_site_films

    visit = get_visit()
    with show_errors():
        recognise(visit)
        show_site_films(visit)


def show() -> AppTest:
    page = AppTest.from_function(script, default_timeout=app_pages.PATIENCE_S).run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.success, page.error, page.warning)
    return "\n".join(one.value for kind in kinds for one in kind)


@pytest.fixture
def sets(
    store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lent_models: Path
) -> SqlSiteSets:
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTREAD_MODELS", str(lent_models))
    get_settings.cache_clear()
    choose_local_reader(store.database, "Dr. Ada", Role.LEAD)
    return open_site_sets(store.database, get_settings())


@pytest.fixture(scope="module")
def lent_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, so that no other reads a set in the background."""
    folder, models = tmp_path_factory.mktemp("models"), PROJECT_ROOT / "models"
    for name in ("f08", "f04", "lungs", "view", "healthy"):
        (folder / name).symlink_to(models / name)
    for path in (*models.glob("*.json"), *models.glob("*.parquet")):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def ward(sets: SqlSiteSets) -> SiteSet:
    """Twelve films that both runs have read: the first one, which is normal, wrongly."""
    contents = [path.read_bytes() for path in FILMS]
    one = keep_set(sets, "Ward", ILL, contents=contents, left_out=LEFT_OUT)
    keep_scores(sets, one, get_engine().gate.sha256, wrong=1)
    return one


def wait_for(page: AppTest, done: Callable[[AppTest], bool]) -> None:
    until = time.monotonic() + app_pages.PATIENCE_S
    while not done(page) and time.monotonic() < until:
        time.sleep(0.2)
        page.run()
    assert done(page), said(page)


def test_the_list_says_what_a_set_holds_who_read_it_and_what_was_left_out(
    ward: SiteSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, draw = [], st.dataframe
    monkeypatch.setattr(st, "dataframe", lambda *a, **k: (asked.append(k), draw(*a, **k))[1])
    page = show()
    assert asked[0]["width"] == "content"  # stretched, the numbers get as much room as the words
    told = said(page)
    assert "**Ward**" in told
    assert "12 films, 6 with pneumonia and 6 normal; 12 patients" in told
    assert "Read by 2 of 2 runs: f08, f04" in told
    assert "1 file without a label; 2 labels without a file" in told
    assert "- Copy of another film: 1" in told
    (table,) = page.dataframe
    assert table.value.to_numpy().tolist() == [
        [3, "the same picture as film 2"],
        [9, "refused by the quality check: blank"],
        [11, "the same picture as train/NORMAL/x.jpeg, which runs have learned from"],
    ]


def test_a_set_is_removed_once_a_lead_has_said_so_twice(ward: SiteSet, sets: SqlSiteSets) -> None:
    page = show()
    page.button(key=f"site-remove-{ward.set_id}").click().run()
    assert not page.exception
    assert sets.sets() == []
    assert "There is no set yet" in said(page)
    assert not [*(get_settings().cache / "site_scores").rglob("*.parquet")]


def test_a_lead_without_a_name_adds_nothing(ward: SiteSet, store: SqlReviewStore) -> None:
    choose_local_reader(store.database, "", Role.LEAD)
    page = show()
    page.text_input(key="site-films-name").set_value("New")
    next(one for one in page.button if one.label == "Add").click().run()
    assert "enter your name" in said(page)


def test_who_may_not_add_sees_the_list_and_why(ward: SiteSet, store: SqlReviewStore) -> None:
    choose_local_reader(store.database, "Dr. Bo", Role.READER)
    page = show()
    assert "12 films" in said(page)
    assert "may not add or remove a set of this site's films" in said(page)
    assert not [one for one in page.button if one.label in ("Add", "Erase the set")]


def test_an_uploaded_zip_becomes_a_set_that_the_served_run_reads(sets: SqlSiteSets) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in (FILMS[0], FILMS[6]):
            archive.write(path, path.name)
        archive.writestr("again.png", FILMS[0].read_bytes())
    labels = f"film,label\n{FILMS[0].name},normal\n{FILMS[6].name},pneumonia\nagain.png,normal\n"
    page = show()
    page.button_group(key="site-films-kind").set_value(SiteKind.ZIP).run()
    page.text_input(key="site-films-name").set_value("Uploaded")
    uploads = page.get("file_uploader")
    uploads[0].set_value([("films.zip", packed.getvalue(), "application/zip")])
    uploads[1].set_value([("labels.csv", labels.encode(), "text/csv")])
    next(one for one in page.button if one.label == "Add").click().run()
    wait_for(page, lambda page: "Added: Uploaded" in said(page))
    assert "Left out: 1." in said(page)
    wait_for(page, lambda page: "Read by 2 of 2 runs" in said(page))
    (one,) = sets.sets()
    assert (one.name, one.films, one.ill) == ("Uploaded", 2, 1)


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "1 to 60 letters"), ("Ward", "already"), ("New", "Choose the CSV file")],
    ids=["no name", "a name that is taken", "no labels"],
)
def test_what_is_missing_is_said_before_a_film_is_read(ward: SiteSet, name: str, why: str) -> None:
    page = show()
    page.text_input(key="site-films-name").set_value(name)
    page.text_input(key="site-films-place").set_value("/nowhere")
    next(one for one in page.button if one.label == "Add").click().run()
    assert why in said(page)


def test_a_place_that_is_none_is_said(sets: SqlSiteSets, tmp_path: Path) -> None:
    page = show()
    page.text_input(key="site-films-name").set_value("New")
    page.text_input(key="site-films-place").set_value(str(tmp_path / "nowhere"))
    page.get("file_uploader")[0].set_value([("labels.csv", b"film,label\na.png,1\n", "text/csv")])
    next(one for one in page.button if one.label == "Add").click().run()
    wait_for(page, lambda page: "cannot be opened" in said(page) or "holds no" in said(page))
    assert sets.sets() == []


def test_a_film_that_awaits_the_visitors_blind_read_is_held_back(
    sets: SqlSiteSets, ward: SiteSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known by the file that it came as; what the set keeps is another file."""
    first, second = sets.films(ward.set_id)[:2]
    monkeypatch.setattr(blind_reads, "_in_worklist", lambda _: {first.film_sha256})
    asked = [first.film_id, second.film_id]
    awaiting = blind_reads.films_awaiting(Visit(), ward.set_id, asked)
    assert awaiting == {first.film_id}


# --- the pages ------------------------------------------------------------------------------------


def test_errors_shows_the_films_that_a_run_gets_wrong(ward: SiteSet) -> None:
    page = app_pages.open_page("errors", library=ward.set_id, run="f08", cell="fp")
    assert page.selectbox(key="errors-library").value == ward.set_id
    assert "Ward" in page.selectbox(key="errors-library").options
    assert "**1 false positive** of run f08" in said(page)
    assert "among 12 films" in said(page)
    assert page.selectbox(key="errors-split").options == [
        "All films",
        *(one for one in ("Second half of the patients", "First half of the patients")),
    ]


def test_compare_runs_measures_both_runs_on_the_set(ward: SiteSet) -> None:
    page = app_pages.open_page("runs", part=ward.set_id)
    table = next(one.value for one in page.dataframe if "Role" in one.value.columns)
    assert sorted(table["Run"]) == ["f04", "f08"]
    assert {float(value) for value in table["Specificity"]} == {5 / 6}
    assert {float(value) for value in table["Sensitivity"]} == {1.0}
    assert "Films of the set Ward: 12 films (6 pneumonia, 6 normal) of 12 patients" in said(page)
    assert "Films of the set Ward, each run at its own operating point" in said(page)


def test_a_film_that_is_erased_is_on_no_page_any_more(
    sets: SqlSiteSets, ward: SiteSet, store: SqlReviewStore
) -> None:
    address = {"library": ward.set_id, "run": "f08", "cell": "fp"}
    assert "among 12 films" in said(app_pages.open_page("errors", **address))
    assert "12 films (6" in said(app_pages.open_page("runs", part=ward.set_id))
    first = sets.films(ward.set_id)[0].film_sha256
    assert open_films(store.database, get_settings()).erase([first], ADA, "request") == 1
    told = said(app_pages.open_page("errors", **address))
    assert "among 11 films" in told
    assert "**0 false positives**" in told
    assert "11 films (6" in said(app_pages.open_page("runs", part=ward.set_id))


def test_the_model_card_states_what_the_run_does_on_the_set(ward: SiteSet) -> None:
    page = app_pages.open_page("model_card", run="f08")
    assert "#### On films of this site" in said(page)
    table = next(one.value for one in page.dataframe if "Set" in one.value.columns)
    assert list(table["Set"]) == ["Ward"]
    assert float(table["Specificity"].iloc[0]) == 5 / 6


def test_subgroups_searches_the_halves_of_the_patients(ward: SiteSet) -> None:
    page = app_pages.open_page("subgroups", library=ward.set_id, run="f08")
    assert "No subgroup of these films holds" in said(page)  # twelve films are too few
    page = app_pages.open_page("subgroups", library=ward.set_id, section="copies")
    assert "their copies are left out when the set is added" in said(page)


def test_teaching_offers_the_set_only_with_the_sites_consent(
    ward: SiteSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = app_pages.open_page("teaching")
    assert "Ward" not in offered_in(page)
    monkeypatch.setenv("FIRSTREAD_TEACHING_CONSENT", "Ethics vote 12")
    get_settings.cache_clear()
    assert "Ward" in offered_in(app_pages.open_page("teaching"))


def offered_in(page: AppTest) -> list[str]:
    return [option for box in page.selectbox for option in box.options]


def test_a_set_that_no_run_has_read_is_not_offered_yet(
    sets: SqlSiteSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.app.resources.read_sets_behind", lambda *_: None)
    one = keep_set(sets, "Unread", [True, False])
    page = app_pages.open_page("errors", library=one.set_id)
    assert "Unread" not in offered_in(page)
    assert "Read by 0 of 2 runs: none yet" in said(show())


def test_reading_is_stopped_and_goes_on_when_wanted(
    sets: SqlSiteSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    may_end = threading.Event()

    def read(store, _scores, set_id, run, _files, _pool, _progress, cancelled) -> None:
        begun.append(run.run_id)
        while not may_end.wait(0.01):
            if cancelled():
                raise Cancelled("stopped")
        keep_scores(store, store.find(set_id), get_engine().gate.sha256)

    monkeypatch.setattr("ui.app.reading_sets.read_set", read)
    keep_set(sets, "Slow", [True, False])
    show().button(key="site-films-stop-reading").click().run()
    page = show()
    assert "Run f08 cannot read them: Reading was stopped." in said(page)
    assert begun == ["f08"]
    assert "site-films-stop-reading" not in [button.key for button in page.button]
    may_end.set()
    page.button(key="site-films-read-on").click().run()
    deadline = time.monotonic() + 20
    while "Read by 2 of 2 runs" not in said(page := show()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "site-films-read-on" not in [button.key for button in page.button]
