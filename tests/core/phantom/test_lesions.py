"""What taking a lesion away changes: its own rays exactly, and beyond them what scatter carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from core.domain.arrays import FloatImage
from core.phantom import lesions
from core.phantom.exposure import (
    ATTENUATION,
    BRIGHTEST,
    DETAIL_CM,
    DETAIL_GAIN,
    DETAIL_MOST_CM,
    FOCAL_BLUR_CM,
    LATITUDE_CM,
    MIDDLE_CM,
    SCATTER_CM,
    SCATTER_SHARE,
    develop,
    expose,
)
from core.phantom.film import Beam, draw_film, meet_beam
from core.phantom.geometry import make_plane
from core.phantom.lesions import LESION_LIMIT_CM, core_of
from core.phantom.settings import (
    FINDINGS,
    FindingName,
    PhantomSettings,
    draw_settings,
    without_lesion,
)

HEIGHT_PX = 96
ILL = FINDINGS[1:]
OUTSIDE = ((0.0, 0.09), (0.5, 0.025), (1.0, 0.014), (2.0, 0.005), (4.0, 0.001))
"""Largest change of grey farther than so many cm from the mask: first what the display lifts and
the mask's limit leaves out, then scatter alone."""

NOISE = 1e-3
"""Quanta that the lesion stops make no noise: of the open beam, at most this much."""


@dataclass(frozen=True)
class Pair:
    """One child with its lesion and without it: beams, recorded signals and films."""

    settings: PhantomSettings
    pixel_cm: float
    ill: Beam
    healthy: Beam
    signals: tuple[FloatImage, FloatImage]
    films: tuple[FloatImage, FloatImage]
    mask: np.ndarray

    def away_cm(self, place: np.ndarray) -> FloatImage:
        """Return how far every pixel lies from a place."""
        return ndimage.distance_transform_edt(~place) * self.pixel_cm


@cache
def pair(seed: int, finding: FindingName) -> Pair:
    settings = draw_settings(seed, finding)
    both = (settings, without_lesion(settings))
    plane = make_plane(settings.field_cm, HEIGHT_PX, round(HEIGHT_PX * settings.aspect))
    ill, healthy = (meet_beam(plane, one) for one in both)
    signals = tuple(expose(beam.path, settings, plane.pixel_cm) for beam in (ill, healthy))
    films = tuple(develop(signal, settings, plane.pixel_cm) for signal in signals)
    mask = ill.lesion >= LESION_LIMIT_CM
    return Pair(settings, plane.pixel_cm, ill, healthy, signals, films, mask)


every_lesion = pytest.mark.parametrize("drawn", list(enumerate(ILL)), indirect=True)


@pytest.fixture
def drawn(request: pytest.FixtureRequest) -> Pair:
    return pair(*request.param)


@every_lesion
def test_the_beam_changes_on_the_lesions_own_rays_and_on_no_other(drawn: Pair) -> None:
    change = drawn.ill.path - drawn.healthy.path
    touched = drawn.ill.lesion > 0
    assert np.array_equal(drawn.ill.path[~touched], drawn.healthy.path[~touched])
    assert not drawn.healthy.lesion.any()
    assert np.abs(change[~drawn.mask]).max() < 1.1 * LESION_LIMIT_CM  # grain is thinner than water
    # Fluid also swallows vessels and grain, which are a small part of what it replaces.
    assert change[drawn.mask].mean() == pytest.approx(drawn.ill.lesion[drawn.mask].mean(), rel=0.15)


@every_lesion
def test_the_detector_sees_beyond_the_lesions_rays_only_scatter_that_dies_away(drawn: Pair) -> None:
    change = np.abs(drawn.signals[0] - drawn.signals[1])
    primaries = [np.exp(-ATTENUATION * beam.path) for beam in (drawn.ill, drawn.healthy)]
    stopped = np.abs(primaries[0] - primaries[1]).max()
    away = drawn.away_cm(drawn.ill.lesion > 0)
    # All that lies farther than d is at most this share of a Gaussian's volume.
    scattered = SCATTER_SHARE * stopped * np.exp(-(away**2) / (2 * SCATTER_CM**2))
    beyond = away > 3 * FOCAL_BLUR_CM + drawn.pixel_cm
    assert (change < 1.1 * scattered + NOISE)[beyond].all()
    assert change[beyond & (away > 3 * SCATTER_CM)].max(initial=0) < NOISE


@every_lesion
def test_the_display_changes_outside_the_mask_by_no_more_than_the_signal_allows(
    drawn: Pair,
) -> None:
    paths = [-np.log(signal) / ATTENUATION for signal in drawn.signals]
    change = np.abs(paths[0] - paths[1])
    reached = change + ndimage.gaussian_filter(change, DETAIL_CM / drawn.pixel_cm, truncate=3)
    steepest = BRIGHTEST / LATITUDE_CM
    steepest += DETAIL_GAIN * drawn.settings.detail * (1 + DETAIL_MOST_CM / MIDDLE_CM)
    grey = np.abs(drawn.films[0] - drawn.films[1])
    assert (grey <= drawn.settings.contrast * steepest * reached + 1e-5).all()


@every_lesion
def test_the_film_changes_where_the_lesion_lies_and_next_to_nowhere_else(drawn: Pair) -> None:
    change, away = drawn.films[0] - drawn.films[1], drawn.away_cm(drawn.mask)
    for distance_cm, most in OUTSIDE:
        assert np.abs(change[away > distance_cm]).max(initial=0) < most
    assert change[drawn.mask].mean() > 0.02


@every_lesion
def test_the_drawn_film_is_its_beam_exposed_and_developed(drawn: Pair) -> None:
    film = draw_film(drawn.settings, height_px=HEIGHT_PX)
    inside = film.pixels > 0  # the collimator masks the border
    assert np.array_equal(film.pixels[inside], drawn.films[0][inside])
    assert np.array_equal(film.lesion_mask, drawn.mask)


@every_lesion
def test_the_core_is_the_part_of_the_lesion_that_stands_out(drawn: Pair) -> None:
    core = core_of(drawn.ill.lesion, drawn.pixel_cm)
    change = np.abs(drawn.films[0] - drawn.films[1])
    rest = drawn.mask & ~core
    assert not (core & ~drawn.mask).any()
    assert 0.05 < core.sum() / (drawn.ill.rays.free > 0).sum() < 0.6
    assert change[core].mean() > 2.0 * change[rest].mean()
    assert change[core].sum() > 0.5 * change[drawn.mask].sum()


def test_a_film_without_a_lesion_has_no_core() -> None:
    film = draw_film(draw_settings(3, "normal"), height_px=HEIGHT_PX)
    assert not film.core_mask.any()


@pytest.mark.parametrize("seed", range(6))
def test_airways_are_dark_lines_in_a_lobar_consolidation(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An air bronchogram: against the film whose airways are full, dark, long and thin."""
    settings = draw_settings(100 + seed, "lobar")
    film = draw_film(settings, height_px=512)
    monkeypatch.setattr(lesions, "MOST_AIR", 0.0)
    full = draw_film(settings, height_px=512)
    darker = full.pixels - film.pixels
    lines = (darker > 0.015) & full.lesion_mask
    inside = ndimage.distance_transform_edt(lines)
    assert np.median(darker[lines]) > 0.018
    assert lines.sum() > 0.01 * full.lesion_mask.sum()
    # Of a disc with so many pixels the middle would lie much farther from its edge.
    assert np.percentile(inside[lines], 90) < 0.3 * np.sqrt(lines.sum() / np.pi)
    longest = max(
        np.hypot(*(part.stop - part.start for part in box))
        for box in ndimage.find_objects(ndimage.label(lines, np.ones((3, 3)))[0])
    )
    assert longest > 10 * np.median(inside[lines])
    assert np.abs(darker[~full.lesion_mask]).max() < 0.1
