"""Why a full-size film and its 224 px file differ: the box, the reduction, or the compression.

Each is changed alone, and what it does to the logit is held against the whole gap.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.fetch import find_public_set, how_to_get_films
from core.domain.film import Radiograph
from core.domain.model import FilmBox
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import STANDARD_PX, prepare_input
from core.pipeline import Engine, find_lungs, score_radiograph
from core.runs.predictions import read_predictions

RECOMPRESSION_QUALITY = 75
"""The quality at which the 224 px files themselves are stored."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Logits of one film, read in five ways.

    Attributes
    ----------
    full_size, small : float
        Each file as it is.
    same_box : float
        The full-size film, cut to the box that was found in the small file.
    reduced : float
        The full-size film after it was stored at 224 px without loss.
    compressed : float
        The same, stored as a JPEG of the small files' quality.
    """

    full_size: float
    small: float
    same_box: float
    reduced: float
    compressed: float


def take_apart(files: Iterable[tuple[Path, Path]], engine: Engine) -> list[Gap]:
    """Read the full-size file and the 224 px file of each film in all five ways."""
    return [_take_apart(full_size.read_bytes(), small, engine) for full_size, small in files]


def _take_apart(content: bytes, small_file: Path, engine: Engine) -> Gap:
    film, small = decode_radiograph(content), decode_radiograph(small_file.read_bytes())
    with Image.open(io.BytesIO(content)) as picture:
        square = (STANDARD_PX, STANDARD_PX)
        reduced = picture.convert("L").resize(square, Image.Resampling.BILINEAR)
    box, own = _box(small, engine), _box(film, engine)
    copies = [_stored(reduced, "PNG"), _stored(reduced, "JPEG")]
    return Gap(
        _logit(film, own, engine),
        _logit(small, box, engine),
        _logit(film, scale_box(box, small, film), engine),
        *(_logit(copy, _box(copy, engine), engine) for copy in copies),
    )


def _stored(picture: Image.Image, file_format: str) -> Radiograph:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, quality=RECOMPRESSION_QUALITY)
    return decode_radiograph(buffer.getvalue())


def _box(film: Radiograph, engine: Engine) -> FilmBox | None:
    if not engine.classifier.run_record.cropped_to_lungs:
        return None
    return find_lungs(film, engine.gate).box(film.height_px, film.width_px)


def scale_box(box: FilmBox | None, of: Radiograph, to: Radiograph) -> FilmBox | None:
    """Return a box of one film at the same place of another copy of it, to a whole pixel."""
    if box is None:
        return None
    down, across = to.height_px / of.height_px, to.width_px / of.width_px
    return FilmBox(
        round(box.top_px * down),
        round(box.left_px * across),
        min(round(box.bottom_px * down), to.height_px),
        min(round(box.right_px * across), to.width_px),
    )


def _logit(film: Radiograph, box: FilmBox | None, engine: Engine) -> float:
    tensor = prepare_input(film, engine.input_px, box).tensor
    return float(engine.classifier.logits(tensor[np.newaxis, :, :, np.newaxis])[0])


def causes_text(gaps: Sequence[Gap]) -> list[str]:
    """Return as a table how much of the gap each cause makes, alone."""
    full, small, same_box, reduced, compressed = np.array(
        [[g.full_size, g.small, g.same_box, g.reduced, g.compressed] for g in gaps]
    ).T
    gap = full - small
    rows = {
        "the whole gap: full size against the 224 px file": gap,
        "left of it with the 224 px file's box around the lungs": same_box - small,
        "the full-size film against itself, reduced to 224 px without loss": full - reduced,
        f"the same, and stored as JPEG at quality {RECOMPRESSION_QUALITY}": full - compressed,
        "left of it then": compressed - small,
    }
    title = (
        f"What moves the logit, over the {len(gaps)} films of both sets (absolute differences; r "
        "is the correlation with the whole gap, sign included):"
    )
    text = [
        title,
        "",
        "| changed | median | 90 % | largest | r |",
        "|---|---|---|---|---|",
    ]
    for what, moved in rows.items():
        median, ninety, largest = np.quantile(np.abs(moved), [0.5, 0.9, 1.0])
        alike = float(np.corrcoef(moved, gap)[0, 1])
        text.append(f"| {what} | {median:.3f} | {ninety:.3f} | {largest:.3f} | {alike:.2f} |")
    far = np.abs(gap) >= np.quantile(np.abs(gap), 0.9)
    whole, box, reduction, jpeg = (
        float(np.median(np.abs(moved[far])))
        for moved in (gap, same_box - small, full - reduced, full - compressed)
    )
    words = (
        f"Of the tenth that lies farthest apart the median gap is {whole:.2f}; with the same box "
        f"{box:.2f} of it stays. Reducing the full-size film by itself moves the logit by "
        f"{reduction:.2f}, storing it as JPEG as well by {jpeg:.2f}. "
    )
    if box > whole / 2 and reduction < whole / 2:
        words += (
            "So most of the gap lies in neither box nor reduction but in the small files' own "
            "pixels: they were made by a program that is not known, and compressed. Nothing in "
            "serving can take that back."
        )
    else:
        words += "So box or reduction makes half of the gap or more."
    return ["", *text, "", words]


def compare_with_stored(data: Path, engine: Engine) -> list[str]:
    """Return how far the app's probabilities are from the run's stored ones on the official test.

    Stored ones are of films in 256 grey levels.
    """
    run = engine.classifier.run_record
    stored = read_predictions(run).of_split("test")
    root = find_public_set(data)
    if root is None:
        raise DatasetError(how_to_get_films(data))
    served = np.array(
        [
            score_radiograph(decode_radiograph((root / film_id).read_bytes()), engine)[1]
            for film_id in stored.films.film_id
        ]
    )
    moved = np.abs(served - stored.probability)
    threshold = run.operating_point.threshold
    sides = (served >= threshold) != (stored.probability >= threshold)
    median, ninety_five, largest = np.quantile(moved, [0.5, 0.95, 1.0])
    return [
        "",
        (
            f"The app against the predictions stored with {run.run_id}, which are of films "
            f"in 256 grey levels: over {len(moved)} official test films the probability differs by "
            f"{median:.4f} in the median, {ninety_five:.4f} at the 95th percentile and "
            f"{largest:.4f} at most; {int(sides.sum())} decisions change."
        ),
    ]
