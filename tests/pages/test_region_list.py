"""The list of regions: where they lie, what moves the score, and what the score is the sum of."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from fixtures.app_pages import PATIENCE_S
from streamlit.testing.v1 import AppTest

from core.domain.model import Geometry
from core.domain.regions import CamSettings, Explanation, LimeSettings
from core.evaluation.film_number import ScoreWords
from core.evaluation.likelihood_ratio import read_ratios
from core.explain.lime import top_regions
from core.explain.region_words import UNLIKE_HEALTHY, zone_words
from core.language import current
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from ui.components.region_list import number_text, weight_text
from ui.components.viewer.viewer import RegionOverlay

PARTS = {
    "regions for": 6.3,
    "regions against": -0.9,
    "outside the lungs": 0.2,
    "lungs that look healthy": 0.2,
    "mirrored film": -0.1,
    "every film": 0.5,
}


def explained(weights: list[float], *, zones: tuple[str, ...] = ()) -> Explanation:
    return Explanation(
        segments=np.arange(4, dtype=np.int32).reshape(2, 2),
        weights=np.array(weights + [0.0] * (4 - len(weights))),
        geometry=Geometry(20, 20, 2),
        settings=CamSettings(),
        score=6.2,
        parts=PARTS,
        zones=zones,
    )


RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
OF_SET = ScoreWords(RUN)


def drawn(explanation: Explanation, said: ScoreWords = OF_SET, *, grey: bool = False) -> str:
    def script(explanation, regions, said, *, grey: bool) -> None:
        from ui.components.region_list import draw_balance, draw_regions

        draw_regions(explanation, regions, grey=grey)
        draw_balance(explanation, said)

    told = {"explanation": explanation, "regions": top_regions(explanation), "said": said}
    told["grey"] = grey
    page = AppTest.from_function(script, kwargs=told, default_timeout=PATIENCE_S).run()
    assert not page.exception
    return "".join(one.proto.body for one in page.get("html"))


def by_lime(explanation: Explanation) -> Explanation:
    return replace(explanation, settings=LimeSettings(), samples=1000, surrogate_r2=0.783)


def test_only_regions_whose_weight_can_be_seen_are_listed() -> None:
    said = drawn(explained([1.12, -0.15, 0.019]))

    assert re.findall(r"([+-]\d\.\d\d)</td><td>(\w+)", said) == [
        ("+1.12", "for"),
        ("-0.15", "against"),
    ]
    assert "No region" not in said


@pytest.mark.parametrize("weights", [[], [0.019, -0.01]], ids=["no weights", "tiny weights"])
def test_where_no_region_matters_one_sentence_says_so(weights: list[float]) -> None:
    said = drawn(explained(weights))

    assert UNLIKE_HEALTHY.none in said
    assert "data-region=" not in said


def test_a_line_names_the_zone_and_the_number_of_its_region() -> None:
    zones = ("right lower", "left upper", "midline", "outside the lungs")

    said = drawn(explained([0.5, 0.4, -0.3, 0.2], zones=zones))

    assert re.findall(r"</span>([^<]+) <small>([^<]+)", said) == [
        ("Right lower zone", "Region 1"),
        ("Left upper zone", "Region 2"),
        ("Midline", "Region 3"),
        ("Outside the lungs", "Region 4"),
    ]
    assert zone_words("upper") == "Upper zone"


def test_lines_name_their_regions_as_the_viewer_does() -> None:
    explanation = explained([0.5, 0.0, -0.3])

    said = drawn(explanation)

    assert re.findall(r'data-region="(\d)"', said) == ["0", "2"]
    assert f'data-regions="{RegionOverlay.from_explanation(explanation).regions_id}"' in said


def test_the_balance_adds_up_to_the_log_odds() -> None:
    said = drawn(explained([0.5]))

    *parts, score = map(float, re.findall(r"([+-]\d+\.\d\d)</td></tr>", said))
    assert parts == list(PARTS.values())
    assert sum(parts) == pytest.approx(score)
    assert "Together: log odds (probability: above 0.99)" in said
    assert "Probabilities hold where 75 % of the films show pneumonia." in said


def test_of_a_film_of_the_ward_the_balance_has_its_number() -> None:
    unset = ScoreWords(RUN, read_ratios(RUN), None, in_ward=True)
    said = drawn(explained([0.5]), unset)
    assert "Together: log odds (likelihood ratio: above 53)" in said
    assert "robabilit" not in said
    said = drawn(explained([0.5]), replace(unset, prevalence=0.15))
    assert "Together: log odds (probability here: above 0.90)" in said
    assert "Probabilities hold where 15 % of the films show pneumonia." in said


@pytest.mark.parametrize(
    ("log_odds", "words"),
    [(0.0, "0.50"), (-800.0, "below 0.01"), (-2.2, "0.10"), (5.0, "above 0.99")],
)
def test_log_odds_are_said_as_a_probability(log_odds: float, words: str) -> None:
    assert number_text(OF_SET, log_odds) == f"probability: {words}"


def test_lime_says_its_samples_and_its_fit_and_has_no_balance() -> None:
    said = drawn(by_lime(explained([0.5])))

    assert "by 1,000 samples; fit R² 0.78" in said
    assert ", exact" not in said
    assert "fr-balance" not in said


def test_in_spanish_the_list_says_places_sides_and_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "_sources", [lambda: "es"])
    zones = ("right lower", "outside the lungs")
    said = drawn(explained([1.12, -0.15], zones=zones))

    assert re.findall(r"</span>([^<]+) <small>([^<]+)", said) == [
        ("Campo inferior derecho", "Región 1"),
        ("Fuera de los pulmones", "Región 2"),
    ]
    assert re.findall(r"([+-]\d,\d\d)</td><td>([\w ]+)", said) == [
        ("+1,12", "a favor"),
        ("-0,15", "en contra"),
    ]
    assert "De qué es suma la puntuación" in said


def test_what_a_weight_is_depends_on_the_method() -> None:
    explanation = explained([0.5])

    assert "own part of the log odds" in weight_text(explanation)
    assert "shown instead of hidden" in weight_text(by_lime(explanation))


def test_regions_that_are_not_on_the_film_have_no_colour_in_the_list() -> None:
    colours = re.compile(r"background:(#\w+)")

    assert set(colours.findall(drawn(explained([0.5, -0.5]), grey=True))) == {"#8b8f96"}
    assert len(set(colours.findall(drawn(explained([0.5, -0.5]))))) == 2
