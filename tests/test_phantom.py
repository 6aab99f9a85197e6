"""What is drawn in place of films: plausible to the eye, to the quality gate and to the model."""

import io
from functools import lru_cache

import numpy as np
import pytest
from PIL import Image

from core.domain import FloatImage
from core.phantom import STEADY_SEEDS, draw_hand, draw_phantom
from core.pipeline import (
    Engine,
    FilmReading,
    decode_radiograph,
    find_lungs,
    measure_evidence,
    open_engine,
    prepare_film,
    read_film,
)
from core.settings import SERVED_RUN, Settings

SEEDS = range(6)
WELL_WITHIN = 2.4  # the gate's limit is 2.78
draw = lru_cache(maxsize=None)(draw_phantom)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(Settings(_env_file=None).models, SERVED_RUN)


def as_png(pixels: FloatImage) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def codes(reading: FilmReading) -> list[str]:
    return [finding.code for finding in reading.quality.findings]


def grey_at(film: FloatImage, x: float, y: float) -> float:
    """Mean grey of a patch around a place, given as shares of the width and the height."""
    row, column = round(y * film.shape[0]), round(x * film.shape[1])
    return float(film[row - 15 : row + 16, column - 15 : column + 16].mean())


@pytest.mark.parametrize("opacity", [False, True])
def test_a_phantom_has_the_asked_size_and_lies_between_black_and_white(opacity: bool) -> None:
    film = draw_phantom(3, height_px=240, width_px=310, opacity=opacity)
    assert film.shape == (240, 310)
    assert film.dtype == np.float32
    assert 0 <= film.min() < 0.1
    assert 0.7 < film.max() < 1
    with pytest.raises(ValueError, match="read-only"):
        film[0, 0] = 0


def test_the_same_seed_draws_the_same_child_and_another_seed_another() -> None:
    first = draw_phantom(0, height_px=240, width_px=310)
    assert np.array_equal(first, draw_phantom(0, height_px=240, width_px=310))
    assert np.abs(first - draw_phantom(1, height_px=240, width_px=310)).mean() > 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_air_is_dark_lungs_are_darker_than_the_heart_and_the_spine_is_brightest(seed: int) -> None:
    film = draw(seed)
    outside = grey_at(film, 0.03, 0.95)
    right_lung, left_lung = grey_at(film, 0.28, 0.5), grey_at(film, 0.74, 0.5)
    heart, belly, spine = grey_at(film, 0.59, 0.6), grey_at(film, 0.3, 0.9), grey_at(film, 0.5, 0.6)
    assert outside < 0.1 < min(right_lung, left_lung)
    assert max(right_lung, left_lung) + 0.1 < min(heart, belly)
    assert max(heart, belly) < spine


@pytest.mark.parametrize("seed", SEEDS)
def test_an_opacity_brightens_one_lung_and_leaves_the_rest_of_the_child(seed: int) -> None:
    brighter = draw(seed, opacity=True) - draw(seed)
    assert brighter.min() >= 0
    assert brighter.max() > 0.15
    middle = brighter.shape[1] // 2
    right, left = brighter[:, :middle].sum(), brighter[:, middle:].sum()
    assert min(right, left) < 0.01 * max(right, left)
    assert 0.02 < (brighter > 0.05).mean() < 0.15


@pytest.mark.parametrize("opacity", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_gate_finds_nothing_against_a_phantom(seed: int, opacity: bool, engine: Engine) -> None:
    content = as_png(draw(seed, opacity=opacity))
    assert codes(read_film(content, engine)) == []
    evidence = measure_evidence(decode_radiograph(content), engine.gate)
    assert evidence.distance < WELL_WITHIN
    assert min(evidence.changed.values()) > evidence.distance + 0.3


@pytest.mark.parametrize(("height_px", "width_px"), [(480, 480), (600, 900), (1400, 1500)])
def test_a_phantom_of_another_size_passes_the_gate_too(
    height_px: int, width_px: int, engine: Engine
) -> None:
    film = draw_phantom(0, height_px=height_px, width_px=width_px)
    assert codes(read_film(as_png(film), engine)) == []


def test_the_lung_segmenter_sees_the_drawn_lungs(engine: Engine) -> None:
    mask = find_lungs(decode_radiograph(as_png(draw(0))), engine.gate).mask
    side = mask.shape[0]
    lung = [(0.5, 0.28), (0.5, 0.74), (0.25, 0.36), (0.25, 0.66)]
    other = [(0.5, 0.03), (0.5, 0.97), (0.95, 0.3), (0.95, 0.7), (0.03, 0.5)]
    assert [mask[int(y * side), int(x * side)] > 0.5 for y, x in lung + other] == [
        *[True] * len(lung),
        *[False] * len(other),
    ]


def test_the_served_run_sees_the_box_around_the_lungs_of_a_phantom(engine: Engine) -> None:
    content = as_png(draw(0))
    film = decode_radiograph(content)
    box = find_lungs(film, engine.gate).box(film.height_px, film.width_px)
    reading = read_film(content, engine)
    assert engine.classifier.run_record.cropped_to_lungs
    assert reading.model_input.geometry.box == box
    assert prepare_film(content, engine).geometry == reading.model_input.geometry
    # The drawn chest walls lie at about a seventh and six sevenths of the film's width.
    assert 0.05 < box.left_px / film.width_px < 0.2
    assert 0.8 < box.right_px / film.width_px < 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_an_opacity_raises_the_probability(seed: int, engine: Engine) -> None:
    clear, opaque = (
        read_film(as_png(draw(seed, opacity=opacity)), engine).prediction
        for opacity in (False, True)
    )
    assert opaque.probability > clear.probability + 0.2


@pytest.mark.parametrize("seed", STEADY_SEEDS)
def test_a_steady_seed_lies_on_either_side_of_the_operating_point(
    seed: int, engine: Engine
) -> None:
    clear = read_film(as_png(draw(seed)), engine).prediction
    opaque = read_film(as_png(draw(seed, opacity=True)), engine).prediction
    assert clear.probability < clear.operating_point.threshold - 0.2
    assert opaque.probability > opaque.operating_point.threshold + 0.1


def test_a_phantom_with_black_and_white_exchanged_is_refused_for_its_polarity(
    engine: Engine,
) -> None:
    assert codes(read_film(as_png(1 - draw(0)), engine)) == ["polarity"]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_phantom_is_refused_for_its_orientation(quarters: int, engine: Engine) -> None:
    assert codes(read_film(as_png(np.rot90(draw(0), quarters)), engine)) == ["orientation"]


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
