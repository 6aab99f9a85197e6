"""Films and lung masks in memory, prepared exactly as the served pipeline prepares an upload."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.datasets.fetch import COPIES_FOLDER, find_public_set, how_to_get_films
from core.datasets.index import DatasetIndex, Progress
from core.domain.arrays import FloatImage
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import STANDARD_PX, resize_film, standardise_film

STORED_PX = STANDARD_PX
UNKNOWN_LUNG = 127
MASKS_FOLDER = "kermany_lung_masks"
TRUSTED_MATCHES = frozenset({"dims_verified", "high"})

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FilmSet:
    """Stretched films of one part of the split.

    Attributes
    ----------
    films : (N, 224, 224) uint8 ndarray
    labels : (N,) int64 ndarray
        1 for pneumonia.
    """

    film_ids: tuple[str, ...]
    films: Bytes
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.film_ids)


def kinds_of(films: FilmSet) -> npt.NDArray[np.int32]:
    """Return 0 for a normal film, 1 for bacterial and 2 for viral pneumonia, (N,).

    The public set names the kind in the file's name; pneumonia without one counts as bacterial.
    """
    viral = np.array(["_virus_" in film_id for film_id in films.film_ids])
    return np.where(films.labels == 1, np.where(viral, 2, 1), 0).astype(np.int32)


def find_training_set(data: Path) -> Path:
    """Return the folder of the films to train on and to score.

    That are the 224 px copies that the kept runs were made from, or where there are none, the
    public set at any other size.

    Raises
    ------
    DatasetError
        If neither is there.
    """
    copies = data / COPIES_FOLDER
    found = copies if copies.is_dir() else find_public_set(data)
    if found is None:
        raise DatasetError(how_to_get_films(data))
    return found


def take_films(films: FilmSet, chosen: npt.NDArray[np.int64]) -> FilmSet:
    """Return the films at these positions, in this order."""
    ids = tuple(films.film_ids[position] for position in chosen)
    return FilmSet(ids, films.films[chosen], films.labels[chosen])


def join_sets(first: FilmSet, second: FilmSet) -> FilmSet:
    """Return the films of both sets, the first set's first."""
    return FilmSet(
        first.film_ids + second.film_ids,
        np.concatenate([first.films, second.films]),
        np.concatenate([first.labels, second.labels]),
    )


def load_films(
    index: DatasetIndex,
    film_ids: Sequence[str],
    *,
    progress: Progress | None = None,
) -> FilmSet:
    """Decode, resize to 224 px and stretch the named films.

    Raises
    ------
    DatasetError
        If a film is not in the index.
    """
    by_id = {film.film_id: film for film in index.films}
    missing = [film_id for film_id in film_ids if film_id not in by_id]
    if missing:
        raise DatasetError(
            f"{len(missing)} films of the split are not in {index.root}, the first is "
            f"{missing[0]}: index the folder that the split was made from."
        )
    films = np.empty((len(film_ids), STORED_PX, STORED_PX), np.uint8)
    for position, film_id in enumerate(film_ids):
        radiograph = decode_radiograph(index.read_bytes(by_id[film_id]))
        films[position] = np.rint(standardise_film(radiograph.pixels) * 255.0)
        if progress is not None:
            progress(position + 1, len(film_ids))
    labels = np.array([by_id[film_id].label for film_id in film_ids], np.int64)
    return FilmSet(tuple(film_ids), films, labels)


def _manifest_rows(folder: Path) -> list[dict[str, str]]:
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise DatasetError(
            f"no lung masks at {folder}: expected manifest.csv and masks224/. "
            "Point FIRSTREAD_DATA at the folder that holds kermany_lung_masks/."
        )
    with manifest.open(newline="") as lines:
        return list(csv.DictReader(lines))


def load_lung_masks(data: Path, film_ids: Sequence[str]) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Load the lung masks that belong to films with certainty.

    Returns
    -------
    masks : (N, 224, 224) uint8 ndarray
        255 lung, 127 to be ignored, 0 outside; all 127 where no trusted mask exists.
    trusted : (N,) bool ndarray

    Raises
    ------
    DatasetError
        If the masks' manifest is missing.
    """
    folder = data / MASKS_FOLDER
    paths = {
        row["image_name"]: folder / row["file"]
        for row in _manifest_rows(folder)
        if row["match_confidence"] in TRUSTED_MATCHES
    }
    masks = np.full((len(film_ids), STORED_PX, STORED_PX), UNKNOWN_LUNG, np.uint8)
    trusted = np.zeros(len(film_ids), np.bool_)
    for position, film_id in enumerate(film_ids):
        path = paths.get(PurePosixPath(film_id).name)
        if path is not None:
            with Image.open(path) as mask:
                masks[position] = np.asarray(mask.convert("L"))
            trusted[position] = True
    return masks, trusted


def load_original_sizes(
    data: Path, film_ids: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the heights and widths of the originals that the 224 px films were made from.

    Parameters
    ----------
    data : Path
        Folder that holds ``kermany_lung_masks/``, whose manifest states them.

    Returns
    -------
    heights_px, widths_px : (N,) float64 ndarrays

    Raises
    ------
    DatasetError
        If the manifest is missing, or does not know a film.
    """
    rows = {row["image_name"]: row for row in _manifest_rows(data / MASKS_FOLDER)}
    names = [PurePosixPath(film_id).name for film_id in film_ids]
    unknown = [name for name in names if name not in rows]
    if unknown:
        raise DatasetError(
            f"the original size of {len(unknown)} films is not in {data / MASKS_FOLDER}, the first "
            f"is {unknown[0]}: use the masks that belong to these films."
        )
    sides = np.array([[float(rows[name][side]) for name in names] for side in ("orig_h", "orig_w")])
    return sides[0], sides[1]


def to_input(films: Bytes, input_px: int) -> FloatImage:
    """Return stored films as the model's input, resized as the served pipeline does.

    Parameters
    ----------
    films : (N, 224, 224) uint8 ndarray

    Returns
    -------
    (N, input_px, input_px, 1) float32 ndarray in [0, 1]
    """
    inputs = np.empty((len(films), input_px, input_px, 1), np.float32)
    for position, film in enumerate(films):
        small = resize_film(film.astype(np.float32) / np.float32(255.0), input_px, input_px)
        inputs[position, ..., 0] = small
    return inputs
