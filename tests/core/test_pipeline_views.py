"""Other views, and films that are not whole, on the way through with the served models."""

import numpy as np
import pytest
from fixtures.gate_films import film_of, line_drawing, png

from core.domain.film import Turn
from core.domain.quality import Severity
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.phantom.views import VIEWS, draw_view
from core.pipeline import open_engine, prepare_film, read_film, read_radiograph
from core.settings import SERVED_RUN

OTHER_VIEW = {"not_chest", "lung_area", "view", "orientation"}


@pytest.fixture(scope="module")
def engine(served_models):
    return open_engine(served_models, SERVED_RUN)


def codes(reading):
    return [finding.code for finding in reading.quality.findings]


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "frontal"])
@pytest.mark.parametrize("seed", [30_001, 30_002])
def test_a_synthetic_film_of_another_view_is_refused_and_never_scored(view, seed, engine):
    film = film_of(draw_view(seed, view, height_px=256))
    reading = read_radiograph(film, engine)
    assert OTHER_VIEW & set(codes(reading))
    assert reading.prediction is None


@pytest.fixture(scope="module")
def frontal():
    return np.array(draw_view(30_003, "frontal", height_px=256))


def test_a_synthetic_frontal_film_of_a_seed_that_nothing_learned_from_passes(frontal, engine):
    reading = read_radiograph(film_of(frontal), engine)
    assert codes(reading) == []
    assert reading.prediction is not None


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rows", [slice(100, 130), slice(206, 256)])
def test_a_film_without_some_of_its_rows_is_refused_as_incomplete(rows, grey, frontal, engine):
    cut = frontal.copy()
    cut[rows] = grey
    reading = read_radiograph(film_of(cut), engine)
    assert "incomplete" in codes(reading)
    assert reading.prediction is None


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_box_over_a_lung_is_a_caution(grey, frontal, engine):
    boxed = frontal.copy()
    width = frontal.shape[1]
    boxed[110:140, round(0.2 * width) : round(0.4 * width)] = grey
    findings = read_radiograph(film_of(boxed), engine).quality.findings
    assert ("covered", Severity.FLAG) in [(f.code, f.severity) for f in findings]


# --- films that do not lie upright ----------------------------------------------------------------

CHEST = np.rint(255 * draw_film(draw_settings(3, "lobar"), height_px=400).pixels).astype(np.uint8)


@pytest.mark.parametrize("turn", [turn for turn in Turn if turn is not Turn.NONE])
def test_a_film_turned_by_hand_is_refused_and_read_as_the_original_once_turned_back(turn, engine):
    original, content = read_film(png(CHEST), engine), png(np.rot90(CHEST, -turn.quarters))
    as_it_lies = read_film(content, engine)
    assert "orientation" in codes(as_it_lies)
    assert (as_it_lies.prediction, as_it_lies.quality.turn_asked) == (None, turn)
    brought_right = read_film(content, engine, turn=as_it_lies.quality.turn_asked)
    assert brought_right.quality.turn_asked is Turn.NONE
    assert brought_right.prediction.probability == pytest.approx(
        original.prediction.probability, abs=1e-6
    )
    assert brought_right.thumbnail == original.thumbnail
    assert (brought_right.height_px, brought_right.width_px) == CHEST.shape
    prepared = prepare_film(content, engine, turn=turn)
    assert np.array_equal(prepared.tensor, prepare_film(png(CHEST), engine).tensor)


@pytest.mark.parametrize(
    "picture",
    [CHEST, CHEST[:, ::-1], 255 - CHEST, line_drawing()],
    ids=["upright", "mirrored", "inverted", "drawing"],
)
def test_no_turn_is_asked_for_of_what_a_turn_does_not_bring_right(picture, engine):
    assert read_film(png(picture), engine).quality.turn_asked is Turn.NONE
