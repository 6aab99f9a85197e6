"""Synthetic films as a data set: the public set's layout, with the truth beside it.

A film is marked as synthetic in its pixels and in its file. Its name follows the public set's, so
that whatever reads that set reads this one; patient numbers begin at 9001, which no public film
has. Folder and names carry the drawing version, so that a note on a film never stands beside
another drawing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.datasets.index import DatasetIndex, Progress, index_dataset
from core.datasets.split import Split
from core.errors import Cancelled, DatasetError
from core.files import write_whole
from core.imaging.png import SYNTHETIC_MARK, is_whole_png, marked_png, mask_png, read_mask
from core.language.words import msg
from core.phantom import builtin
from core.phantom.builtin import BUILT_IN_FILMS, BUILT_IN_SEED, DRAWING_VERSION, MANIFEST
from core.phantom.film import PhantomFilm, draw_film, subtype_of
from core.phantom.settings import FINDINGS, PhantomSettings, draw_settings

_log = logging.getLogger(__name__)

FIRST_PATIENT = 9001
HEIGHT_PX = 504
GREY_STEPS = 85
NOTE = "Drawn by First Read. No patient was exposed, and no patient's film was used."

Mask = npt.NDArray[np.bool_]
Truth = Literal["lesion", "core", "lung"]
"""Every ray that the lesion changes, the part of these where it stands out, and the lung fields."""


@dataclass(frozen=True, slots=True)
class PlannedFilm:
    """One film of a set before it is drawn."""

    number: int
    film_id: str
    settings: PhantomSettings


def plan_films(n: int, seed: int) -> tuple[PlannedFilm, ...]:
    """Decide what each film of a set shows: normal and ill in turn, the illnesses in turn.

    Of every ten films two go to train, two to validation and six to test.

    Parameters
    ----------
    n : int
        At least 10, so that every part of the split has both classes.

    Raises
    ------
    DatasetError
        If ``n`` is too small.
    """
    if n < 10:
        raise DatasetError(
            msg("A set of {n} films is too small for every part; choose 10 or more.", n=n)
        )
    illnesses = FINDINGS[1:]
    planned = []
    for number in range(n):
        finding = "normal" if number % 2 == 0 else illnesses[number // 2 % len(illnesses)]
        film_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        settings = draw_settings(film_seed, finding)
        planned.append(PlannedFilm(number, _film_id(number, settings), settings))
    return tuple(planned)


def part_of(number: int) -> str:
    """Return a film's part: every pair has a normal and an ill film, so that each part has both."""
    return ("train", "validation", "test", "test", "test")[number // 2 % 5]


def _film_id(number: int, settings: PhantomSettings) -> str:
    patient, version = FIRST_PATIENT + number, DRAWING_VERSION
    part = "test" if part_of(number) == "test" else "train"
    if settings.finding == "normal":
        return f"{part}/NORMAL/IM-{patient}-{version}.png"
    return f"{part}/PNEUMONIA/person{patient}_{subtype_of(settings)}_{version}.png"


@dataclass(frozen=True, slots=True, eq=False)
class PhantomSet:
    """A synthetic set on disk.

    Attributes
    ----------
    split : Split
        Nothing is trained on these films; they are split so that they can stand for the public set.
    """

    folder: Path
    films: tuple[PlannedFilm, ...]
    index: DatasetIndex
    split: Split

    def read_bytes(self, film_id: str) -> bytes:
        """Return a film's file.

        Raises
        ------
        DatasetError
            If there is no such film, or its file is gone or damaged.
        """
        return _whole(self.folder, self._known(film_id))

    def truth(self, film_id: str, kind: Truth) -> Mask:
        """Return the (H, W) mask of the lesion, of its core or of the lungs.

        Raises
        ------
        DatasetError
            If there is no such film, or the mask's file is gone or damaged.
        """
        return read_mask(_whole(self.folder, _mask_place(self._known(film_id), kind)))

    def _known(self, film_id: str) -> str:
        if film_id not in {film.film_id for film in self.films}:
            raise DatasetError(
                msg(
                    "The synthetic set has no film {film_id}: it may be of an earlier version.",
                    film_id=film_id,
                )
            )
        return film_id


def write_set(
    folder: Path,
    n: int,
    seed: int,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    own_folder: bool = False,
) -> PhantomSet:
    """Generate a set's films that are not in the folder yet or damaged, and write their manifest.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    n, seed : int
        As in `plan_films`.
    cancelled : callable, optional
        Asked before each film; what was drawn stays and is not drawn again.
    own_folder : bool
        Whether nothing but this set can be in the folder: then a manifest that is not this set's
        is damaged, and written again.

    Raises
    ------
    DatasetError
        If ``n`` is too small, the folder holds something else, or cannot be written.
    Cancelled
        If ``cancelled`` returned True.
    """
    planned = plan_films(n, seed)
    stated = {"n": n, "seed": seed, "height_px": HEIGHT_PX, "drawing": DRAWING_VERSION}
    try:
        _claim(folder, stated, own_folder=own_folder)
        for done, film in enumerate(planned):
            if cancelled is not None and cancelled():
                raise Cancelled(
                    msg("Stopped after generating {done} of {n} films.", done=done, n=n)
                )
            if not _is_whole(folder, film.film_id):
                _write_film(folder, film)
            if progress is not None:
                progress(done + 1, n)
    except OSError as exc:
        raise DatasetError(
            msg(
                "The synthetic films cannot be written to {folder} ({error}): name a "
                "folder that can be written, or make room.",
                folder=folder,
                error=exc.strerror,
            )
        ) from exc
    return _open(folder, planned)


def open_built_in_set() -> PhantomSet:
    """Return the built-in set as it ships.

    Raises
    ------
    DatasetError
        If a film of it is missing, or its file is no whole PNG.
    """
    planned = plan_films(BUILT_IN_FILMS, BUILT_IN_SEED)
    for film in planned:
        _whole(builtin.BUILT_IN_FOLDER, film.film_id)
    return _open(builtin.BUILT_IN_FOLDER, planned)


def write_built_in_set(*, progress: Progress | None = None) -> PhantomSet:
    """Generate what is missing or damaged of the built-in set; raises as `write_set` does."""
    return write_set(
        builtin.BUILT_IN_FOLDER, BUILT_IN_FILMS, BUILT_IN_SEED, progress=progress, own_folder=True
    )


def describe_film(film: PlannedFilm) -> dict[str, object]:
    """Return what is known of a film, as it stands in the set's manifest."""
    return {"film_id": film.film_id, "synthetic": True, **asdict(film.settings)}


def encode_film(drawn: PhantomFilm) -> bytes:
    """Return a film as an 8-bit PNG that says in pixels and file that it is synthetic.

    It has 86 grey levels, three of 255 apart: the film's noise hides it, and a third is saved.
    """
    stepped = np.rint(drawn.pixels * GREY_STEPS) / np.float32(GREY_STEPS)
    return marked_png(stepped.astype(np.float32), SYNTHETIC_MARK, NOTE)


def _claim(folder: Path, stated: dict[str, object], *, own_folder: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    planned = plan_films(int(str(stated["n"])), int(str(stated["seed"])))
    described = {"set": stated, "note": NOTE, "films": [describe_film(film) for film in planned]}
    content = (json.dumps(described, indent=1) + "\n").encode()
    if manifest.is_file():
        if manifest.read_bytes() == content:
            return
        if not own_folder and _stated_in(manifest) != stated:
            raise DatasetError(
                msg("{folder} holds another synthetic set. Name another folder.", folder=folder)
            )
        _log.warning("%s is damaged and is written again", manifest)
    elif not own_folder and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise DatasetError(
            msg(
                "{folder} is not empty and holds no synthetic set. Name another one.", folder=folder
            )
        )
    write_whole(manifest, content)


def _stated_in(manifest: Path) -> object:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))["set"]
    except (KeyError, TypeError, ValueError):  # another program's file, or a damaged one
        return None


def _is_whole(folder: Path, film_id: str) -> bool:
    places = (film_id, *(_mask_place(film_id, kind) for kind in get_args(Truth)))
    files = [folder / place for place in places]
    return all(file.is_file() and is_whole_png(file.read_bytes()) for file in files)


def _write_film(folder: Path, film: PlannedFilm) -> None:
    width_px = round(HEIGHT_PX * film.settings.aspect)
    drawn = draw_film(film.settings, height_px=HEIGHT_PX, width_px=width_px)
    masks: dict[Truth, Mask] = {
        "lesion": drawn.lesion_mask,
        "core": drawn.core_mask,
        "lung": drawn.lung_mask,
    }
    for kind, mask in masks.items():
        write_whole(folder / _mask_place(film.film_id, kind), mask_png(mask))
    write_whole(folder / film.film_id, encode_film(drawn))


def _mask_place(film_id: str, kind: Truth) -> str:
    return f"{kind}_masks/{film_id.rsplit('/', 1)[1]}"


def _whole(folder: Path, place: str) -> bytes:
    """Return a file of a set; refuse one that is gone or damaged."""
    path, wrong = folder / place, msg("is damaged")
    try:
        content = path.read_bytes()
        if is_whole_png(content):
            return content
    except OSError as exc:
        wrong = msg("cannot be read ({error})", error=exc.strerror)
    raise DatasetError(
        msg(
            "{name} {wrong} in {parent}: `python -m core phantom` draws what is missing "
            "or damaged of the built-in set, with --out of another.",
            name=path.name,
            wrong=wrong,
            parent=path.parent,
        )
    )


def _open(folder: Path, planned: tuple[PlannedFilm, ...]) -> PhantomSet:
    index = index_dataset(folder)
    parts = {film.film_id: part_of(film.number) for film in planned}
    train, validation, test = (
        tuple(film.film_id for film in index.films if parts[film.film_id] == part)
        for part in ("train", "validation", "test")
    )
    split = Split(
        train=train,
        validation=validation,
        test=test,
        group={film.film_id: film.patient for film in index.films},
        excluded={},
        shared_patients=(),
        seed=0,
        validation_fraction=len(validation) / len(train + validation),
        index_sha256=index.sha256,
    )
    return PhantomSet(folder, planned, index, split)
