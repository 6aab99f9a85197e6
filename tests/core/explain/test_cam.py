"""Class activation maps of networks whose true regions are known, and of the served run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from core.domain.arrays import read_only
from core.domain.model import Geometry, ModelInput
from core.domain.regions import CamSettings, Method
from core.errors import ExplanationError
from core.explain import cam
from core.explain.cam import explain_by_cam, spread_evidence
from core.explain.lime import top_regions
from core.explain.trust import Doubt, doubt_of
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.pipeline import open_classifier
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

SIZE, PLACES = 64, 8
SETTINGS = CamSettings(regions=16)
PARTS = ["regions for", "regions against", "outside the lungs", "mirrored film", "every film"]
WHERE = (slice(16, 32), slice(40, 56))
"""A bright rectangle: rows 2 and 3, columns 5 and 6 of the map of places."""


class KnownNetwork:
    """Scores a film by the sum of a bias and the mean of a map that ``look`` makes of the film."""

    run_record = SimpleNamespace(run_id="x1")
    has_evidence = True
    bias = -1.5

    def __init__(self, look):
        self.look = look

    def evidence(self, batch):
        side = SIZE // PLACES
        blocks = batch[..., 0].reshape(-1, PLACES, side, PLACES, side).mean(axis=(2, 4))
        return np.stack([self.look(each) for each in blocks]).astype(np.float32)

    def log_odds(self, batch):
        return np.float32(self.bias) + self.evidence(batch).mean(axis=(1, 2))


class NoPlaces(KnownNetwork):
    """A run whose score is not of any place."""

    has_evidence = False

    def evidence(self, batch):
        return None


def bright_counts():
    return KnownNetwork(lambda blocks: 20 * np.maximum(blocks - 0.8, 0))


def border_counts():
    edge = np.ones((PLACES, PLACES))
    edge[1:-1, 1:-1] = 0.0
    return KnownNetwork(lambda blocks: 5 * edge * blocks)


def left_counts():
    left = np.zeros((PLACES, PLACES))
    left[:, :4] = 1.0
    return KnownNetwork(lambda blocks: 8 * left * (blocks - 0.5))


def grainy_film(lungs=None):
    """Return a grey film with grain and one bright rectangle."""
    film = 0.4 + np.random.default_rng(3).normal(0, 0.03, (SIZE, SIZE))
    film[WHERE] = 0.95
    pixels = np.clip(film, 0, 1).astype(np.float32)
    return ModelInput(read_only(pixels), Geometry(2 * SIZE, 3 * SIZE, SIZE), lungs)


def inner_lungs():
    lungs = np.zeros((SIZE, SIZE), np.float32)
    lungs[18:46, 18:46] = 1.0
    return read_only(lungs)


def mirrored(film):
    lungs = None if film.lungs is None else film.lungs[:, ::-1]
    return ModelInput(np.ascontiguousarray(film.tensor[:, ::-1]), film.geometry, lungs)


@pytest.fixture
def in_squares(monkeypatch):
    """Cut every film into squares: regions that do not depend on the side."""

    def cut(tensor, _, lungs):
        labels = np.where(lungs >= 0.5, squares(len(tensor)), 64)
        _, numbered = np.unique(labels, return_inverse=True)
        return numbered.reshape(labels.shape), lungs >= 0.5

    monkeypatch.setattr(cam, "segment_lungs_apart", cut)


def squares(px, across=8):
    labels = np.arange(across * across, dtype=np.int32).reshape(across, across)
    rows = np.arange(px) * across // px
    return labels[np.ix_(rows, rows)]


def test_the_regions_of_the_rectangle_that_counts_come_first():
    film = grainy_film()
    explanation = explain_by_cam(film, bright_counts(), SETTINGS)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[WHERE] = True
    covered = np.bincount(explanation.segments.ravel(), inside.ravel())
    first = top_regions(explanation, 1)[0]
    assert (first.label, first.weight > 0) == (int(covered.argmax()), True)
    far = np.bincount(explanation.segments.ravel(), near(inside).ravel()) == 0
    assert far.any()
    assert np.abs(explanation.weights[far]).max() < 0.02 * first.weight


def near(mask):
    rows, columns = np.nonzero(mask)
    grown = np.zeros_like(mask)
    grown[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9] = True
    return grown


@pytest.mark.parametrize("lungs", [None, inner_lungs()])
@pytest.mark.parametrize("make", [bright_counts, border_counts, left_counts])
def test_the_parts_sum_to_the_score(make, lungs):
    network, film = make(), grainy_film(lungs)
    explanation = explain_by_cam(film, network, SETTINGS)
    score = float(network.log_odds(film.tensor[np.newaxis, ..., np.newaxis])[0])
    assert explanation.score == score
    assert list(explanation.parts) == PARTS
    assert sum(explanation.parts.values()) == pytest.approx(score, abs=1e-9)
    assert explanation.parts["every film"] == pytest.approx(network.bias, abs=1e-5)


def test_weights_are_parts_of_the_score_as_if_all_regions_had_one_size():
    explanation = explain_by_cam(grainy_film(), left_counts(), SETTINGS)
    sizes = np.bincount(explanation.segments.ravel())
    own = explanation.weights * sizes / sizes.mean()
    assert own[own > 0].sum() == pytest.approx(explanation.parts["regions for"])
    assert own[own < 0].sum() == pytest.approx(explanation.parts["regions against"])


def test_what_counts_outside_the_lungs_is_said_and_given_to_no_region():
    network, film = border_counts(), grainy_film(inner_lungs())
    explanation = explain_by_cam(film, network, SETTINGS)
    score = explanation.score - network.bias
    assert score > 0.5
    assert explanation.parts["outside the lungs"] == pytest.approx(score, rel=0.02)
    assert explanation.parts["regions for"] < 0.02 * score


def test_without_lungs_nothing_is_outside_of_them():
    explanation = explain_by_cam(grainy_film(), border_counts(), SETTINGS)
    assert explanation.parts["outside the lungs"] == 0.0
    assert explanation.parts["regions for"] > 0.5


def test_a_score_that_never_changes_depends_on_no_region():
    explanation = explain_by_cam(grainy_film(), KnownNetwork(np.zeros_like), SETTINGS)
    assert not explanation.weights.any()
    assert top_regions(explanation) == ()
    assert explanation.parts["every film"] == explanation.score == -1.5


@pytest.mark.usefixtures("in_squares")
@pytest.mark.parametrize("make", [bright_counts, border_counts, left_counts])
def test_a_mirrored_film_has_the_mirrored_weights(make):
    film = grainy_film(inner_lungs())
    one, other = (explain_by_cam(each, make(), SETTINGS) for each in (film, mirrored(film)))
    shown, mirror = (each.weights[each.segments] for each in (one, other))
    assert mirror[:, ::-1] == pytest.approx(shown, abs=1e-6)


def test_what_the_side_alone_tells_is_a_part_of_its_own():
    network, film = left_counts(), grainy_film()
    one, other = (
        float(network.log_odds(each.tensor[np.newaxis, ..., np.newaxis])[0])
        for each in (film, mirrored(film))
    )
    explanation = explain_by_cam(film, network, SETTINGS)
    assert abs(one - other) > 0.1
    assert explanation.parts["mirrored film"] == pytest.approx((one - other) / 2)


def test_what_looks_like_healthy_lung_does_not_count():
    film = grainy_film(inner_lungs())
    healthy = film.tensor.copy()
    healthy[WHERE] -= 0.1  # of 0.2 that count whole
    whole = explain_by_cam(film, bright_counts(), SETTINGS)
    half = explain_by_cam(film, bright_counts(), SETTINGS, healthy)
    none = explain_by_cam(film, bright_counts(), SETTINGS, film.tensor)
    assert not none.weights.any()
    assert none.parts["lungs that look healthy"] == pytest.approx(
        whole.parts["regions for"] + whole.parts["regions against"], abs=1e-6
    )
    # Half of what lies in the rectangle; what is spread beside it lies on lung that looks healthy.
    assert 0.3 * whole.parts["regions for"] < half.parts["regions for"]
    assert half.parts["regions for"] < 0.5 * whole.parts["regions for"]
    for each in (whole, half, none):
        assert sum(each.parts.values()) == pytest.approx(each.score, abs=1e-6)


def test_no_region_lies_on_both_sides_of_the_lungs_edge():
    film = grainy_film(inner_lungs())
    explanation = explain_by_cam(film, bright_counts(), SETTINGS)
    for label in range(len(explanation.weights)):
        assert np.ptp(film.lungs[explanation.segments == label]) == 0
    assert explanation.weights[-1] == 0  # outside of the lungs


def test_a_run_without_evidence_is_refused_by_name():
    with pytest.raises(ExplanationError, match=r"run x1 cannot be split by place. Choose LIME"):
        explain_by_cam(grainy_film(), NoPlaces(np.zeros_like), SETTINGS)


def test_a_blank_film_is_refused():
    blank = ModelInput(np.full((SIZE, SIZE), 0.5, np.float32), Geometry(100, 100, SIZE))
    with pytest.raises(ExplanationError, match="no regions to explain"):
        explain_by_cam(blank, border_counts(), SETTINGS)


def test_the_explanation_keeps_what_it_was_made_with():
    film = grainy_film()
    explanation = explain_by_cam(film, bright_counts(), SETTINGS)
    assert (explanation.method, explanation.samples) == (Method.CAM, 0)
    assert (explanation.settings, explanation.geometry) == (SETTINGS, film.geometry)
    assert explanation.surrogate_r2 is None
    assert not explanation.weights.flags.writeable


def test_spreading_a_map_keeps_its_mean_and_its_places():
    places = np.zeros((4, 4), np.float32)
    places[1, 2] = 16.0
    spread = spread_evidence(places, 32)
    assert spread.shape == (32, 32)
    assert spread.mean() == pytest.approx(1.0, abs=1e-6)
    row, column = np.unravel_index(int(spread.argmax()), spread.shape)
    assert (row // 8, column // 8) == (1, 2)


# --- the served run -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served():
    return open_classifier(load_run(PROJECT_ROOT / "models" / SERVED_RUN))


@pytest.fixture(scope="module")
def films(served):
    px = served.run_record.input_px
    drawn = [draw_film(draw_settings(seed), height_px=px, width_px=px) for seed in (2101, 2102)]
    return [
        ModelInput(film.pixels, Geometry(px, px, px), film.volume_mask.astype(np.float32))
        for film in drawn
    ]


def test_the_served_runs_parts_sum_to_its_log_odds(served, films):
    explanations = [explain_by_cam(film, served, CamSettings()) for film in films]
    for film, explanation in zip(films, explanations, strict=True):
        log_odds = float(served.log_odds(film.tensor[np.newaxis, ..., np.newaxis])[0])
        assert sum(explanation.parts.values()) == pytest.approx(log_odds, abs=1e-6)
        assert explanation.weights.any()
    every = [explanation.parts["every film"] for explanation in explanations]
    assert every[0] == pytest.approx(every[1], abs=1e-3)


@pytest.mark.usefixtures("in_squares")
def test_the_served_runs_weights_of_a_mirrored_film_are_mirrored(served, films):
    for film in films:
        one, other = (
            explain_by_cam(each, served, CamSettings()) for each in (film, mirrored(film))
        )
        shown, mirror = (each.weights[each.segments] for each in (one, other))
        assert mirror[:, ::-1] == pytest.approx(shown, abs=1e-5)
        assert np.ptp(shown) > 1e-3


def test_a_weights_interval_runs_from_the_films_to_its_mirrored_films_weight(in_squares):
    film = grainy_film()
    even = explain_by_cam(film, bright_counts(), SETTINGS)
    assert even.intervals[:, 0] == pytest.approx(even.weights, abs=1e-6)
    assert even.intervals[:, 1] == pytest.approx(even.weights, abs=1e-6)
    sided = explain_by_cam(film, left_counts(), SETTINGS)
    low, high = sided.intervals.T
    assert (low + high) / 2 == pytest.approx(sided.weights, abs=1e-6)
    assert (high - low).max() > 0.03


def test_a_network_that_looks_at_the_border_is_doubted_and_one_that_looks_inside_is_not():
    film = grainy_film(inner_lungs())
    border = explain_by_cam(film, border_counts(), SETTINGS)
    assert doubt_of(border, of_others=False) is Doubt.OUTSIDE
    inside = np.zeros((PLACES, PLACES))
    inside[3:5, 3:5] = 1.0
    lungs = explain_by_cam(film, KnownNetwork(lambda blocks: 9 * inside * blocks), SETTINGS)
    assert doubt_of(lungs, of_others=False) is None
