"""Other views, and films that are not whole, on the way through with the served models."""

import numpy as np
import pytest
from fixtures.gate_films import film_of

from core.domain.quality import Severity
from core.phantom.views import VIEWS, draw_view
from core.pipeline import open_engine, read_radiograph
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
