"""Review on a site that keeps films: one worklist for all readers, which outlasts visits."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from fixtures.dicom_films import NOISE, content_of, film
from fixtures.review_records import raw_connection, record, sign
from pages.test_blind_worklist import rows_sent
from pages.test_review import (
    CHEST,
    HAND,
    READER,
    chest,
    choose_verdict,
    name_reader,
    open_page,
    png,
    press,
    run_until,
    upload,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import ArrivingFilm, FilmStatus, WorklistFilter
from core.errors import FilmStoreError
from core.jobs.batch import FilmOutcome, FilmState
from core.settings import PROJECT_ROOT, get_settings
from core.store.films.worklist import SqlFilms
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app.identity import get_local_reader
from ui.app.resources import get_films
from ui.app.session import Visit

OTHER = png("other.png", chest(4))


@pytest.fixture(autouse=True)
def kept(store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    st.cache_resource.clear()


def visit_of(page: AppTest) -> Visit:
    return page.session_state["first_read"]


def sha256_of(file) -> str:
    return hashlib.sha256(file[1]).hexdigest()


def outcomes_of(page: AppTest) -> dict[str, FilmOutcome]:
    visit = visit_of(page)
    return {film.name: visit.outcome(key) for key, film in visit.films.items()}


def names_of(page: AppTest) -> list[str]:
    return [film.name for film in visit_of(page).films.values()]


def become(store: SqlReviewStore, name: str, role: Role = Role.READER) -> AppTest:
    """Open the app as somebody else, in a browser of their own."""
    choose_local_reader(store.database, name, role)
    get_local_reader.clear()
    return open_page()


def test_a_film_outlasts_the_visit_with_what_the_model_said(store: SqlReviewStore) -> None:
    first = upload(open_page(), CHEST)
    said = visit_of(first).outcomes[sha256_of(CHEST)].reading.prediction
    st.cache_resource.clear()  # as after a restart
    again = open_page()
    assert names_of(again) == ["chest.png"]
    assert visit_of(again).outcomes[sha256_of(CHEST)].reading.prediction == said
    assert visit_of(again).selected == sha256_of(CHEST)
    assert visit_of(again).job is None
    assert visit_of(again).films[sha256_of(CHEST)].content == CHEST[1]
    assert visit_of(again).size_bytes == 0


def test_the_open_film_appears_when_another_process_has_read_it(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = []
    monkeypatch.setattr(
        "ui.app.progress.st.fragment",
        lambda draw, run_every: lambda *args: followed.append((draw, run_every, args)),
    )
    upload(open_page(), CHEST)
    films, key = get_films(), sha256_of(CHEST)
    said = films.find(key).reading
    films.change(key, inverted=False, quarter_turns=0)  # which lets go of what was said
    assert films.begin_reading(key)
    followed.clear()
    page = open_page()
    assert outcomes_of(page)["chest.png"].state is FilmState.WAITING
    assert visit_of(page).job is None
    ((draw, every, (watch, *args)),) = followed
    assert 0 < every <= 2
    asked: list[bool] = []
    monkeypatch.setattr(
        "ui.app.progress.Watch.rerun_if", lambda _watch, *, news: asked.append(news)
    )
    draw(watch, *args)
    films.note_reading(key, said)
    draw(watch, *args)
    assert asked == [False, True]


def reload_regions(**address: str) -> AppTest:
    """Open the page Regions first, in a visit that has no film yet."""
    router = AppTest.from_file(str(PROJECT_ROOT / "streamlit_app.py"), default_timeout=120)
    page = router.switch_page("pages/regions.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_the_page_regions_lists_the_films_of_the_site_after_a_reload(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(open_page(), CHEST, OTHER, HAND)
    page = reload_regions()
    (choice,) = [one for one in page.selectbox if one.label == "Film"]
    assert choice.options == ["chest.png", "other.png"]
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    record_of = record(kind=ReadKind.FIRST, film_sha256=sha256_of(OTHER), reader="Ada", regions={})
    sign(store, record_of)
    choose_local_reader(store.database, "Ada", Role.READER)
    get_local_reader.clear()
    page = reload_regions()
    assert "You have locked your first read" in page.info[0].value  # the film that Ada has read
    assert not [one for one in page.selectbox if one.label == "Film"]
    page = reload_regions(film=sha256_of(CHEST)[:12])
    assert "Lock your first read" in page.info[0].value


def test_the_uploader_says_where_films_lie_and_for_how_long(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        return open_page().get("file_uploader")[0].help

    assert "encrypted for 30 days, for all readers" in told()
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "1")
    assert "for 1 day," in told()
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "0")
    assert "never written to disk" in told()


def test_with_0_days_what_was_kept_is_erased(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(open_page(), CHEST)
    films = get_films()
    assert films.find(sha256_of(CHEST)) is not None
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "0")
    st.cache_resource.clear()
    page = open_page()
    assert names_of(page) == []
    run_until(page, lambda: films.find(sha256_of(CHEST)) is None)


def test_an_upload_is_opened_though_other_films_wait(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    upload(page, OTHER)
    assert names_of(page) == ["chest.png", "other.png"]
    assert visit_of(page).selected == sha256_of(OTHER)


def test_a_second_reader_sees_who_reads_a_film_and_gets_the_next(store: SqlReviewStore) -> None:
    ada = become(store, READER)
    upload(ada, CHEST, OTHER)
    opened = visit_of(ada).selected
    bo = become(store, "Dr. Bo")
    assert visit_of(bo).selected not in (opened, None)
    assert get_films().find(opened).claimed_by == READER
    visit_of(bo).selected = opened
    bo.run()
    assert f"{READER} is reading this film, until" in words_of(bo)
    assert get_films().find(opened).claimed_by == READER


def test_both_may_sign_the_same_film_and_neither_overwrites(store: SqlReviewStore) -> None:
    for name, verdict in ((READER, Verdict.NORMAL), ("Dr. Bo", Verdict.PNEUMONIA)):
        page = become(store, name)
        if not names_of(page):
            upload(page, CHEST)
        visit_of(page).selected = sha256_of(CHEST)
        page.run()
        choose_verdict(page, verdict)
        press(page, "Sign")
    history = store.history(sha256_of(CHEST))
    assert [(read.reader, read.read.verdict) for read in history] == [
        (READER, Verdict.NORMAL),
        ("Dr. Bo", Verdict.PNEUMONIA),
    ]
    assert get_films().find(sha256_of(CHEST)).status is FilmStatus.DISPUTED


def test_films_are_found_by_status_and_name(store: SqlReviewStore) -> None:
    page = become(store, READER)
    upload(page, CHEST, OTHER, HAND)
    visit_of(page).selected = None
    page.text_input(key="worklist-find").set_value("ches").run()
    assert names_of(page) == ["chest.png"]
    assert "find" not in page.query_params
    page.text_input(key="worklist-find").set_value("").run()
    page.query_params["show"] = "refused"
    visit_of(page).selected = None
    page.run()
    assert names_of(page) == ["hand.png"]
    page.query_params["show"] = "signed"
    page.run()
    assert names_of(page) == ["hand.png"]  # the open film stays
    page.query_params["page"] = "0"
    page.run()
    assert "page '0', which is not the number of a page" in words_of(page)


def test_who_does_not_settle_disputes_is_not_offered_them(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")

    def offered(role: Role) -> list[str]:
        page = become(store, READER, role)
        upload(page, CHEST, OTHER)
        return next(one for one in page.selectbox if one.label == "Films").options

    for_lead = offered(Role.LEAD)
    assert any("Disputed" in one for one in for_lead)
    assert {"Open films (2)", "All films (2)", "Signed (0)"} <= set(for_lead)
    assert not any("Disputed" in one for one in offered(Role.READER))


@pytest.mark.parametrize("role", [Role.READER, Role.TRAINEE])
def test_nobody_learns_from_list_or_counts_which_films_are_disputed(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    upload(become(store, READER), CHEST, OTHER)
    for number, verdict in enumerate((Verdict.NORMAL, Verdict.PNEUMONIA)):
        reader, film = f"Dr. {number}", sha256_of(CHEST)
        at = datetime.now(UTC)
        sign(
            store, record(str(number), verdict=verdict, film_sha256=film, reader=reader, read_at=at)
        )
    assert get_films().find(sha256_of(CHEST)).status is FilmStatus.DISPUTED
    page = become(store, "Dr. Senior", Role.LEAD)
    options = next(one for one in page.selectbox if one.label == "Films").options
    assert {"Signed, not disputed (0)", "Disputed (1)"} <= set(options)
    page = become(store, "Dr. Bo", role)
    options = next(one for one in page.selectbox if one.label == "Films").options
    assert "Signed (1)" in options
    page.query_params["show"] = "disputed"
    visit_of(page).selected = None
    page.run()
    assert "listed for those who settle them" in words_of(page)
    assert names_of(page) == ["chest.png", "other.png"]
    page.query_params["show"] = "signed"
    visit_of(page).selected = None
    page.run()
    assert names_of(page) == ["chest.png"]


def test_one_cut_dicom_file_costs_nothing_but_itself(store: SqlReviewStore) -> None:
    whole = content_of(film(NOISE, PatientName="Doe^Jane"))
    cuts = [(f"{n}.dcm", whole[: 200 + n * 40], "application/dicom") for n in range(5)]
    page = upload(open_page(), cuts[0], CHEST, *cuts[1:])
    states = {name: outcome.state for name, outcome in outcomes_of(page).items()}
    assert states.pop("chest.png") is FilmState.READ
    assert set(states.values()) == {FilmState.FAILED}
    assert {film.name for film in visit_of(open_page()).films.values()} >= {"chest.png"}


def test_one_film_that_does_not_open_leaves_the_list_and_is_erased(
    store: SqlReviewStore, tmp_path: Path
) -> None:
    upload(become(store, READER, Role.LEAD), CHEST, OTHER)
    with raw_connection(get_settings().database_url) as connection:
        connection.execute("UPDATE films SET thumbnail = x'00' WHERE name = 'chest.png'")
        connection.commit()
    for path in (tmp_path / "films").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    st.cache_resource.clear()
    page = open_page()
    assert set(names_of(page)) == {"chest.png", "other.png"}
    assert "damaged" in words_of(page)
    upload(page, CHEST)  # added again, as the sentence says
    assert get_films().content(sha256_of(CHEST)) == CHEST[1]
    assert get_films().erase([sha256_of(OTHER)], visit_of(page).acting, "request") == 1


def test_after_a_stop_the_films_of_every_page_are_offered_again(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    for file in (CHEST, OTHER):
        arriving = ArrivingFilm(sha256_of(file), file[0], file[1])
        get_films().keep(arriving, get_local_reader())
    visit_of(page).paused = True
    page.run()
    assert visit_of(page).job is None
    press(page, "Read the 2 films not read yet")
    run_until(page, lambda: visit_of(page).job is None)
    page.run()
    assert {outcome.state for outcome in outcomes_of(page).values()} == {FilmState.READ}


def test_a_film_that_joins_a_batch_is_its_readers(store: SqlReviewStore) -> None:
    page = become(store, READER)
    upload(page, CHEST)
    assert get_films().find(sha256_of(CHEST)).added_by == READER


def test_a_film_that_cannot_be_kept_is_a_sentence_and_is_not_lost(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args, **_more):
        raise FilmStoreError("The film cannot be written to the disk: make room there.")

    page = open_page()
    with monkeypatch.context() as patch:
        patch.setattr(SqlFilms, "keep", full)
        upload(page, CHEST)
        assert "make room there" in words_of(page)
        assert visit_of(page).films[sha256_of(CHEST)].content == CHEST[1]
        assert visit_of(page).outcome(sha256_of(CHEST)).state is FilmState.FAILED
    upload(page, CHEST)
    assert visit_of(page).outcome(sha256_of(CHEST)).state is FilmState.READ
    assert get_films().content(sha256_of(CHEST)) == CHEST[1]


def test_a_dicom_file_is_kept_without_its_patient(store: SqlReviewStore, tmp_path: Path) -> None:
    content = content_of(film(NOISE, PatientName="Doe^Jane", BurnedInAnnotation="YES"))
    page = upload(open_page(), ("jane.dcm", content, "application/dicom"))
    key = hashlib.sha256(content).hexdigest()
    assert "writing is burned into the picture" in words_of(page)
    fetched = visit_of(page).films[key].content
    assert b"Jane" not in fetched
    assert get_films().find(key).patient


def test_a_dicom_file_without_a_film_is_listed_with_its_sentence(store: SqlReviewStore) -> None:
    dataset = film(NOISE, PatientName="Doe^Jane")
    del dataset.PixelData
    page = upload(open_page(), ("report.dcm", content_of(dataset), "application/dicom"))
    assert "holds no image" in words_of(page)
    assert "holds no image" in words_of(open_page())


def test_films_that_nobody_has_read_are_read_when_the_page_opens(store: SqlReviewStore) -> None:
    get_films().keep(ArrivingFilm(sha256_of(CHEST), "chest.png", CHEST[1]), get_local_reader())
    page = open_page()
    run_until(page, lambda: visit_of(page).job is None)
    page.run()
    assert visit_of(page).outcome(sha256_of(CHEST)).reading.prediction is not None


def test_a_film_read_by_another_run_is_read_again(store: SqlReviewStore) -> None:
    upload(open_page(), CHEST)
    films = get_films()
    before = films.find(sha256_of(CHEST)).reading
    films.note_reading(
        sha256_of(CHEST), type(before)("an earlier run", before.thumbnail, quality=before.quality)
    )
    page = open_page()
    run_until(page, lambda: visit_of(page).job is None)
    assert films.find(sha256_of(CHEST)).reading.identity == before.identity


def test_where_no_file_names_are_kept_the_list_has_none(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILE_NAMES", "false")
    page = upload(open_page(), CHEST)
    assert get_films().find(sha256_of(CHEST)).name == f"Film {sha256_of(CHEST)[:8]}"
    assert names_of(page) == [f"Film {sha256_of(CHEST)[:8]}"]


def test_a_lead_erases_a_film_and_the_read_stays(store: SqlReviewStore) -> None:
    page = become(store, READER, Role.LEAD)
    upload(page, CHEST)
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign")
    next(one for one in page.checkbox if one.label == "Erase for good").check().run()
    press(page, "Erase this film")
    assert names_of(page) == []
    assert get_films().page(WorklistFilter(every=True), 9) == ([], 0)
    assert len(store.history(sha256_of(CHEST))) == 1


def test_a_reader_is_not_offered_to_erase(store: SqlReviewStore) -> None:
    page = become(store, READER, Role.READER)
    upload(page, CHEST)
    assert "It is kept, encrypted, until" in words_of(page)
    assert not [one for one in page.checkbox if one.label == "Erase for good"]


def test_an_inverted_film_stays_inverted_for_the_next_visit(store: SqlReviewStore) -> None:
    negative = png("negative.png", 1.0 - chest(3, "lobar"))
    page = upload(open_page(), negative)
    press(page, "Invert and read again")
    run_until(page, lambda: visit_of(page).job is None)
    st.cache_resource.clear()
    again = open_page()
    assert visit_of(again).films[sha256_of(negative)].inverted
    assert visit_of(again).outcome(sha256_of(negative)).reading.prediction is not None


def test_a_trainee_does_not_change_a_film_that_all_readers_see(store: SqlReviewStore) -> None:
    negative = png("negative.png", 1.0 - chest(3, "lobar"))
    label = "Invert and read again"
    reader = upload(become(store, READER), negative)
    assert label in {button.label for button in reader.button}
    assert label not in {button.label for button in become(store, "T.", Role.TRAINEE).button}
    other = become(store, "Dr. Bo")  # while Ada has it open
    assert label not in {button.label for button in other.button}


@pytest.mark.parametrize("read_first", ["true", "false"], ids=["by arrival", "by suspicion"])
def test_a_picture_that_is_put_away_stays_in_the_open_list_until_that_is_left(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch, read_first: str
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", read_first)
    page = upload(become(store, READER), HAND, CHEST, OTHER)
    key = sha256_of(HAND)
    visit_of(page).selected = key
    page.run()
    order = names_of(page)
    press(page, "Not to be read here")
    assert page.selectbox(key="worklist-show").proto.set_value  # else the old count stays on it
    press(page, "Next unread film")
    assert visit_of(page).selected != key
    assert names_of(page) == order
    (row,) = [row for row in rows_sent(page)["rows"] if row["key"] == key]
    assert (row["status"], row["done"], row["putAway"]) == ("not to be read here", True, True)
    assert "Open films (2)" in page.selectbox(key="worklist-show").options
    visit_of(page).selected = key
    page.run()
    press(page, "Put it back in the worklist")
    press(page, "Not to be read here")
    visit_of(page).selected = sha256_of(CHEST)
    page.query_params["show"] = "all"
    page.run()
    del page.query_params["show"]
    page.run()
    assert set(names_of(page)) == {"chest.png", "other.png"}


def test_signing_lets_go_of_the_film(store: SqlReviewStore) -> None:
    page = become(store, READER)
    upload(page, CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    found = get_films().find(sha256_of(CHEST))
    assert found.claimed_by == ""
    assert found.status in (FilmStatus.SIGNED, FilmStatus.DISPUTED)
