"""The Teaching page without a browser: sessions of synthetic films, sets, figures, resumption."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.review_records import lead
from fixtures.teaching_cases import lend_models, make_case, make_outcome
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.domain.findings import Category, Findings
from core.domain.review import Verdict
from core.error_analysis.gallery import Cell
from core.explain.trust_words import DOUBT
from core.phantom.builtin import DRAWING_VERSION
from core.phantom.dataset import open_built_in_set
from core.runs.embeddings import FilmFeatures
from core.settings import get_settings
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from core.store.served_runs import utc_now
from core.store.teaching import SqlTeachingStore
from core.teaching import case_selection
from core.teaching.glossary import CATEGORIES
from core.teaching.mark_scoring import LesionTruth, foci_of
from core.teaching.outcomes import confidence_calibration, learning_curve, reader_auc, reader_roc
from core.teaching.session import Course, FilmState, Phase, StepKind
from ui.app.region_panel import SHOW_DOUBTED
from ui.charts.readers import plot_learning, plot_own_calibration, plot_reader_roc
from ui.components.answer.answer import AnswerEvent
from ui.components.figures import dimmed
from ui.teaching import data, reading
from ui.teaching.data import films_of, nearest_films

READER = "Dr. Ada Trainee"

NORMAL_FILM, ILL_FILM = (
    f"{stem}{DRAWING_VERSION}" for stem in ("IM-9003-", "person9002_bacteria_")
)


@dataclass
class Hands:
    """What a person does in the browser, for the components that AppTest does not run."""

    page: AppTest
    answer: AnswerEvent | None = None
    marks: tuple[tuple[float, float, float, float], ...] | None = None

    def lock(self, label: Verdict, confidence: int, *seen: Category) -> None:
        """Lock a read, then let go: the next film has another token."""
        findings = Findings(frozenset(seen))
        self.answer = AnswerEvent(label, confidence, lock=True, findings=findings)
        self.page.run()
        self.answer, self.marks = None, None
        assert not self.page.exception

    def press(self, label: str) -> None:
        next(one for one in self.page.button if one.label == label).click().run()
        assert not self.page.exception


@pytest.fixture
def films(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer synthetic films, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(lend_models(tmp_path / "models")))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))


@pytest.fixture
def kept(films: None) -> Iterator[SqlTeachingStore]:
    opened = SqlTeachingStore(Database.open(get_settings().database_url))
    yield opened
    opened.database.close()


@pytest.fixture
def hands(kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands(open_page())
    monkeypatch.setattr(reading, "read_answer_event", lambda _key, _token: hands.answer)
    monkeypatch.setattr(reading, "read_marks_event", lambda _key, _token: hands.marks)
    return hands


def open_page(**address: str) -> AppTest:
    page = app_pages.open_page("teaching", **address)
    assert not page.exception
    return page


def words_of(page: AppTest) -> str:
    drawn = [
        *(*page.markdown, *page.caption, *page.header, *page.subheader),
        *(*page.info, *page.warning),
    ]
    return "\n".join(one.value for one in drawn)


def begin(hands: Hands, films: int = 2, *, with_model: bool = False, normal: int = 50) -> str:
    page = hands.page
    page.text_input(key="reader-name").set_value(READER).run()
    page.number_input[0].set_value(films)
    page.number_input[1].set_value(normal)
    page.toggle[0].set_value(with_model)
    hands.press("Start")
    session = page.query_params["session"]
    return session if isinstance(session, str) else session[0]


def open_film(kept: SqlTeachingStore, session_id: str) -> tuple[Course, FilmState]:
    course = kept.course(session_id)
    assert course is not None
    assert course.place is not None
    return course, course.films[course.place]


def other(label: Verdict) -> Verdict:
    return Verdict.NORMAL if label is Verdict.PNEUMONIA else Verdict.PNEUMONIA


def point_in_lesion(film_id: str) -> tuple[float, float, float, float]:
    mask = open_built_in_set().truth(film_id, "core")
    row, column = np.argwhere(mask)[len(np.argwhere(mask)) // 2]
    x, y = (column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]
    return x, y, x, y


def test_a_session_needs_a_name(hands: Hands) -> None:
    hands.press("Start")
    assert "Enter your name first" in words_of(hands.page)
    assert "session" not in hands.page.query_params
    hands.page.text_input(key="reader-name").set_value(READER).run()
    assert "Enter your name first" not in words_of(hands.page)


def test_nothing_of_the_truth_or_the_model_shows_before_the_read_is_locked(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    session_id = begin(hands, normal=0)
    _, film = open_film(kept, session_id)
    blind = words_of(hands.page)
    assert "Your read" in blind
    assert not {"Suspicious", "probability", "What to look for"} & set(blind.split())
    for told in (film.case.subtype, Path(film.case.film_id).stem):
        assert told not in blind

    hands.marks = (point_in_lesion(film.case.film_id),)
    hands.lock(Verdict.PNEUMONIA, 4, Category.CONSOLIDATION)
    shown = words_of(hands.page)
    assert f"### Pneumonia, {film.case.subtype}" in shown
    assert "Your read was **right**: pneumonia, 4 of 5: consolidation" in shown
    category = CATEGORIES.get(film.case.subtype)
    assert ("The WHO calls it" in shown) is (category is not None)
    assert f"The WHO calls it {category}." in shown or category is None
    foci = len(foci_of(LesionTruth(open_built_in_set().truth(film.case.film_id, "core"))))
    assert ("Mark: hit" if foci == 1 else f"Mark: 1 of {foci} foci") in shown
    assert "What to look for" in shown
    assert "probability" in shown
    hands.press("Next film")
    assert "Film 2 of 2" in words_of(hands.page)


def test_a_second_read_comes_between_the_models_read_and_the_truth(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_selection, "DRILL_SHARE", 1.0)
    session_id = begin(hands, films=1, with_model=True, normal=0)  # it misses some pneumonias
    _, film = open_film(kept, session_id)
    truth = film.case.reference
    assert film.case.model_wrong
    hands.lock(truth, 3)
    course, film = open_film(kept, session_id)
    assert reading.phase_of(course, 0) is Phase.SECOND
    assert "###" not in words_of(hands.page)
    assert "Your second read" in words_of(hands.page)
    hands.lock(other(truth), 2)
    assert "you changed a correct read" in words_of(hands.page)
    _, film = open_film(kept, session_id)
    assert (film.read.label, film.final.label) == (truth, other(truth))
    hands.press("Summary")
    assert "On 1 of these films the model was wrong" in words_of(hands.page)
    figures = dict(zip(*(column for _, column in hands.page.table[0].value.items()), strict=True))
    assert figures["Stayed correct when the model was wrong"] == dimmed(
        "0.00 (0.00 to 0.79, n = 1)"
    )
    assert figures["Correct blind reads"] == dimmed("1.00 (0.21 to 1.00, n = 1)")
    assert "session_as_pdf" not in words_of(hands.page)


@pytest.mark.parametrize("adults", [False, True])
def test_regions_are_listed_on_request_and_of_an_adult_not_on_the_film(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, *, adults: bool
) -> None:
    begin(hands, films=1)
    hands.lock(Verdict.NORMAL, 3)
    source = replace(data.SOURCES["synthetic"], external=adults)
    monkeypatch.setitem(data.SOURCES, "synthetic", source)
    asks = [
        one for one in hands.page.button if one.label == "Find the regions the score depends on"
    ]
    assert [one.proto.shortcut for one in asks] == ["o"]
    hands.press(asks[0].label)
    for _ in range(240):
        if any('class="fr-regions"' in one.proto.body for one in hands.page.get("html")):
            break
        time.sleep(0.25)
        hands.page.run()
    said = words_of(hands.page)
    assert (DOUBT in said) is adults
    assert ("Never measured on real children" in said) is not adults
    assert (SHOW_DOUBTED in [one.label for one in hands.page.button]) is adults


@pytest.mark.parametrize("chosen", [Verdict.PNEUMONIA, None])
def test_when_the_time_is_over_what_is_chosen_is_the_read(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch, chosen
) -> None:
    hands.page.selectbox[2].set_value(30).run()
    session_id = begin(hands, normal=0)
    assert "A read without a verdict counts as not answered" in words_of(hands.page)
    if chosen is not None:
        hands.answer = AnswerEvent(chosen, None, lock=False)
        hands.page.run()
    monkeypatch.setattr(reading, "utc_now", lambda: utc_now() + timedelta(seconds=33))
    hands.answer = AnswerEvent(Verdict.NORMAL, 5, lock=True)  # after the bell
    hands.page.run()
    course = kept.course(session_id)
    assert course is not None
    film = course.films[0]
    assert film.cut_off
    assert (film.read.label, film.read.confidence) == (chosen, None if chosen is None else 1)
    shown = words_of(hands.page)
    assert "Time was up after 30 s: " in shown
    said = "**right**: pneumonia, 1 of 5" if chosen else "**not answered**: no answer in time"
    assert f"Your read was {said}" in shown


def test_after_an_outage_the_clock_of_the_open_film_begins_anew(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.page.selectbox[2].set_value(30).run()
    session_id = begin(hands, normal=0)
    away = timedelta(days=1)
    monkeypatch.setattr(reading, "utc_now", lambda: utc_now() + away)
    reading.running_since.clear()  # as in a new process
    hands.page.run()
    _, film = open_film(kept, session_id)
    assert film.read is None
    away += timedelta(seconds=33)
    hands.page.run()
    course = kept.course(session_id)
    assert course is not None
    assert course.films[0].cut_off


def test_a_fresh_visit_goes_on_at_the_same_film_with_what_was_half_said(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    session_id = begin(hands, films=3)
    hands.lock(Verdict.NORMAL, 5)
    hands.press("Next film")
    hands.answer, hands.marks = (
        AnswerEvent(Verdict.PNEUMONIA, None, lock=False),
        ((0, 0, 0.5, 0.5),),
    )
    hands.page.run()
    before = kept.course(session_id)

    hands.answer, hands.marks = None, None
    again = open_page(session=session_id)
    assert "Film 2 of 3" in words_of(again)
    assert "1 marked" not in words_of(again)  # that line is the component's own
    after = kept.course(session_id)
    assert after == before
    draft = after.films[1].draft
    assert (draft.label, draft.confidence) == (Verdict.PNEUMONIA, None)
    assert [mark.edges for mark in draft.marks] == [(0, 0, 0.5, 0.5)]

    listed = open_page()
    listed.text_input(key="reader-name").set_value(READER).run()
    assert any("Continue: film 2 of 3" in one.label for one in listed.button)


def test_only_foci_that_count_are_drawn(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, film = open_film(kept, begin(hands, normal=0))
    mask = np.zeros((40, 40), bool)
    mask[5:15, 5:15], mask[30, 30] = True, True  # the second part is a fragment
    outlines = [data.TruthOutline("lesion", mask), data.TruthOutline("box", box=(0, 0, 1, 1))]
    monkeypatch.setattr(data, "lesion_outlines", lambda *_: outlines)
    _, lesion, box = data.truth_outlines(course, film.case)
    assert lesion.mask.sum() == 100
    assert box.box == (0, 0, 1, 1)


def test_nobody_reads_in_the_session_of_another(hands: Hands, kept: SqlTeachingStore) -> None:
    session_id = begin(hands)
    other_visit = open_page()
    other_visit.text_input(key="reader-name").set_value("Dr. Bob").run()
    other_visit.query_params["session"] = session_id
    hands.answer = AnswerEvent(Verdict.NORMAL, 5, lock=True)
    other_visit.run()
    assert f"This session belongs to {READER}, and you read as Dr. Bob" in words_of(other_visit)
    assert kept.course(session_id).read == ()


def test_a_timed_session_keeps_its_limit_and_counts_down(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    hands.page.selectbox[2].set_value(30).run()
    session_id = begin(hands, films=1)
    hands.lock(Verdict.NORMAL, 3)
    course, film = open_film(kept, session_id)
    assert course.session.plan.limit_s == 30
    assert 0 <= film.seconds < 30
    assert "30 s a film" in words_of(hands.page)


def test_a_session_that_is_ended_shows_what_was_read(hands: Hands, kept: SqlTeachingStore) -> None:
    session_id = begin(hands, films=3)
    hands.lock(Verdict.NORMAL, 2)
    kept.note(session_id, 0, StepKind.ENDED, by=lead(READER))
    hands.page.run()
    assert f"Session of {READER}: 1 of 3 films read" in words_of(hands.page)
    assert len(hands.page.dataframe[0].value) == 1
    hands.press("New session")
    assert "session" not in hands.page.query_params


def test_a_teachers_set_is_opened_by_its_link_and_its_results_are_listed(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    page = hands.page
    page.segmented_control(key="teaching-view").set_value("sets").run()
    page.text_input(key="reader-name").set_value("Prof. T").run()
    page.text_area(key="teaching-set-ids").set_value(f"{NORMAL_FILM} no-such-film").run()
    assert "Not among these films: no-such-film" in words_of(page)
    page.text_area(key="teaching-set-ids").set_value(f"{NORMAL_FILM}\n{ILL_FILM}").run()
    page.text_input(key="teaching-set-name").set_value("Week 1").run()
    hands.press("Save the set")
    (case_set,) = kept.case_sets()
    assert [Path(film_id).stem for film_id in case_set.film_ids] == [
        NORMAL_FILM,
        ILL_FILM,
    ]
    assert (case_set.name, case_set.made_by) == ("Week 1", "Prof. T")

    hands.page = open_page(set=case_set.set_id)
    assert "Case set “Week 1” of Prof. T: 2 films." in words_of(hands.page)
    hands.page.text_input(key="reader-name").set_value(READER).run()
    hands.press("Start")
    hands.lock(Verdict.NORMAL, 4)
    hands.press("Next film")
    hands.lock(Verdict.NORMAL, 4)
    (course,) = kept.courses_of_set(case_set.set_id, lead("Prof. T"))
    assert [film.case.film_id for film in course.read] == list(case_set.film_ids)

    group = open_page()
    group.segmented_control(key="teaching-view").set_value("sets").run()
    readers, of_films = (one.value for one in group.dataframe[1:])
    assert readers["Reader"].tolist() == [READER]
    assert readers["Right"].tolist() == ["0.50 (0.09 to 0.91, n = 2)"]
    assert of_films["Read correctly"].str[:4].tolist() == ["1.00", "0.00"]


def test_progress_counts_all_sessions_of_a_reader(hands: Hands) -> None:
    begin(hands, films=1, normal=100)
    hands.lock(Verdict.NORMAL, 5)
    page = open_page()
    page.segmented_control(key="teaching-view").set_value("progress").run()
    said = words_of(page)  # the name was kept
    assert "Nothing is due; the next film is on" in said
    assert "Streak: 1 day" in said
    assert page.dataframe[0].value["Reference"].tolist() == ["normal"]
    page.text_input(key="reader-name").set_value("").run()
    assert "Enter your name to see your reads" in words_of(page)
    page.text_input(key="reader-name").set_value(READER.upper()).run()
    assert page.dataframe[0].value["Reference"].tolist() == ["normal"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("session", "There is no session 'nobody'"), ("set", "There is no case set 'nobody'")],
)
def test_an_address_that_names_nothing_is_a_sentence(kept, name: str, sentence: str) -> None:
    page = open_page(**{name: "nobody"})
    assert sentence in words_of(page)
    assert any(one.label == "Start" for one in page.button)


def test_without_films_the_page_says_how_to_get_them(
    store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    assert "python -m core data fetch" in words_of(open_page())


def test_the_nearest_films_are_read_rightly_and_none_that_is_still_to_come(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    session_id = begin(hands, films=12)
    course, film = open_film(kept, session_id)
    assert nearest_films(course, film.case).films == {}  # the film itself is still to be read
    hands.lock(Verdict.NORMAL, 3)
    course, film = open_film(kept, session_id)
    near = nearest_films(course, film.case).films
    ahead = {one.case.film_id for one in course.films[1:]}
    runs = films_of("synthetic", course.session.plan.run_id)
    assert set(near) == {Cell.TRUE_NEGATIVE, Cell.TRUE_POSITIVE}
    for cell, film_id in near.items():
        place = runs.place_of(film_id)
        assert film_id not in ahead
        assert runs.films.label[place] == (cell is Cell.TRUE_POSITIVE)


def test_the_nearest_films_are_found_by_features_where_they_are_known_and_the_page_says_so(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = begin(hands, films=2)
    hands.lock(Verdict.NORMAL, 3)
    assert "Nearest by the model's score only and read correctly by it" in words_of(hands.page)
    course, film = open_film(kept, session_id)
    runs = films_of("synthetic", course.session.plan.run_id)
    film_ids = runs.films.film_id
    place = runs.place_of(film.case.film_id)
    assert place is not None
    # a space in which the nearest film of each cell is another one than by the score
    by_score = nearest_films(course, film.case).films
    far = np.isin(film_ids, list(by_score.values())) * 100.0
    space = np.stack([far, np.abs(np.arange(len(film_ids)) - place)], axis=1).astype(np.float64)
    features = FilmFeatures(film_ids, space, 1.0, "any export")
    monkeypatch.setattr(data, "known_features", lambda _library, _run: features)
    near = nearest_films(course, film.case)
    assert near.by_features
    assert near.films.keys() == by_score.keys()
    assert not set(near.films.values()) & set(by_score.values())
    hands.page.run()
    assert "Nearest in the model's feature space and read correctly by it" in words_of(hands.page)


def test_plots_show_the_points_and_intervals_that_were_counted() -> None:
    reads = [
        make_outcome(make_case(1), Verdict.PNEUMONIA, 5),
        make_outcome(make_case(3), Verdict.NORMAL, 2),
        make_outcome(make_case(2), Verdict.NORMAL, 2),
        make_outcome(make_case(4), Verdict.NORMAL, 4, session="t"),
    ]
    _, curve = plot_reader_roc(reader_roc(reads), reader_auc(reads)).data
    points = set(zip(curve.x, curve.y, strict=True))
    assert points == {(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)}

    (dots,) = plot_own_calibration(confidence_calibration(reads)).data
    assert (dots.x, dots.y) == ((2, 4, 5), (0.5, 1.0, 1.0))
    low, high = proportion_confint(1, 2, method="wilson")
    assert dots.y[0] - dots.error_y.arrayminus[0] == pytest.approx(low)
    assert dots.y[0] + dots.error_y.array[0] == pytest.approx(high)

    (line,) = plot_learning(learning_curve(reads)).data
    assert (line.x, line.y) == ((1, 2), (pytest.approx(2 / 3), 1.0))
