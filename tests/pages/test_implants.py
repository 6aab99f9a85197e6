"""Implanted lesions on the page Teaching, and the model's test as a site sees it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.implants import PlantedReader, planted_result
from fixtures.spoken_pages import Bracketed, outside_brackets, texts_of
from fixtures.teaching_cases import lend_models
from pages.test_spoken import DATA
from streamlit.testing.v1 import AppTest

from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.implants.measure import ImplantPlan
from core.jobs.implant_test import ImplantTask
from core.language import words
from core.language.current import ENGLISH
from core.language.words import msg
from core.library.films import states_synthetic
from core.store.reads import SqlReviewStore
from core.store.teaching import SqlTeachingStore
from ui.app.language import CHOSEN
from ui.app.session import Visit
from ui.site import implants as site_implants
from ui.teaching import implants


@pytest.fixture(autouse=True)
def films(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer synthetic films, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(lend_models(tmp_path / "models")))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    """Collect what the viewer is given: the truths, and the film as it is shown."""
    given: list = []

    def show(film, **options) -> None:
        given.append((film, options["truths"]))
        assert not options["origin"]  # the film is drawn from nothing: the usual words hold

    monkeypatch.setattr(implants, "show_film", show)
    return given


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.header, page.subheader, page.warning, page.info)
    return "\n".join(one.value for kind in kinds for one in kind)


def begin(films: int) -> AppTest:
    page = app_pages.open_page("teaching")
    page.segmented_control(key="teaching-view").set_value("implants").run()
    page.number_input(key="practice-films").set_value(films).run()
    page.button(key="practice-start").click().run()
    assert not page.exception
    return page


def test_a_round_is_read_blind_then_shown_and_nothing_of_it_is_stored(
    shown: list, store: SqlReviewStore
) -> None:
    page = begin(8)
    visit = page.session_state["first_read"]
    reads = []
    while visit.practice.round.place is not None:
        drawn, (_, truths) = visit.drawn_trial, shown[-1]
        blind = words_of(page)
        assert "Where is the lesion?" in blind
        assert not truths
        assert "cm of water" not in blind
        assert "threshold" not in "".join(one.proto.body for one in page.get("html"))
        assert states_synthetic(drawn.content)
        assert decode_radiograph(drawn.content).synthetic
        said = drawn.trial.zone or "none"
        page.button(key=f"practice-{said}").click().run()
        (_, truths), told = shown[-1], words_of(page)
        if drawn.trial.zone:
            assert np.array_equal(truths[0].mask, drawn.lesion)
            assert f"{drawn.trial.opacity_cm:g} cm of water" in told
            assert f"multiplies its odds of pneumonia by {np.exp(drawn.rise):.2g}" in told
        else:
            assert not truths
            assert "### No lesion" in told
        assert ":material/check_circle:" in told
        reads.append(drawn.trial)
        page.button(key="practice-next").click().run()
        assert not page.exception
    assert sum(bool(one.zone) for one in reads) == 4
    assert len({one.film_id for one in reads}) == 8
    assert all(film.synthetic for film, _ in shown)
    result = words_of(page)
    assert "Your smallest opacity: 8 films read" in result
    table = "".join(one.proto.body for one in page.get("html"))
    assert "1.00 (0.51 to 1.00, n = 4)" in table
    assert not SqlTeachingStore(store.database).all_courses("synthetic")
    page.button(key="practice-again").click().run()
    assert page.session_state["first_read"].practice is None


def test_a_round_that_is_ended_is_summed_up_as_far_as_it_was_read(shown: list) -> None:
    page = begin(8)
    page.button(key="practice-none").click().run()
    page.button(key="practice-next").click().run()
    page.button(key="practice-end").click().run()
    assert "Your smallest opacity: 1 film read" in words_of(page)


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a language in Spanish's place that says every known text in brackets."""
    as_it_is = words.translations

    def known(language: str):
        return as_it_is(language) if language == ENGLISH else Bracketed()

    monkeypatch.setattr(words, "translations", known)


def left_out(page: AppTest) -> list[str]:
    assert not page.exception
    left = (outside_brackets(DATA.sub(" ", text)) for _, text in texts_of(page))
    return sorted({text for text in left if text})


@pytest.mark.usefixtures("bracketed")
def test_every_word_of_a_round_is_in_the_catalogue(shown: list) -> None:
    first = app_pages.open_app().switch_page("pages/teaching.py")
    first.session_state[CHOSEN], first.session_state["teaching-view"] = "es", "implants"
    first.run()
    assert not left_out(first)
    page = begin(8)
    page.session_state[CHOSEN] = "es"
    page.run()
    assert not left_out(page)
    while not page.session_state["first_read"].drawn_trial.trial.zone:
        page.button(key="practice-none").click().run()
        page.button(key="practice-next").click().run()
    page.button(key="practice-none").click().run()
    assert not left_out(page)
    page.button(key="practice-next").click().run()
    page.button(key="practice-end").click().run()
    assert not left_out(page)


def site_page() -> None:
    from ui.app.language import settle_language
    from ui.site.implants import show_implants

    settle_language()
    show_implants()


def test_the_sites_test_shows_progress_the_zones_and_the_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {}

    def run(normals, _read, _engine, title, plan, *, films, progress, **_rest):
        asked.update(normals=normals, title=title, plan=plan, films=films)
        progress(5, 10)
        return planted_result(PlantedReader(1.25), 3, ImplantPlan((1.0, 2.0)))

    monkeypatch.setattr(site_implants, "run_on_films", run)
    page = AppTest.from_function(site_page, default_timeout=60).run()
    page.number_input(key="implants-films").set_value(10)
    page.button(key="implants-start").click().run()
    task = page.session_state["first_read"].implant_test
    assert task.wait(60)
    page.run()
    assert not page.exception
    assert asked["films"] == 10
    assert asked["plan"].diameter_cm == 5.0
    assert len(asked["normals"]) == 30  # every second one of the 60
    told = words_of(page)
    assert "3 normal films took a lesion of 5 cm in each zone" in told
    assert "1 normal film was left out of the test. Such a film is refused" in told
    assert "log odds" not in told
    lungs = page.get("plotly_chart")[0].proto.spec
    assert lungs.count("Right upper") == 1
    table = "".join(one.proto.body for one in page.get("html"))
    assert '<th scope="col">Zone</th>' in table
    assert page.get("download_button")[0].proto.label == "Table as CSV"


@pytest.mark.usefixtures("bracketed")
def test_every_word_of_the_sites_test_is_in_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    found = planted_result(PlantedReader(1.25), 2, ImplantPlan((1.0,)))
    page = AppTest.from_function(site_page, default_timeout=60)
    task = ImplantTask(lambda **_calls: found).start()
    assert task.wait(20)
    page.session_state[CHOSEN], page.session_state["first_read"] = "es", Visit(implant_test=task)
    page.run()
    assert not left_out(page)


def test_the_sites_test_says_why_there_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given, **_rest):
        raise DatasetError(msg("Only {n} normal films can be taken.", n=3))

    monkeypatch.setattr(site_implants, "run_on_films", fail)
    page = AppTest.from_function(site_page, default_timeout=60).run()
    page.button(key="implants-start").click().run()
    for _ in range(50):
        if page.session_state["first_read"].implant_test.finished:
            break
        time.sleep(0.1)
    page.run()
    assert "Only 3 normal films can be taken." in words_of(page)
