"""Films whose lesion has a known place and that the served run calls pneumonia.

None of them was used to choose a method or a setting: the seeds are kept for this, and of the
normal validation films only the half that nothing was chosen on is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from bench.films import encode_picture
from core.datasets.nih_rsna import EXTERNAL_PREFIX, MANIFEST, read_radiologist_boxes
from core.datasets.split import read_split
from core.domain.arrays import FloatImage
from core.domain.mark import Mark
from core.domain.model import ModelInput
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import crop_map, resize_film
from core.phantom.film import draw_film
from core.phantom.paste import DRAWN_PX, PastedFilm, draw_lesion, paste_lesion
from core.phantom.settings import FINDINGS, PhantomSettings, draw_settings
from core.pipeline import Engine, FilmReading, find_lungs, read_film

ILLNESSES = FINDINGS[1:]
SYNTHETIC_SEEDS = range(7001, 7501)
FIRST_PASTED_SEED = 7501
TRIES = 8
"""Lesions that are laid on one film, one after another, until the run calls it pneumonia."""

BOX_MAP_PX = 1024
PUBLIC_FILMS = Path("kermany224")
TEST_PNEUMONIAS = PUBLIC_FILMS / "test" / "PNEUMONIA"

Mask = npt.NDArray[np.bool_]
Report = Callable[[str], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class LesionFilm:
    """A film that the run calls pneumonia.

    Attributes
    ----------
    lesion : (input_px, input_px) bool ndarray
        What of the lesion the model looks at, on its input grid; at least one pixel.
    """

    film: ModelInput
    lesion: Mask


def require_films(data: Path) -> None:
    """Refuse to begin without all films that are needed.

    Raises
    ------
    DatasetError
        If films are missing.
    """
    needed = (PUBLIC_FILMS / "train" / "NORMAL", TEST_PNEUMONIAS, Path(EXTERNAL_PREFIX, MANIFEST))
    missing = [str(place) for place in needed if not (data / place).exists()]
    if missing:
        raise DatasetError(
            f"Explanations cannot be measured: {data} lacks {', '.join(missing)}. Point "
            "FIRSTREAD_DATA at the folder that holds the films."
        )


def called_film(reading: FilmReading, lesion: FloatImage) -> LesionFilm | None:
    """Return a film with its lesion.

    Parameters
    ----------
    lesion : (h, w) float32 ndarray in [0, 1]
        Of any size; it covers the film.

    Returns
    -------
    LesionFilm or None
        None if the film is refused or not called pneumonia, or the lesion lies outside of what the
        model looks at.
    """
    film, prediction = reading.model_input, reading.prediction
    if film is None or prediction is None or not prediction.suspicious:
        return None
    seen = crop_map(lesion, film.geometry) >= 0.5
    return LesionFilm(film, seen) if seen.any() else None


def _read(pixels: FloatImage, engine: Engine) -> FilmReading:
    return read_film(encode_picture(pixels, "PNG"), engine)


def illness_of(seed: int) -> PhantomSettings:
    """Return the settings of a film with a lesion; the four kinds come in turn."""
    return draw_settings(seed, ILLNESSES[seed % len(ILLNESSES)])


def synthetic_films(engine: Engine) -> Iterator[LesionFilm]:
    """Draw films with a lesion and yield those that the run calls pneumonia."""
    for seed in SYNTHETIC_SEEDS:
        drawn = draw_film(illness_of(seed), height_px=DRAWN_PX)
        reading = _read(drawn.pixels, engine)
        called = called_film(reading, drawn.core_mask.astype(np.float32))
        if called is not None:
            yield called


def confirming_half(film_ids: Sequence[str]) -> list[str]:
    """Return the half of the films that nothing was chosen on."""
    order = np.random.default_rng(0).permutation(len(film_ids))
    return [film_ids[place] for place in order[len(film_ids) // 2 :]]


def pasted_seeds(place: int) -> range:
    """Return the seeds of the lesions that are tried on one film: all four kinds in turn, twice."""
    first = FIRST_PASTED_SEED + place * TRIES
    return range(first, first + TRIES)


def pasted_films(engine: Engine, data: Path, split: Path) -> Iterator[LesionFilm]:
    """Lay drawn lesions on real normal films that the run does not call pneumonia.

    Yields
    ------
    LesionFilm
        Of each film, the first with which the run calls it pneumonia.

    Raises
    ------
    DatasetError
        If the split cannot be read.
    """
    normals = [film for film in read_split(split).validation if "/NORMAL/" in film]
    for place, film_id in enumerate(confirming_half(normals)):
        content = (data / PUBLIC_FILMS / film_id).read_bytes()
        prediction = read_film(content, engine).prediction
        if prediction is None or prediction.suspicious:
            continue
        radiograph = decode_radiograph(content)
        mask = find_lungs(radiograph, engine.gate).mask
        lungs = resize_film(mask, radiograph.height_px, radiograph.width_px)
        for seed in pasted_seeds(place):
            pasted = paste_lesion(radiograph.pixels, lungs, draw_lesion(illness_of(seed)))
            called = _called_pasted(pasted, engine)
            if called is not None:
                yield called
                break


def _called_pasted(pasted: PastedFilm | None, engine: Engine) -> LesionFilm | None:
    if pasted is None:
        return None
    return called_film(_read(pasted.pixels, engine), pasted.core.astype(np.float32))


def adult_films(engine: Engine, data: Path) -> Iterator[LesionFilm]:
    """Yield the adults with radiologists' boxes whom the run calls pneumonia.

    Raises
    ------
    DatasetError
        If the manifest cannot be read.
    """
    for film_id, boxes in sorted(read_radiologist_boxes(data).items()):
        if boxes:
            reading = read_film((data / film_id).read_bytes(), engine)
            called = called_film(reading, box_map(boxes))
            if called is not None:
                yield called


def box_map(boxes: Sequence[Mark]) -> FloatImage:
    """Return a (px, px) float32 map that covers the film: 1 inside the boxes."""
    inside = np.zeros((BOX_MAP_PX, BOX_MAP_PX), np.float32)
    for box in boxes:
        left, top, right, bottom = (round(edge * BOX_MAP_PX) for edge in box.edges)
        inside[top:bottom, left:right] = 1.0
    return inside


def ill_children(engine: Engine, data: Path) -> Iterator[ModelInput]:
    """Yield the official test's pneumonias that the run calls pneumonia."""
    for path in sorted((data / TEST_PNEUMONIAS).iterdir()):
        reading = read_film(path.read_bytes(), engine)
        film, prediction = reading.model_input, reading.prediction
        if film is not None and prediction is not None and prediction.suspicious:
            yield film


def take(films: Iterator[Item], n: int | None, what: str, report: Report) -> list[Item]:
    """Return the first films of a set.

    Parameters
    ----------
    n : int or None
        None: all of them.
    """
    taken = list(islice(films, n))
    report(f"{what}: {len(taken)} films are called pneumonia")
    return taken
