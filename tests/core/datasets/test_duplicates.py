"""Duplicates: copies and re-encoded copies are found, different films are not."""

import numpy as np
import pytest
from fixtures.kermany_stand_in import FILMS, draw_film, encode_film, write_bytes, write_films
from PIL import Image, ImageEnhance

from core.datasets.duplicates import DuplicateReport, find_duplicates, join_groups
from core.datasets.index import index_dataset
from core.errors import DatasetError

FIRST = "train/NORMAL/IM-0115-0001.jpeg"
COPY = "train/NORMAL/IM-0116-0001.jpeg"
OTHER = "train/NORMAL/IM-0117-0001.jpeg"


def duplicates_of(folder):
    return find_duplicates(index_dataset(folder))


def test_different_films_are_no_duplicates(tmp_path):
    assert duplicates_of(write_films(tmp_path)) == DuplicateReport(exact=(), near=())


def test_the_same_bytes_under_two_names_are_an_exact_group(tmp_path):
    write_films(tmp_path, {**FILMS, COPY: FILMS[FIRST]})

    assert duplicates_of(tmp_path) == DuplicateReport(exact=((FIRST, COPY),), near=())


def test_the_same_pixels_in_another_file_format_are_an_exact_group(tmp_path):
    write_films(tmp_path)
    with Image.open(tmp_path / FIRST) as film:
        write_bytes(tmp_path / COPY, encode_film(film, file_format="PNG"))

    assert duplicates_of(tmp_path) == DuplicateReport(exact=((FIRST, COPY),), near=())


@pytest.mark.parametrize(
    "change",
    [
        lambda film: encode_film(film, quality=30),
        lambda film: encode_film(film.resize((48, 48))),
        lambda film: encode_film(ImageEnhance.Brightness(film).enhance(1.1)),
    ],
    ids=["recompressed", "half the size", "brighter"],
)
def test_a_changed_copy_is_a_near_duplicate(tmp_path, change):
    write_films(tmp_path)
    write_bytes(tmp_path / COPY, change(draw_film(FILMS[FIRST])))

    assert duplicates_of(tmp_path) == DuplicateReport(exact=(), near=((FIRST, COPY),))


def test_a_mirrored_film_is_another_film(tmp_path):
    write_films(tmp_path)
    mirrored = draw_film(FILMS[FIRST]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    write_bytes(tmp_path / COPY, encode_film(mirrored))

    assert duplicates_of(tmp_path).clusters == ()


def test_exact_copies_of_a_near_duplicate_join_its_group(tmp_path):
    write_films(tmp_path, {**FILMS, COPY: FILMS[FIRST]})
    write_bytes(tmp_path / OTHER, encode_film(draw_film(FILMS[FIRST]), quality=40))

    report = duplicates_of(tmp_path)

    assert report.exact == ((FIRST, COPY),)
    assert report.near == ((FIRST, COPY, OTHER),)
    assert report.clusters == ((FIRST, COPY, OTHER),)


def test_a_small_hash_distance_alone_makes_no_duplicate(tmp_path):
    """A limit of 64 bits lets every pair through; the correlation still refuses them."""
    index = index_dataset(write_films(tmp_path))

    assert find_duplicates(index, hash_distance=64).clusters == ()


def test_a_hash_limit_of_64_bits_and_no_correlation_joins_everything(tmp_path):
    index = index_dataset(write_films(tmp_path))

    report = find_duplicates(index, hash_distance=64, correlation=-1.0)

    assert report.near == (tuple(sorted(FILMS)),)


def test_blank_films_of_different_grey_are_no_duplicates(tmp_path):
    write_films(tmp_path)
    for name, grey in ((COPY, 10), (OTHER, 200)):
        blank = Image.fromarray(np.full((96, 96), grey, np.uint8))
        write_bytes(tmp_path / name, encode_film(blank))

    assert duplicates_of(tmp_path).clusters == ()


def test_groups_that_share_a_film_are_joined():
    assert join_groups([("d", "c"), ("a", "b"), ("x", "y"), ("b", "c")]) == (
        ("a", "b", "c", "d"),
        ("x", "y"),
    )


def test_truncated_films_are_counted_and_named(tmp_path):
    write_films(tmp_path)
    content = (tmp_path / FIRST).read_bytes()
    (tmp_path / FIRST).write_bytes(content[: len(content) // 2])

    with pytest.raises(DatasetError, match=r"1 file is damaged .*IM-0115-0001\.jpeg \(the image"):
        duplicates_of(tmp_path)
