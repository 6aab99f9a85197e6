"""The table by which a site finds films of the training set."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from core.datasets.split import read_split
from core.datasets.training_fingerprints import (
    FINGERPRINTS_FILE,
    fingerprints_as_parquet,
    read_training_fingerprints,
)
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.fingerprint import find_copy, fingerprint_of
from core.library.films import PublicLibrary
from core.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "models"


def test_what_is_written_is_read_again(tmp_path):
    prints = [hashlib.sha256(name.encode()).digest() for name in ("a", "b")]
    (tmp_path / FINGERPRINTS_FILE).write_bytes(fingerprints_as_parquet(["a", "b"], prints))
    read = read_training_fingerprints(tmp_path)
    assert read is not None
    assert read.film_ids == ("a", "b")
    assert [row.tobytes() for row in read.fingerprints] == prints


def test_without_the_table_nothing_is_known_and_a_damaged_one_is_said(tmp_path):
    assert read_training_fingerprints(tmp_path) is None
    (tmp_path / FINGERPRINTS_FILE).write_bytes(b"no table")
    with pytest.raises(DatasetError, match="cannot be read from"):
        read_training_fingerprints(tmp_path)


def test_the_shipped_table_holds_every_film_of_training_and_validation():
    shipped, split = read_training_fingerprints(MODELS), read_split(MODELS / "split.json")
    assert shipped is not None
    assert set(shipped.film_ids) == {*split.train, *split.validation}
    assert shipped.fingerprints.shape == (len(shipped.film_ids), 4)


def test_the_shipped_table_finds_training_films_and_no_film_of_the_official_test(real_data):
    shipped, split = read_training_fingerprints(MODELS), read_split(MODELS / "split.json")
    films = PublicLibrary(real_data)

    def found(film_id: str) -> str | None:
        own = fingerprint_of(decode_radiograph(films.read_bytes(film_id)).pixels)
        row = find_copy(own, shipped.fingerprints)
        return None if row is None else shipped.film_ids[row]

    some = np.random.default_rng(5).choice(sorted(split.train), 10, replace=False).tolist()
    assert [found(film_id) for film_id in some] == some
    assert not any(found(film_id) for film_id in sorted(split.test)[::30])
