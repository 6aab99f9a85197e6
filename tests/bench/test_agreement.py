"""What the benchmark of agreement says of causes, on films whose causes are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.agreement_causes import Gap, causes_text, scale_box, take_apart
from core.domain.film import Radiograph
from core.domain.model import FilmBox
from core.imaging.decoding import decode_radiograph
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.pipeline import open_engine
from core.settings import get_settings


def film_of(path: Path) -> Radiograph:
    return decode_radiograph(path.read_bytes())


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A synthetic film, and its copy at 224 px as this benchmark itself makes one."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    pixels = np.round(draw_film(draw_settings(1, "lobar")).pixels * 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(large)
    picture.resize((224, 224), Image.Resampling.BILINEAR).save(small)
    return large, small


def test_a_copy_that_was_only_reduced_is_what_reduction_makes_of_the_film(files) -> None:
    settings = get_settings()
    (gap,) = take_apart([files], open_engine(settings.models, settings.served_run, threads=1))
    assert gap.small == gap.reduced
    assert gap.compressed != gap.reduced
    assert abs(gap.full_size - gap.reduced) < 0.5


def test_a_box_stands_at_the_same_place_of_the_other_copy(files) -> None:
    large, small = (film_of(path) for path in files)
    box = scale_box(FilmBox(0, 56, 224, 168), small, large)
    assert box == FilmBox(
        0, round(large.width_px * 0.25), large.height_px, round(large.width_px * 0.75)
    )
    assert scale_box(None, small, large) is None


def test_the_cause_that_makes_the_whole_gap_correlates_with_it() -> None:
    sizes = (1.0, -2.0, 3.0)
    gaps = [Gap(0.0, size, size + 0.01 * size, 0.02 * abs(size), 1.5 * size) for size in sizes]
    rows = [line for line in causes_text(gaps) if line.startswith("| ")][1:]
    numbers = [[float(cell) for cell in row.split("|")[2:6]] for row in rows[:4]]
    assert numbers == [
        [2.0, 2.8, 3.0, 1.0],
        [0.02, 0.028, 0.03, -1.0],
        [0.04, 0.056, 0.06, 0.4],
        [3.0, 4.2, 4.5, 1.0],
    ]
