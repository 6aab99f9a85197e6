"""Small pictures on disk: made once, whole or not at all, and never more than agreed."""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fixtures.kermany_stand_in import draw_film, encode_film
from PIL import Image

from core.errors import RadiographError
from core.library.thumbnails import ThumbnailCache
from core.pipeline import draw_small_picture


class Painter:
    """Makes a PNG of a film's name, and remembers what it was asked for."""

    def __init__(self, side_px: int = 4) -> None:
        self.asked: list[bytes] = []
        self._side_px = side_px

    def __call__(self, content: bytes) -> bytes:
        self.asked.append(content)
        seed = int.from_bytes(hashlib.sha256(content).digest()[:4], "little")
        grey = np.random.default_rng(seed).integers(0, 256, (self._side_px,) * 2, np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(grey).save(buffer, "PNG")
        return buffer.getvalue()


def pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_picture_is_made_once_and_read_back_after_a_restart(tmp_path) -> None:
    paint = Painter()
    made = ThumbnailCache(tmp_path / "small", paint).get(b"film")
    again = ThumbnailCache(tmp_path / "small", paint).get(b"film")
    assert again == made
    assert paint.asked == [b"film"]


def test_a_square_film_is_drawn_in_its_own_proportions_and_kept_apart(tmp_path) -> None:
    cache = ThumbnailCache(tmp_path, partial(draw_small_picture, side_px=30))
    content = encode_film(draw_film(1))
    sizes = [
        Image.open(io.BytesIO(cache.get(content, sides))).size
        for sides in (None, (1000.0, 2000.0), None, (3000.0, 1500.0))
    ]
    assert sizes == [(30, 30), (30, 15), (30, 30), (15, 30)]


def test_a_film_that_changes_under_its_name_gets_another_picture(tmp_path) -> None:
    cache = ThumbnailCache(tmp_path, Painter())
    assert cache.get(b"film") != cache.get(b"film, sent again")


def test_a_picture_lies_under_the_sha256_of_its_film_and_nothing_beside_it(tmp_path) -> None:
    ThumbnailCache(tmp_path, Painter()).get(b"film")
    name = hashlib.sha256(b"film").hexdigest()
    assert pictures_in(tmp_path) == [tmp_path / name[:2] / f"{name}.png"]


@pytest.mark.parametrize("kept", [b"", b"\x89PNG\r\n\x1a\n half", b"text"])
def test_a_picture_that_is_not_whole_is_made_again(tmp_path, kept) -> None:
    paint = Painter()
    made = ThumbnailCache(tmp_path, paint).get(b"film")
    pictures_in(tmp_path)[0].write_bytes(kept)
    cache = ThumbnailCache(tmp_path, paint)
    assert cache.get(b"film") == made
    assert pictures_in(tmp_path)[0].read_bytes() == made


def test_a_picture_with_any_turned_bit_is_made_again(tmp_path) -> None:
    paint = Painter()
    made = ThumbnailCache(tmp_path, paint).get(b"film")
    (kept,) = pictures_in(tmp_path)
    for place in range(len(made)):
        damaged = bytearray(made)
        damaged[place] ^= 0x10
        kept.write_bytes(bytes(damaged))
        assert ThumbnailCache(tmp_path, paint).get(b"film") == made
        assert kept.read_bytes() == made
    assert len(paint.asked) == 1 + len(made)


def test_a_folder_that_cannot_be_made_costs_no_picture(tmp_path, caplog) -> None:
    (tmp_path / "file").write_bytes(b"")
    paint = Painter()
    cache = ThumbnailCache(tmp_path / "file" / "small", paint)
    assert cache.get(b"film") == cache.get(b"film")
    assert len(paint.asked) == 2
    assert "thumbnails cannot be stored" in caplog.text


def test_what_cannot_be_drawn_leaves_nothing_behind(tmp_path) -> None:
    cache = ThumbnailCache(tmp_path, lambda content: draw_small_picture(content, side_px=16))
    with pytest.raises(RadiographError):
        cache.get(b"no film")
    assert pictures_in(tmp_path) == []


def test_the_pictures_made_first_are_removed_once_the_bound_is_passed(tmp_path) -> None:
    paint = Painter()
    one = len(paint(b"any"))
    cache = ThumbnailCache(tmp_path, paint, max_bytes=10 * one + one // 2)
    for number in range(10):
        content = b"film %d" % number
        cache.get(content)
        name = hashlib.sha256(content).hexdigest()
        os.utime(tmp_path / name[:2] / f"{name}.png", (number, number))
    assert len(pictures_in(tmp_path)) == 10
    cache.get(b"one more")
    left = {path.stem for path in pictures_in(tmp_path)}
    assert cache.size_bytes() <= 0.8 * (10 * one + one // 2)
    assert hashlib.sha256(b"film 0").hexdigest() not in left
    assert hashlib.sha256(b"one more").hexdigest() in left


def test_pictures_from_before_count_towards_the_bound(tmp_path) -> None:
    paint = Painter()
    one = len(paint(b"any"))
    for number in range(6):
        ThumbnailCache(tmp_path, paint).get(b"film %d" % number)
    ThumbnailCache(tmp_path, paint, max_bytes=5 * one).get(b"one more")
    assert len(pictures_in(tmp_path)) <= 4


def test_many_threads_get_whole_pictures(tmp_path) -> None:
    paint = Painter(side_px=64)
    films = [b"film %d" % (number % 8) for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        cache = ThumbnailCache(tmp_path, paint)
        got = list(pool.map(cache.get, films))
    assert got == [paint(film) for film in films]
    assert len(pictures_in(tmp_path)) == 8


def test_a_small_picture_of_a_film_has_the_side_asked_for() -> None:
    content = encode_film(draw_film(3).resize((90, 60)))
    picture = Image.open(io.BytesIO(draw_small_picture(content, side_px=30)))
    assert picture.size == (30, 20)
