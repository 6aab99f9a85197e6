"""Synthetic films: plausible to the eye, to the quality gate and to the model, and exactly true."""

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from core.domain.arrays import FloatImage
from core.imaging.decoding import decode_radiograph
from core.phantom.film import PhantomFilm, draw_film, meet_beam
from core.phantom.geometry import make_plane
from core.phantom.hand import draw_hand
from core.phantom.settings import (
    DEVICES,
    FINDINGS,
    FindingName,
    PhantomSettings,
    draw_settings,
    without_lesion,
)
from core.pipeline import Engine, FilmReading, find_lungs, open_engine, read_film
from core.settings import SERVED_RUN, Settings

SEEDS = range(2)
HEIGHT_PX = 144
ILL = FINDINGS[1:]
PLAIN = PhantomSettings(seed=4)
"""A child whose every parameter stands in the middle."""


@cache
def draw(settings: PhantomSettings, height_px: int = HEIGHT_PX) -> PhantomFilm:
    return draw_film(settings, height_px=height_px)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(Settings(_env_file=None).models, SERVED_RUN)


def as_png(pixels: FloatImage) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def codes(reading: FilmReading) -> list[str]:
    return [finding.code for finding in reading.quality.findings]


def grey_at(film: PhantomFilm, x_cm: float, y_cm: float, half_cm: float = 0.4) -> float:
    """Mean grey of a square around a place in the child."""
    left, top, right, bottom = film.settings.field_cm
    height, width = film.pixels.shape
    row, column = (y_cm - top) / (bottom - top) * height, (x_cm - left) / (right - left) * width
    half = max(1, round(half_cm / (bottom - top) * height))
    r, c = round(row), round(column)
    return float(film.pixels[r - half : r + half + 1, c - half : c + half + 1].mean())


@pytest.mark.parametrize("finding", FINDINGS)
def test_the_same_settings_draw_the_same_bytes(finding: FindingName) -> None:
    settings = replace(draw_settings(3, finding), devices=DEVICES)
    first, again = (draw_film(settings, height_px=160) for _ in range(2))
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.lesion_mask.tobytes() == again.lesion_mask.tobytes()
    assert settings == replace(draw_settings(3, finding), devices=DEVICES)


def test_another_seed_draws_another_child() -> None:
    other = replace(PLAIN, seed=5)
    assert np.abs(draw(PLAIN).pixels - draw(other).pixels).mean() > 0.01


def test_a_film_is_read_only_and_its_parts_are_of_one_size() -> None:
    film = draw_film(PLAIN, height_px=120, width_px=200)
    assert film.pixels.dtype == np.float32
    assert 0 <= film.pixels.min() < 0.1
    assert 0.7 < film.pixels.max() < 1
    for part in (film.pixels, film.lesion_mask, film.lung_mask, film.volume_mask):
        assert part.shape == (120, 200)
        with pytest.raises(ValueError, match="read-only"):
            part[0, 0] = 0


def test_pixels_are_square_where_no_width_is_asked_for() -> None:
    settings = replace(PLAIN, field_cm=(-12.0, -2.0, 12.0, 14.0))
    film = draw(settings, 160)
    assert film.pixels.shape == (160, 240)
    stretched = draw_film(settings, height_px=160, width_px=240)
    assert np.array_equal(film.pixels, stretched.pixels)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_seed_is_one_child_and_one_technique_whatever_it_has(seed: int) -> None:
    normal = draw_settings(seed, "normal")
    assert all(without_lesion(draw_settings(seed, finding)) == normal for finding in FINDINGS)


def test_half_of_the_seeds_are_normal_and_the_rest_has_all_findings() -> None:
    drawn = [draw_settings(seed).finding for seed in range(400)]
    assert 160 < drawn.count("normal") < 240
    assert all(drawn.count(finding) > 25 for finding in ILL)


@pytest.mark.parametrize(
    ("finding", "label", "subtypes"),
    [
        ("normal", 0, {""}),
        ("lobar", 1, {"bacteria"}),
        ("effusion", 1, {"bacteria"}),
        ("interstitial", 1, {"virus"}),
        ("patchy", 1, {"bacteria", "virus"}),
    ],
)
def test_a_film_knows_its_label_and_subtype(
    finding: FindingName, label: int, subtypes: set[str]
) -> None:
    films = [draw(replace(PLAIN, seed=seed, finding=finding), 64) for seed in range(2)]
    assert {film.label for film in films} == {label}
    assert {film.subtype for film in films} == subtypes
    assert all(bool(film.lesion_mask.any()) == bool(label) for film in films)


@pytest.mark.parametrize("finding", ILL)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_lesion_lies_in_the_lungs(seed: int, finding: FindingName) -> None:
    film = draw(draw_settings(seed, finding))
    assert film.lesion_mask.any()
    assert not (film.lesion_mask & ~film.volume_mask).any()
    assert not (film.lung_mask & ~film.volume_mask).any()


@pytest.mark.parametrize("finding", ILL)
def test_a_lesion_lies_on_the_side_that_was_asked_for(finding: FindingName) -> None:
    for side, sense in (("right", -1), ("left", 1)):
        film = draw(replace(PLAIN, finding=finding, side=side))
        columns = np.nonzero(film.lesion_mask)[1] - film.pixels.shape[1] / 2
        assert (columns * sense > 0).mean() > 0.97
    both = draw(replace(PLAIN, finding="effusion", side="both")).lesion_mask
    halves = np.array_split(both, 2, axis=1)
    assert min(half.sum() for half in halves) > 0.3 * max(half.sum() for half in halves)


@pytest.mark.parametrize("finding", ILL)
def test_a_severer_lesion_adds_more(finding: FindingName) -> None:
    mild, severe = (
        draw(replace(PLAIN, finding=finding, severity=severity)).pixels for severity in (0.2, 1.0)
    )
    assert severe.mean() > mild.mean() + 0.002


def test_an_effusion_fills_the_lowest_part_and_rises_at_the_wall() -> None:
    settings = replace(PLAIN, finding="effusion", side="right", severity=0.7)
    film, healthy = draw(settings), draw(without_lesion(settings))
    assert np.nonzero(film.lesion_mask)[0].mean() > np.nonzero(film.volume_mask)[0].mean()
    beam = meet_beam(make_plane(settings.field_cm, *film.pixels.shape), settings)
    share = beam.lesion / np.maximum(beam.rays.spread(beam.rays.free), 0.1)
    change = film.pixels - healthy.pixels
    lifted = []
    for row in np.nonzero(((change > 0.1) & film.lung_mask).any(axis=1))[0][:6]:
        right = np.nonzero(film.lung_mask[row, : film.pixels.shape[1] // 2])[0]
        lifted.append(share[row, right[1:6]].max() - np.median(share[row, right]))
    # Above its level fluid still lines the wall, where it takes most of the short path in lung.
    assert np.mean(lifted) > 0.2


def test_more_exposure_darkens_the_film() -> None:
    under, right, over = (
        float(np.median(draw(replace(PLAIN, exposure=exposure)).pixels))
        for exposure in (0.7, 1.0, 1.4)
    )
    assert over + 0.02 < right < under - 0.02


def test_more_contrast_spreads_the_greys() -> None:
    flat, steep = (draw(replace(PLAIN, contrast=contrast)).pixels for contrast in (0.7, 1.3))
    assert steep.std() > 1.1 * flat.std()


def test_breathing_in_lowers_the_domes() -> None:
    def dome(film: PhantomFilm) -> float:
        left, _, right, _ = film.settings.field_cm
        column = round((-4.5 - left) / (right - left) * film.pixels.shape[1])
        return float(np.nonzero(film.lung_mask[:, column])[0].max())

    out, breathed_in = (draw(replace(PLAIN, inspiration=share)) for share in (0.1, 1.0))
    assert dome(breathed_in) > dome(out) + 5


def test_rotation_moves_the_spine_behind_and_the_clavicles_in_front_apart() -> None:
    def heart_balance(film: PhantomFilm) -> float:
        """Lung on the right of the film less that on the left, over both."""
        halves = [half.sum() for half in np.array_split(film.lung_mask, 2, axis=1)]
        return float((halves[1] - halves[0]) / sum(halves))

    turned = [heart_balance(draw(replace(PLAIN, rotation_deg=angle))) for angle in (-12, 0, 12)]
    assert turned == sorted(turned) or turned == sorted(turned, reverse=True)
    assert abs(turned[2] - turned[0]) > 0.05


def test_a_child_that_leans_has_its_lungs_apices_aside_of_their_bases() -> None:
    def slant(film: PhantomFilm) -> float:
        """How far the upper half of the lungs lies right of the lower half, in film widths."""
        rows, columns = np.nonzero(film.volume_mask)
        upper = rows < np.median(rows)
        return float(columns[upper].mean() - columns[~upper].mean()) / film.pixels.shape[1]

    left, straight, right = (slant(draw(replace(PLAIN, lean_deg=angle))) for angle in (-8, 0, 8))
    assert right + 0.01 < straight < left - 0.01


def test_lifted_detail_sharpens_and_leaves_the_greys_where_they_are() -> None:
    soft, lifted = (draw(replace(PLAIN, detail=share)).pixels for share in (0.5, 1.5))
    assert np.diff(lifted, axis=0).std() > 1.15 * np.diff(soft, axis=0).std()
    assert float(np.median(lifted)) == pytest.approx(float(np.median(soft)), abs=0.02)


def test_the_field_is_what_the_film_shows() -> None:
    whole = draw(replace(PLAIN, field_cm=(-12.0, -2.0, 12.0, 14.0)), 320)
    part = draw(replace(PLAIN, field_cm=(-6.0, 2.0, 6.0, 10.0)), 160)
    inner = whole.lung_mask[80:240, 120:360]
    assert (inner == part.lung_mask).mean() > 0.995
    assert np.corrcoef(whole.pixels[80:240, 120:360].ravel(), part.pixels.ravel())[0, 1] > 0.98


def test_the_collimator_masks_the_border() -> None:
    masked = draw(replace(PLAIN, border_cm=1.0)).pixels
    assert masked[:8].max() == masked[:, -8:].max() == 0
    assert draw(PLAIN).pixels[:10].max() > 0.3


def test_raised_arms_clear_the_sides() -> None:
    wide = replace(PLAIN, field_cm=(-15.0, -2.0, 15.0, 14.0))
    low, raised = (draw(replace(wide, arms_deg=angle)) for angle in (-70.0, 65.0))
    assert grey_at(low, 13.0, 8.0) > grey_at(raised, 13.0, 8.0) + 0.1


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_is_bright_where_it_lies_and_nowhere_else(device: str) -> None:
    change = draw(replace(PLAIN, devices=(device,))).pixels - draw(PLAIN).pixels
    touched = np.abs(change) > 0.03
    assert 0.0005 < touched.mean() < 0.03
    assert change[touched].mean() > 0.04


@pytest.mark.parametrize(("marker", "side"), [("R", 0), ("L", 1)])
def test_a_marker_is_bright_on_its_side(marker: str, side: int) -> None:
    film = draw(replace(PLAIN, marker=marker))
    change = film.pixels - draw(PLAIN).pixels
    halves = np.array_split(change > 0.2, 2, axis=1)
    assert halves[side].sum() > 10
    assert halves[1 - side].sum() == 0
    assert (
        np.median(film.pixels[change > 0.2]) > 0.65
    )  # what scatters behind the lead keeps it grey


@pytest.mark.parametrize("seed", SEEDS)
def test_air_is_dark_and_lungs_are_darker_than_heart_belly_and_spine(seed: int) -> None:
    film = draw(replace(PLAIN, seed=seed, arms_deg=60.0, field_cm=(-15.0, -2.0, 15.0, 15.0)))
    lung = float(np.median(film.pixels[film.lung_mask]))
    heart, belly, spine = (grey_at(film, *place) for place in ((3, 8), (-4, 14), (0, 6)))
    assert film.pixels[-10:, :4].max() < 0.1 < lung
    assert lung + 0.15 < min(heart, belly, spine)


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_gate_lets_phantoms_through(seed: int, finding: FindingName, engine: Engine) -> None:
    film = draw(draw_settings(seed, finding))
    assert not read_film(as_png(film.pixels), engine).quality.refused


def test_the_lung_segmenter_sees_the_lungs_where_they_are(engine: Engine) -> None:
    film = draw(PLAIN)
    seen = find_lungs(decode_radiograph(as_png(film.pixels)), engine.gate).mask > 0.5
    rows, columns = (np.arange(seen.shape[0]) + 0.5) / seen.shape[0], film.pixels.shape
    true = film.lung_mask[np.ix_((rows * columns[0]).astype(int), (rows * columns[1]).astype(int))]
    assert (seen & true).sum() > 0.9 * true.sum()  # the segmenter adds what the heart hides


def test_the_served_run_ranks_ill_films_above_healthy_ones(engine: Engine) -> None:
    higher = 0
    for finding in ILL:
        settings = draw_settings(1, finding)
        ill, healthy = (
            read_film(as_png(draw(one).pixels), engine).prediction
            for one in (settings, without_lesion(settings))
        )
        higher += ill.probability > healthy.probability
    assert higher >= 3


def test_a_phantom_with_black_and_white_exchanged_is_refused_for_its_polarity(
    engine: Engine,
) -> None:
    assert "polarity" in codes(read_film(as_png(1 - draw(PLAIN).pixels), engine))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_phantom_is_refused_for_its_orientation(quarters: int, engine: Engine) -> None:
    turned = np.rot90(draw(PLAIN).pixels, quarters)
    assert "orientation" in codes(read_film(as_png(turned), engine))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hand_is_not_taken_for_a_chest(seed: int, engine: Engine) -> None:
    hand = draw_hand(seed)
    reading = read_film(as_png(hand), engine)
    assert "not_chest" in codes(reading)
    assert reading.prediction is None
    with pytest.raises(ValueError, match="read-only"):
        hand[0, 0] = 0


def test_hands_differ_by_seed_and_not_from_draw_to_draw() -> None:
    first = draw_hand(0)
    assert np.array_equal(first, draw_hand(0))
    assert np.abs(first - draw_hand(1)).mean() > 0.01
