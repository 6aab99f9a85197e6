"""Fingerprints: the published algorithm, the same for copies, another for other films."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from fixtures.tiny_films import smooth_films
from PIL import Image

from core.imaging.fingerprint import (
    COPY_BITS,
    FINGERPRINT_BYTES,
    count_differences,
    find_copy,
    fingerprint_of,
    stack_fingerprints,
)

FILMS = smooth_films(6, 128, seed=3)
KNOWN = stack_fingerprints([fingerprint_of(film) for film in FILMS])


def test_a_fingerprint_of_64_px_is_what_imagehash_makes_of_it():
    film = FILMS[0][:64, :64]
    published = imagehash.phash(Image.fromarray(film), hash_size=16, highfreq_factor=4)
    assert fingerprint_of(film) == np.packbits(published.hash.ravel()).tobytes()
    assert len(fingerprint_of(film)) == FINGERPRINT_BYTES


def test_bits_are_counted_one_by_one():
    own = bytes([0b1011]) + bytes(31)
    others = stack_fingerprints([own, bytes(32), bytes([0b0001]) + bytes(31), b"\xff" * 32])
    assert count_differences(own, others).tolist() == [0, 3, 2, 253]


CHANGES = {
    "half the size": lambda film: film.resize((64, 64)),
    "other proportions": lambda film: film.resize((200, 150)),
    "darker": lambda film: film.point(lambda level: level * 0.7),
    "negative": lambda film: film.point(lambda level: 255 - level),
    "deeper": lambda film: Image.fromarray(np.asarray(film).astype(np.uint16) * 257),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_is_found_among_others(name):
    changed = fingerprint_of(np.asarray(CHANGES[name](Image.fromarray(FILMS[4]))))
    assert find_copy(changed, KNOWN) == 4


def test_another_film_is_no_copy():
    other = fingerprint_of(smooth_films(1, 128, seed=99)[0])
    assert find_copy(other, KNOWN) is None
    assert find_copy(other, KNOWN[:0]) is None
    assert count_differences(other, KNOWN).min() > COPY_BITS
