"""The page Reader study without a browser: making, reading, waiting, results; and no leak."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.review_records import lead, record, sign
from fixtures.study_films import Clock, read_all
from fixtures.teaching_cases import lend_models
from streamlit.testing.v1 import AppTest

from core.domain.mark import Mark
from core.domain.reader import Role
from core.domain.review import Verdict
from core.errors import ReviewStoreError
from core.language.words import msg
from core.phantom.dataset import open_built_in_set
from core.reader_studies.choosing import choose_films, named_films
from core.reader_studies.design import Arm, ReaderStudy, StudyCase, StudyRead, plan_session
from core.reader_studies.results import analyse_study
from core.reader_studies.study import KeptStudy, StudyAnswer
from core.settings import SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.local_reader import choose_local_reader
from core.store.reader_studies import SqlReaderStudies
from core.store.reads import SqlReviewStore
from core.store.teaching import SqlTeachingStore
from core.teaching.mark_scoring import LesionTruth, foci_of
from ui.app.identity import get_local_reader
from ui.library.blind_reads import awaits_blind_read, films_awaiting, hashes_of_studies
from ui.library.copies import load_film
from ui.reader_study import data, reading
from ui.reader_study.data import candidates

ADA, OSEI, MAKER = "Dr. Ada", "Dr. Osei", "Dr. Maker"
FILMS = 8


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    monkeypatch.setattr(data, "utc_now", clock)
    return clock


@pytest.fixture
def kept(
    store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[SqlReaderStudies]:
    """Offer synthetic films, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(lend_models(tmp_path / "models")))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    opened = SqlReaderStudies(Database.open(get_settings().database_url), clock)
    yield opened
    opened.database.close()


@dataclass
class Hands:
    """What a person locks in the browser, for the component that AppTest does not run."""

    page: AppTest = None
    answer: StudyAnswer | None = None

    def lock(self, rating: int) -> None:
        """Lock a read, then let go: the next film has another token."""
        verdict = Verdict.PNEUMONIA if rating >= 50 else Verdict.NORMAL
        self.answer = StudyAnswer(verdict, rating)
        self.page.run()
        self.answer = None
        assert not self.page.exception


def make_study(
    kept: SqlReaderStudies,
    arms: tuple[Arm, ...] = (Arm.ALONE, Arm.SCORE),
    *,
    text: str = "",
    maker: str = MAKER,
    only: list[str] | None = None,
    with_marks: bool = False,
) -> KeptStudy:
    pool = candidates("synthetic", SERVED_RUN)
    films = choose_films(pool, FILMS, 2, seed=1) if only is None else named_films(pool, only)
    cases = tuple(StudyCase(one.film_id, one.ill, text) for one in films)
    design = ReaderStudy("Spring", cases, arms, (ADA, OSEI), seed=4, washout_days=28)
    advice = {one.film_id: one.advice for one in films}
    return kept.make(design, "synthetic", SERVED_RUN, advice, lead(maker), with_marks=with_marks)


def open_as(
    kept: SqlReaderStudies,
    name: str,
    role: Role = Role.READER,
    page: str = "reader_study",
    **address,
) -> AppTest:
    choose_local_reader(kept.database, name, role)
    get_local_reader.clear()
    return app_pages.open_page(page, **address)


def words_of(page: AppTest) -> str:
    drawn = [
        *(*page.markdown, *page.caption, *page.header, *page.subheader),
        *(*page.info, *page.warning, *page.error),
    ]
    tables = [one.proto.body for one in page.get("html")]
    return "\n".join([*(one.value for one in drawn), *tables])


def labels(page: AppTest) -> list[str]:
    return [one.label for one in page.button]


def press(page: AppTest, label: str) -> None:
    next(one for one in page.button if one.label == label).click().run()
    assert not page.exception


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(reading, "read_rating_event", lambda _key, _token: hands.answer)
    return hands


def test_a_study_is_made_on_the_page_and_its_reader_finds_it(kept: SqlReaderStudies) -> None:
    page = open_as(kept, MAKER, Role.LEAD)
    assert "There is no reader study yet" in words_of(page)
    page.button_group(key="study-view-0").set_value("new").run()
    assert not page.exception
    assert "Of 60 films the run is wrong on 3" in words_of(page)
    press(page, "Make the study")
    assert "two different readers" in words_of(page)
    page.text_area(key="study-readers").set_value(f"{ADA}\n{OSEI}\n")
    press(page, "Make the study")
    assert "Give the study a title" in words_of(page)
    page.text_input(key="study-title").set_value("Spring")
    page.text_area(key="study-text").set_value("Child of 3 years, cough.")
    page.toggle(key="study-marks").set_value(True)
    press(page, "Make the study")
    assert "Make the study" not in [one.label for one in page.button]  # the studies stand there
    (study,) = kept.studies()
    design = study.design
    assert (design.name, design.readers, study.made_by) == ("Spring", (ADA, OSEI), MAKER)
    assert (design.arms, design.washout_days) == ((Arm.ALONE, Arm.REGIONS), 28)
    assert (study.library, study.run_id, study.with_marks) == ("synthetic", SERVED_RUN, True)
    assert {case.text for case in design.cases} == {"Child of 3 years, cough."}
    assert sum(case.ill for case in design.cases) == FILMS / 2
    advice = [study.advice[case.film_id].is_right(ill=case.ill) for case in design.cases]
    assert advice.count(False) == 2
    listed = open_as(kept, ADA)
    assert "Session 1 of 2: 0 of 8 films read." in words_of(listed)
    press(listed, "Start")
    assert app_pages.address_of(listed) == {"study": study.study_id}


def test_who_may_not_make_a_study_is_told_so(kept: SqlReaderStudies) -> None:
    page = open_as(kept, ADA)
    page.button_group(key="study-view-0").set_value("new").run()
    assert "may not make a reader study" in words_of(page)
    assert "Make the study" not in labels(page)


def test_films_are_read_in_the_readers_own_order_and_nothing_of_the_truth_shows(
    kept: SqlReaderStudies, hands: Hands, clock: Clock
) -> None:
    study = make_study(kept, text="Child of 3 years, cough.")
    page = hands.page = open_as(kept, ADA, study=study.study_id)
    plan = plan_session(study.design, ADA, 0)
    scores = set()
    for place, read in enumerate(plan):
        said = words_of(page)
        assert f"**Film {place + 1} of {FILMS}**" in said
        assert "Child of 3 years, cough." in said
        assert ("fr-scale" in said) is (read.arm is Arm.SCORE)
        everything = said + str([one.proto.json for one in page.get("bidi_component")])
        film = Path(read.case.film_id).stem
        assert not [told for told in (film, "bacteria", "virus", "NORMAL") if told in everything]
        scores.add((read.arm, "Suspicious for pneumonia" in said))
        clock.pass_on(timedelta(seconds=15))
        hands.lock(60 if read.case.ill else 30)
    assert scores >= {(Arm.ALONE, False), (Arm.SCORE, True)}
    readings = kept.readings(study)
    assert [one.film_id for one in readings] == [read.case.film_id for read in plan]
    assert {(one.seconds, one.openings) for one in readings} == {(15.0, 1)}
    assert "Session 2 of 2 opens on 2026-03-30 09:02 UTC" in words_of(page)
    press(page, "Leave")
    assert "Session 2 of 2 opens on 2026-03-30 09:02 UTC." in words_of(page)
    assert not {"Start", "Continue"} & set(labels(page))
    clock.pass_on(timedelta(days=28))
    page.run()
    press(page, "Continue")
    assert "**Film 1 of 8**" in words_of(page)


def test_a_film_that_was_left_is_the_next_one_again_and_is_opened_anew(
    kept: SqlReaderStudies, hands: Hands, clock: Clock
) -> None:
    study = make_study(kept)
    page = hands.page = open_as(kept, ADA, study=study.study_id)
    hands.lock(70)
    press(page, "Leave")
    assert "Session 1 of 2: 1 of 8 films read." in words_of(page)
    clock.pass_on(timedelta(hours=2))
    press(page, "Continue")
    assert "**Film 2 of 8**" in words_of(page)
    clock.pass_on(timedelta(seconds=7))
    hands.lock(20)
    assert [(one.seconds, one.openings) for one in kept.readings(study)] == [(0.0, 1), (7.0, 2)]


def test_a_read_that_cannot_be_stored_stays_and_is_tried_again(
    kept: SqlReaderStudies, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(kept)
    page = hands.page = open_as(kept, ADA, study=study.study_id)

    def refuse(*_args) -> None:
        raise ReviewStoreError(msg("The disk is full."))

    hands.answer = StudyAnswer(Verdict.NORMAL, 10)
    with monkeypatch.context() as patch:
        patch.setattr(SqlReaderStudies, "read", refuse)
        page.run()
    assert "not stored yet. The disk is full." in words_of(page)
    assert kept.readings(study) == []
    press(page, "Try again")
    assert [one.answer for one in kept.readings(study)] == [hands.answer]
    hands.answer = None
    with monkeypatch.context() as patch:
        patch.setattr(SqlReaderStudies, "open_film", refuse)
        other = open_as(kept, OSEI, study=study.study_id)
    assert "The disk is full." in words_of(other)
    assert "Your read" not in words_of(other)  # no film without the time at which it came


def test_the_regions_come_with_the_film_in_their_arm_alone(
    kept: SqlReaderStudies, hands: Hands
) -> None:
    study = make_study(kept, (Arm.ALONE, Arm.REGIONS))
    page = hands.page = open_as(kept, ADA, study=study.study_id)
    for read in plan_session(study.design, ADA, 0)[:4]:
        for _ in range(240):
            if page.get("bidi_component") and "Your read" in words_of(page):
                break
            time.sleep(0.1)
            page.run()
        overlay = any('"weights"' in one.proto.json for one in page.get("bidi_component"))
        assert overlay is (read.arm is Arm.REGIONS)
        assert ("How the score adds up" in [one.label for one in page.expander]) is overlay
        hands.lock(50)


def test_who_does_not_read_in_a_study_sees_no_film(kept: SqlReaderStudies) -> None:
    study = make_study(kept)
    page = open_as(kept, "Dr. Eve", study=study.study_id)
    assert "Dr. Eve does not read in this study" in words_of(page)
    assert kept.readings(study) == []
    results = open_as(kept, "Dr. Eve", study=study.study_id, show="results")
    assert "Results are shown once the study is closed" in words_of(results)
    unknown = open_as(kept, ADA, study="nothing")
    assert "There is no study" in words_of(unknown)


@pytest.fixture
def read(kept: SqlReaderStudies, clock: Clock) -> KeptStudy:
    study = make_study(kept)
    read_all(kept, study, clock)
    return study


def test_the_maker_sees_results_as_not_final_and_closing_shows_them_to_all(
    kept: SqlReaderStudies, read: KeptStudy
) -> None:
    address = {"study": read.study_id, "show": "results"}
    for name in (ADA, "Dr. Eve"):
        assert "By arm" not in words_of(open_as(kept, name, Role.LEAD, **address))
    page = open_as(kept, MAKER, Role.LEAD, **address)
    assert "Every reader has finished. Close the study" in words_of(page)
    found = analyse_study(read, kept.readings(read))
    for arm in found.area.arms:
        assert f'<td class="fr-figure">{arm.value:.2f}' in words_of(page)
    p = found.area.differences[0, 1].p_value
    assert f'<td class="fr-figure">{p:.3f}</td>' in words_of(page)
    press(page, "Close it for good")
    assert kept.study(read.study_id).closed_at is not None
    open_to_all = open_as(kept, "Dr. Eve", Role.TRAINEE, **address)
    assert "Closed on 2026-0" in words_of(open_to_all)
    assert "By whether the model is right" in words_of(open_to_all)
    assert OSEI not in words_of(open_to_all)  # a trainee sees no colleague's figures by name
    assert "Reader 2" in words_of(open_to_all)
    assert OSEI in words_of(page)


def test_marks_are_counted_by_arm_where_the_lesions_are_outlined(
    kept: SqlReaderStudies, clock: Clock
) -> None:
    study = make_study(kept, with_marks=True)
    films = open_built_in_set()

    def marks_of(read: StudyRead) -> tuple[Mark, ...]:
        """Mark a place of the lesion where the score is shown, and normal films alone."""
        if read.case.ill is (read.arm is Arm.ALONE):
            return ()
        if not read.case.ill:
            return (Mark(0.5, 0.5, 0.5, 0.5),)
        rows, columns = np.nonzero(films.truth(read.case.film_id, "core"))
        height, width = films.truth(read.case.film_id, "core").shape
        middle = len(rows) // 2
        x, y = (columns[middle] + 0.5) / width, (rows[middle] + 0.5) / height
        return (Mark(x, y, x, y),)

    read_all(kept, study, clock, marks_of=marks_of)
    page = open_as(kept, MAKER, Role.LEAD, study=study.study_id, show="results")
    ill = [case.film_id for case in study.design.cases if case.ill]
    parts = [len(foci_of(LesionTruth(films.truth(film, "core")))) for film in ill]
    found = float(np.mean([1.0 / n for n in parts]))
    table = words_of(page).partition("Marks on a normal film")[2]
    alone, score = table.partition("Score</td>")[::2]
    assert "0.00</td>" in alone
    assert "1.00</td>" in alone
    assert f"{found:.2f}" in score
    assert "0.00</td>" in score


def test_a_reader_who_has_films_left_sees_no_results_of_their_own_study(
    kept: SqlReaderStudies,
) -> None:
    study = make_study(kept, maker=ADA)
    page = open_as(kept, ADA, Role.LEAD, study=study.study_id, show="results")
    assert "after their own reads" in words_of(page)


def test_a_closed_study_is_a_pilot_of_the_next(kept: SqlReaderStudies, read: KeptStudy) -> None:
    kept.close(read.study_id, lead(MAKER))
    page = open_as(kept, MAKER, Role.LEAD)
    page.button_group(key="study-view-0").set_value("new").run()
    assert "3 readers cannot find it" in words_of(page)
    page.selectbox(key="study-pilot").set_value(read.study_id).run()
    assert "Films with 50 % pneumonia, as in that study" in words_of(page)


# --- no leak ---


def test_films_of_an_unfinished_study_show_nothing_elsewhere_until_it_is_read(
    kept: SqlReaderStudies, clock: Clock
) -> None:
    study = make_study(kept)
    film = study.design.cases[0].film_id
    ids = [one.film_id for one in candidates("synthetic", SERVED_RUN)]
    page = open_as(kept, ADA, page="errors", library="synthetic")
    visit = page.session_state["first_read"]
    assert films_awaiting(visit, "synthetic", ids) == {one.film_id for one in study.design.cases}
    assert "in a reader study" in awaits_blind_read(visit, "synthetic", film)
    assert "8 in your reader studies" in words_of(page)
    assert len(hashes_of_studies(visit)) >= FILMS
    worklist = open_as(kept, ADA, page="review")
    listed = worklist.session_state["first_read"].films
    assert len(listed) == len(ids) - FILMS
    assert hashes_of_studies(visit).isdisjoint(listed)
    read_all(kept, study, clock)
    assert films_awaiting(visit, "synthetic", ids) == frozenset()
    assert awaits_blind_read(visit, "synthetic", film) == ""


def test_nobody_else_misses_the_films_of_a_study(kept: SqlReaderStudies) -> None:
    make_study(kept)
    visit = open_as(kept, "Dr. Eve", page="errors").session_state["first_read"]
    assert hashes_of_studies(visit) == set()


def test_an_uploaded_film_of_a_study_leaves_the_worklist(kept: SqlReaderStudies) -> None:
    study = make_study(kept)
    page = open_as(kept, ADA, page="review")
    film = load_film("synthetic", study.design.cases[0].film_id)
    page.session_state["first_read"].films[film.key] = film
    page.run()
    assert film.key not in page.session_state["first_read"].films
    assert "A film of a reader study of yours is not listed here" in words_of(page)


def test_records_leave_out_what_was_signed_of_a_film_of_the_study(
    kept: SqlReaderStudies, store: SqlReviewStore
) -> None:
    study = make_study(kept)
    film = load_film("synthetic", study.design.cases[0].film_id)
    for reader, key in ((OSEI, film.key), ("Dr. Eve", "b" * 64)):
        sign(store, record(film_sha256=key, reader=reader))
    left_out = "1 read of a film in a reader study of yours is left out"
    page = open_as(kept, ADA, page="records")
    assert left_out in words_of(page)
    assert "Reads (1)" in [tab.label for tab in page.tabs]
    page = open_as(kept, "Dr. Eve", page="records")
    assert left_out not in words_of(page)
    assert "Reads (2)" in [tab.label for tab in page.tabs]


def test_a_teaching_session_takes_no_film_of_an_unfinished_study(
    kept: SqlReaderStudies,
) -> None:
    study = make_study(kept)
    ids = {one.film_id for one in study.design.cases}
    page = open_as(kept, ADA, page="teaching")
    page.number_input[0].set_value(50)
    press(page, "Start")
    (course,) = SqlTeachingStore(kept.database).courses_of(ADA)
    assert len(course.films) == 50
    assert ids.isdisjoint(film.case.film_id for film in course.films)


def test_a_teaching_session_that_was_begun_before_waits_at_a_film_of_the_study(
    kept: SqlReaderStudies,
) -> None:
    page = open_as(kept, ADA, page="teaching")
    page.number_input[0].set_value(50)
    press(page, "Start")
    (course,) = SqlTeachingStore(kept.database).courses_of(ADA)
    first = course.films[0].case
    others = [film.case for film in course.films if film.case.label != first.label][:2]
    same = [film.case for film in course.films if film.case.label == first.label][:2]
    make_study(kept, only=[case.film_id for case in (*same, *others)])
    page.run()
    assert "This session waits" in words_of(page)
