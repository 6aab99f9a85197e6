"""How a film is cut into regions, and where those lie on the full-size film."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.measure import label as connected_pieces

from core.domain.arrays import FloatImage
from core.domain.model import FilmBox, Geometry
from core.errors import ExplanationError
from core.explain.superpixels import labels_on_film, locate_on_film, segment_superpixels

# Four regions on a 4x4 input: rows 0-1 are split left and right, row 2 is one, row 3 is one.
FOUR_REGIONS = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]], np.int32)


def soft_film(size: int = 96, seed: int = 1) -> FloatImage:
    """Return smooth blobs with a little grain, in [0, 1]."""
    rows, columns = np.mgrid[:size, :size] / size
    grain = np.random.default_rng(seed).normal(0, 0.02, (size, size))
    return np.clip(0.5 + 0.3 * np.sin(9 * rows) * np.cos(7 * columns) + grain, 0, 1).astype(
        np.float32
    )


def test_labels_run_from_zero_without_gaps_and_cannot_be_changed() -> None:
    labels = segment_superpixels(soft_film(), 30)
    assert labels.dtype == np.int32
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    with pytest.raises(ValueError, match="read-only"):
        labels[0, 0] = 0


@settings(max_examples=60)
@given(
    size=st.integers(24, 64),
    regions=st.integers(6, 120),
    levels=st.integers(4, 256),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_film_is_cut_into_contiguous_labels(
    size: int, regions: int, levels: int, seed: int
) -> None:
    film = np.round(soft_film(size, seed) * levels).astype(np.float32) / np.float32(levels)
    try:
        labels = segment_superpixels(film, regions)
    except ExplanationError:
        reject()  # a few noisy films of this size are one region; too many of them fail the test
    assert labels.shape == film.shape
    assert labels.dtype == np.int32
    assert labels.max() >= 1
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_the_same_film_gives_the_same_regions() -> None:
    first = segment_superpixels(soft_film(), 30)
    assert np.array_equal(first, segment_superpixels(soft_film(), 30))


def test_a_faint_film_is_cut_like_a_strong_one() -> None:
    film = np.round(soft_film() * 256).astype(np.float32) / 256
    faint = film / np.float32(8) + np.float32(0.25)
    assert np.array_equal(segment_superpixels(film, 30), segment_superpixels(faint, 30))


def test_regions_are_in_one_piece() -> None:
    labels = segment_superpixels(soft_film(), 30)
    pieces = connected_pieces(labels, background=-1, connectivity=2)
    assert pieces.max() == labels.max() + 1


def test_a_bright_square_is_not_shared_between_regions() -> None:
    film = np.zeros((96, 96), np.float32)
    film[24:72, 24:72] = 1
    labels = segment_superpixels(film, 36)
    inside = set(np.unique(labels[26:70, 26:70]))
    outside = set(np.unique(labels)) - set(np.unique(labels[22:74, 22:74]))
    assert len(inside) >= 1
    assert len(outside) >= 1
    straddling = [k for k in inside if 0.1 < film[labels == k].mean() < 0.9]
    assert straddling == []


@pytest.mark.parametrize("value", [0.0, 0.5, float("nan")])
def test_a_blank_film_is_refused_with_its_grey_values(value: float) -> None:
    with pytest.raises(ExplanationError, match=r"grey values run from (0|0.5|nan) to"):
        segment_superpixels(np.full((32, 32), value, np.float32), 60)


def test_fewer_than_two_regions_are_refused() -> None:
    with pytest.raises(ExplanationError, match="at least 2 regions and 1 was asked for"):
        segment_superpixels(soft_film(), 1)


def test_a_film_in_which_one_region_is_found_is_refused() -> None:
    film = np.zeros((6, 6), np.float32)
    film[0, 0] = 1
    with pytest.raises(ExplanationError, match="Only one region was found"):
        segment_superpixels(film, 2)


def test_labels_of_a_4x4_input_are_doubled_and_tripled_on_an_8x12_film() -> None:
    assert labels_on_film(FOUR_REGIONS, Geometry(8, 12, 4)).tolist() == [
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
        [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
        [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
    ]


def test_a_film_pixel_takes_the_label_under_its_centre() -> None:
    columns = np.array([[0, 1, 2, 3]], np.int32)
    # Centres 0.5..5.5 of 6 film pixels lie at 0.33 1 1.67 2.33 3 3.67 on 4 input pixels.
    assert labels_on_film(columns, Geometry(1, 6, 4)).tolist() == [[0, 1, 1, 2, 3, 3]]


def test_a_region_of_the_4x4_case_is_located_on_the_film() -> None:
    centroid_px, bbox_px = locate_on_film(FOUR_REGIONS, 1, Geometry(8, 12, 4))
    assert centroid_px == (1.5, 8.5)
    assert bbox_px == (0, 6, 4, 12)


@settings(max_examples=100)
@given(height=st.integers(24, 200), width=st.integers(24, 200))
def test_a_bbox_is_that_of_the_region_on_the_film(height: int, width: int) -> None:
    segments = segment_superpixels(soft_film(24), 9)
    geometry = Geometry(height, width, 24)
    on_film = labels_on_film(segments, geometry)
    for label in range(segments.max() + 1):
        rows, columns = np.nonzero(on_film == label)
        centroid_px, bbox_px = locate_on_film(segments, label, geometry)
        assert bbox_px == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        half_an_input_pixel = max(height, width) / 24 / 2 + 0.5
        assert abs(centroid_px[0] - rows.mean()) < half_an_input_pixel
        assert abs(centroid_px[1] - columns.mean()) < half_an_input_pixel


def test_regions_of_a_box_stand_where_the_model_looked_and_nowhere_else() -> None:
    geometry = Geometry(6, 8, 4, FilmBox(1, 2, 5, 6))
    on_film = labels_on_film(FOUR_REGIONS, geometry)
    assert on_film[1:5, 2:6].tolist() == FOUR_REGIONS.tolist()
    assert (on_film == -1).sum() == 6 * 8 - 16
    assert locate_on_film(FOUR_REGIONS, 1, geometry) == ((1.5, 4.5), (1, 4, 3, 6))


@pytest.mark.parametrize("label", range(4))
def test_a_region_lost_on_a_smaller_film_still_has_a_pixel_of_it(label: int) -> None:
    _, (top, left, bottom, right) = locate_on_film(FOUR_REGIONS, label, Geometry(1, 2, 4))
    assert (top, bottom) == (0, 1)
    assert 0 <= left < right <= 2


@pytest.mark.real_films
@pytest.mark.parametrize("regions", [40, 60, 100])
def test_slic_gives_about_the_asked_regions_on_real_films(real_data: Path, regions: int) -> None:
    films = [
        sorted((real_data / "kermany224" / "train" / group).iterdir())[k]
        for group in ("NORMAL", "PNEUMONIA")
        for k in (0, 500, 1000)
    ]
    for path in films:
        with Image.open(path) as film:
            tensor = np.asarray(film.convert("L"), np.float32) / np.float32(255)
        labels = segment_superpixels(tensor, regions)
        assert 0.7 * regions <= labels.max() + 1 <= 1.3 * regions
        # A region of a third of the mean area can still be seen and judged on the film.
        assert np.bincount(labels.ravel()).min() > tensor.size / regions / 3
