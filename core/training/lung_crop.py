"""Training films cut to the box around the lungs, as the served pipeline cuts an upload."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from core.domain.model import FilmBox
from core.gate.lungs import LungField, segment_lungs
from core.imaging.preprocessing import crop_film
from core.inference.litert import LiteRTNetwork
from core.runs.store import EXPORT_FILE, read_record, read_verified
from core.training.films import Bytes, FilmSet, to_input

LUNGS_RUN = "lungs"
THREADS = 2


def open_segmenter(models: Path) -> LiteRTNetwork:
    """Load the lung segmenter.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If its files are missing or are not those that were measured.
    """
    folder = models / LUNGS_RUN
    content = read_verified(folder, EXPORT_FILE, read_record(folder)["files"])
    return LiteRTNetwork(content, THREADS)


def segment_all(films: Bytes, network: LiteRTNetwork) -> list[LungField]:
    """Segment stored films one at a time, as serving does."""
    px = network.input_shape[0]
    return [segment_lungs(to_input(film[np.newaxis], px)[0, :, :, 0], network) for film in films]


def find_boxes(films: Bytes, network: LiteRTNetwork) -> list[FilmBox]:
    """Return the box around the lungs of each stored film, the whole film where none is seen."""
    _, height, width = films.shape
    whole = FilmBox(0, 0, height, width)
    return [field.box(height, width) or whole for field in segment_all(films, network)]


def crop_films(films: Bytes, boxes: list[FilmBox]) -> Bytes:
    """Return films that show their boxes only, each 224 x 224 and stretched again."""
    cropped = np.empty_like(films)
    for position, (film, box) in enumerate(zip(films, boxes, strict=True)):
        grey = film.astype(np.float32) / np.float32(255.0)
        cropped[position] = np.rint(crop_film(grey, box, *film.shape) * 255.0)
    return cropped


def crop_set(films: FilmSet, boxes: list[FilmBox]) -> FilmSet:
    """Return a set whose films show their boxes only."""
    return replace(films, films=crop_films(films.films, boxes))


def crop_masks(masks: Bytes, boxes: list[FilmBox]) -> Bytes:
    """Return lung masks cut to the same boxes, each 224 x 224, without values in between."""
    cropped = np.empty_like(masks)
    for position, (mask, box) in enumerate(zip(masks, boxes, strict=True)):
        corners = (box.left_px, box.top_px, box.right_px, box.bottom_px)
        size = (mask.shape[1], mask.shape[0])
        cut = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST, box=corners)
        cropped[position] = np.asarray(cut)
    return cropped
