"""Regions on the pages: the method that finds them, and what to trust of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fixtures.app_pages import open_app
from pages.test_errors import data, films, missed_film
from pages.test_errors import open_page as open_errors
from pages.test_review import CHEST, press, run_until, upload, words_of
from pages.test_review_population import dicom
from streamlit.testing.v1 import AppTest

from core.domain.model import Geometry
from core.domain.quality import ADULT, POPULATION, Finding, QualityReport, Severity
from core.domain.rate import Rate
from core.domain.regions import SETTINGS, CamSettings, Explanation, LimeSettings, Way
from core.explain.pointing_game import ExplanationQuality, PointingRates
from core.explain.trust import Doubt
from core.explain.trust_words import (
    CALLED_ALONE,
    DOUBT,
    OTHER_AGE,
    OTHER_SETTINGS,
    doubt_text,
    read_explanation_quality,
    trust_text,
)
from core.library.film_codes import film_code
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.reads import SqlReviewStore
from ui.app.region_panel import (
    SHOW_DOUBTED,
    WAY_KEY,
    overlay_of,
)
from ui.app.session import Visit

__all__ = ["data", "films"]

CHILD = dicom("child.dcm", PatientAge="003Y", ViewPosition="PA")
UNMEASURED = "Never measured on real children: no boxes exist for them."


def lists_of(page: AppTest) -> str:
    return "".join(
        one.proto.body for one in page.get("html") if 'class="fr-regions"' in one.proto.body
    )


def balances_of(page: AppTest) -> int:
    return sum('class="fr-balance"' in one.proto.body for one in page.get("html"))


def regions_on_film(page: AppTest) -> dict | None:
    told = [json.loads(one.proto.json) for one in page.get("bidi_component") if one.proto.json]
    return next(one["regions"] for one in told if "regions" in one)


def choose(page: AppTest, way: Way) -> None:
    page.button_group(key=WAY_KEY).set_value(way).run()


def test_regions_are_found_by_evidence_and_on_request_by_lime(store: SqlReviewStore) -> None:
    page = upload(open_app(), CHILD)
    run_until(page, lambda: "differs most from healthy lung" in lists_of(page))
    assert balances_of(page) == 1

    choose(page, Way.LIME)
    assert "differs most from healthy lung" not in lists_of(page)
    run_until(page, lambda: "by 100 samples; fit R²" in lists_of(page))
    assert balances_of(page) == 0

    choose(page, Way.CAM)
    run_until(page, lambda: "differs most from healthy lung" in lists_of(page))


def test_a_first_read_precomputes_the_method_that_was_chosen(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = open_app()
    page.session_state["first_read"].way = Way.LIME
    upload(page, CHEST)
    assert "LimeSettings" in page.session_state["first_read"].explaining.key


def test_a_childs_regions_are_on_the_film_and_their_zones_too(store: SqlReviewStore) -> None:
    page = upload(open_app(), CHILD)
    run_until(page, lambda: lists_of(page) != "")
    shown = regions_on_film(page)
    assert shown is not None
    assert {"Right upper zone", "Left lower zone"} <= set(shown["zones"])
    assert UNMEASURED in words_of(page)
    assert DOUBT not in words_of(page)


def test_regions_of_an_adult_are_not_on_the_film_before_they_are_asked_for(
    store: SqlReviewStore,
) -> None:
    page = upload(open_app(), dicom("adult.dcm", PatientAge="062Y", ViewPosition="AP"))
    press(page, "Show the score all the same")
    run_until(page, lambda: lists_of(page) != "")
    assert regions_on_film(page) is None
    assert DOUBT in words_of(page)
    assert UNMEASURED not in words_of(page)
    press(page, SHOW_DOUBTED)
    assert regions_on_film(page) is not None
    assert DOUBT in words_of(page)
    assert SHOW_DOUBTED not in [button.label for button in page.button]


def test_the_regions_of_an_open_case_are_listed_with_their_method(films) -> None:
    film_id, _ = missed_film()
    page = open_errors(split="test", film=film_code(film_id), regions="yes")
    run_until(page, lambda: "differs most from healthy lung" in lists_of(page))
    choose(page, Way.LIME)
    run_until(page, lambda: "by 100 samples" in lists_of(page))


@pytest.mark.parametrize(
    ("code", "severity", "doubted"),
    [
        (ADULT, Severity.FLAG, True),
        (POPULATION, Severity.FLAG, True),
        (POPULATION, Severity.NOTE, False),  # no age is stated
        ("small", Severity.FLAG, False),
    ],
)
def test_regions_are_doubted_where_the_film_is_not_a_young_childs(
    code: str, severity: Severity, *, doubted: bool
) -> None:
    found = Finding(code, severity, None, None, "")
    assert QualityReport((found,)).of_others is doubted


def quality(way: str) -> ExplanationQuality:
    rate, other = Rate(0.357, 0.207, 0.542, 28), Rate(0.5, 0.4, 0.6, 80)
    rates, centre = (PointingRates(one, one, one, one) for one in (rate, other))
    adults = {way: rates, "centre of the lungs": centre}
    return ExplanationQuality("f08", "", {}, {}, {"pasted": {way: rates}, "adults": adults})


def made_with(settings, *, outside: float = 0.0, score: float = 4.0) -> Explanation:
    segments = np.arange(4, dtype=np.int32).reshape(2, 2)
    parts = {"regions for": 1.0 - outside, "outside the lungs": outside}
    weights = np.array([0.5, 0.0, 0.0, 0.0])
    return Explanation(segments, weights, Geometry(8, 8, 2), settings, score, parts)


@pytest.mark.parametrize("way", list(Way))
def test_the_rate_of_synthetic_lesions_is_that_of_the_way(
    way: Way,
) -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    kept = quality(way)
    explanation = made_with(SETTINGS[way])

    told = (
        "On children's normal films with a synthetic lesion, the strongest region lay on the "
        "lesion in 36 of 100 (21 to 54, n = 28). On adults it lay in a radiologist's box in "
        "36 of 100 (21 to 54, n = 28); the middle of the lungs in 50 of 100 (40 to 60, n = 80)."
    )
    assert trust_text(run, explanation, kept) == f"{UNMEASURED} {told}"
    adults = (
        "The film is not of a child of 1 to 5 years. On adults the strongest region lay in a "
        "radiologist's box in 36 of 100 (21 to 54, n = 28)"
        ", the middle of the lungs in 50 of 100 (40 to 60, n = 80). The two may not differ."
    )
    assert doubt_text(kept, explanation, Doubt.POPULATION) == f"{DOUBT} {adults}"
    other = made_with(SETTINGS[next(each for each in Way if each is not way)])
    assert trust_text(run, other, kept) == UNMEASURED
    assert doubt_text(kept, other, Doubt.POPULATION) == f"{DOUBT} {OTHER_AGE}"


def test_a_film_that_is_not_called_pneumonia_has_no_rate() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    told = trust_text(run, made_with(CamSettings(), score=-1.0), read_explanation_quality(run))
    assert told == f"{UNMEASURED} {CALLED_ALONE}"


def test_settings_that_were_not_measured_have_no_rate() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    kept = read_explanation_quality(run)
    for settings in (CamSettings(regions=20), LimeSettings()):
        assert trust_text(run, made_with(settings), kept) == f"{OTHER_SETTINGS} {UNMEASURED}"


def test_a_score_that_comes_from_outside_the_lungs_is_doubted_and_not_drawn() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    border, lungs = (made_with(CamSettings(), outside=share) for share in (0.8, 0.3))
    told = doubt_text(read_explanation_quality(run), border, Doubt.OUTSIDE)
    assert told == (f"{DOUBT} Of all that counts, 80 % lies outside of the lungs.")
    visit = Visit()
    assert overlay_of(visit, "film", border, of_others=False) is None
    assert overlay_of(visit, "film", lungs, of_others=False) is not None
    assert overlay_of(visit, "film", lungs, of_others=True) is None
    visit.doubted_asked.add("film")
    assert overlay_of(visit, "film", border, of_others=False) is not None


def test_without_a_kept_measurement_there_is_no_rate() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)

    unmeasured = replace(run, files={})
    kept = read_explanation_quality(unmeasured)
    assert trust_text(unmeasured, made_with(CamSettings()), kept) == UNMEASURED
