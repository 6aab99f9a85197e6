"""Labelled films: the public set, or synthetic films that need no download.

Both give the same, as a site's own set does (`site_library`): films by id, and what a run said of
each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from core.datasets.copies import SQUARE_COPY, is_of_test, list_larger
from core.datasets.fetch import COPIES_FOLDER, find_public_set, how_to_get_films
from core.datasets.index import MAX_FILM_BYTES
from core.datasets.nih_rsna import EXTERNAL_PREFIX
from core.domain.film import SYNTHETIC_KEY
from core.domain.model import RunRecord
from core.errors import DatasetError
from core.language.words import msg, tr

if TYPE_CHECKING:  # loaded where films are drawn and tables are read: the first page does not wait
    from core.phantom.dataset import PhantomSet, Truth
    from core.runs.predictions import Predictions

_MARK = b"tEXt" + SYNTHETIC_KEY.encode() + b"\0"
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FilmCopy:
    """A film's file, as it is shown.

    Attributes
    ----------
    kind : str
        What it is, in words; empty where a film has one file only.
    square : bool
        Whether it was brought to a square, whatever the proportions of the film.
    """

    content: bytes
    kind: str = ""
    square: bool = False


class FilmLibrary(Protocol):
    """Labelled films with what runs say of them."""

    @property
    def name(self) -> str:
        """A word for addresses."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def synthetic(self) -> bool:
        """True if every film is drawn."""
        ...

    @property
    def learned_from(self) -> bool:
        """True if runs may have learned from some of the films."""
        ...

    @property
    def has_films(self) -> bool:
        """True if the films themselves are there, and not only what runs said of them."""
        ...

    def parts(self, run: RunRecord) -> tuple[str, ...]:
        """Return the names of the splits that a run's predictions cover, in the field's order."""
        ...

    def has_read(self, run: RunRecord) -> bool:
        """Return whether what a run says of the films can be had without reading them first."""
        ...

    def predictions(self, run: RunRecord) -> Predictions:
        """Return what a run said of every film of the library that it is measured on."""
        ...

    def learned(self, run: RunRecord) -> Predictions | None:
        """Return what a run said of the films that it has learned from; None if it is not kept."""
        ...

    def read_bytes(self, film_id: str) -> bytes:
        """Return the film's file that runs are measured on; raises DatasetError without it."""
        ...

    def read_shown(self, film_id: str) -> FilmCopy:
        """Return the film's largest file; raises DatasetError if there is none."""
        ...

    def truth(self, film_id: str, kind: Truth) -> npt.NDArray[np.bool_] | None:
        """Return the (H, W) mask of lesion, core or lungs; None where it is not known."""
        ...

    def findings(self) -> Mapping[str, str]:
        """Return what films show, in a word, by film; those that are left out are not known."""
        ...

    def gate_findings(self) -> Mapping[str, str]:
        """Return codes of what the quality gate found, apart by a space, where facts lack it."""
        ...


def order_parts(found: npt.NDArray[np.str_]) -> tuple[str, ...]:
    """Return the parts that occur: train, validation and test first, others by name."""
    known = ("train", "validation", "test")
    names = set(found.tolist())
    return (*(part for part in known if part in names), *sorted(names.difference(known)))


class PublicLibrary:
    """The public films of a data folder; predictions are there without them, pictures are not."""

    name = "public"
    synthetic = False
    learned_from = True

    def __init__(self, data: Path) -> None:
        self._data = data
        self._root = find_public_set(data)

    @property
    def title(self) -> str:
        """What people call it, in the language of who asks."""
        return tr("Public film set")

    @property
    def has_films(self) -> bool:
        """True if the films themselves are there."""
        return self._root is not None

    def parts(self, run: RunRecord) -> tuple[str, ...]:
        """Return the splits that a run was measured on."""
        return order_parts(self.predictions(run).films.split)

    def has_read(self, run: RunRecord) -> bool:  # noqa: ARG002
        """Return True: predictions are kept with the run."""
        return True

    def predictions(self, run: RunRecord) -> Predictions:
        """Return a run's kept predictions.

        Raises
        ------
        ModelMissing, ModelIntegrity
            If the table is missing or is not the stated one.
        """
        from core.runs.predictions import read_predictions  # noqa: PLC0415

        return read_predictions(run)

    def learned(self, run: RunRecord) -> Predictions | None:
        """Return a run's kept predictions of its training films; None if there are none.

        Raises
        ------
        ModelMissing, ModelIntegrity
            If the table is missing or is not the stated one.
        """
        from core.runs.predictions import read_learned  # noqa: PLC0415

        return read_learned(run)

    def read_bytes(self, film_id: str) -> bytes:
        """Return the film's file in the public set.

        Raises
        ------
        DatasetError
            If there is no public set, or the film is not in it.
        """
        name = film_id.removeprefix(EXTERNAL_PREFIX)
        root = self._root if name == film_id else self._data / EXTERNAL_PREFIX
        if root is None:
            raise DatasetError(how_to_get_films(self._data))
        path = root / name
        if name != film_id and not root.is_dir():
            raise DatasetError(
                msg(
                    "The adult films (NIH ChestX-ray14 with the RSNA's reads) are not in "
                    "{folder}: put them there as docs/data.md says. `python -m core data "
                    "fetch` downloads only the children's films.",
                    folder=root,
                )
            )
        if not path.resolve().is_relative_to(root.resolve()):
            raise DatasetError(msg("{film} is not a film of the set.", film=film_id))
        try:
            if path.stat().st_size > MAX_FILM_BYTES:
                raise DatasetError(
                    msg(
                        "{film} is larger than any film of the set. Fetch it again.",
                        film=film_id,
                    )
                )
            return path.read_bytes()
        except OSError as exc:
            raise DatasetError(
                msg(
                    "{film} cannot be read in {folder} ({why}). Fetch the set "
                    "again with `python -m core data fetch`.",
                    film=film_id,
                    folder=root,
                    why=exc.strerror,
                )
            ) from exc

    @cached_property
    def _larger(self) -> Mapping[str, tuple[Path, str]]:
        return list_larger(self._data)

    def read_shown(self, film_id: str) -> FilmCopy:
        """Return the largest file of a film: of the official test there may be larger ones.

        Raises
        ------
        DatasetError
            As `read_bytes`.
        """
        if film_id.startswith(EXTERNAL_PREFIX):
            return FilmCopy(self.read_bytes(film_id))
        copies = self._data / COPIES_FOLDER
        square = self._root is not None and copies in (self._root, *self._root.parents)
        path, kind = Path(), ""
        if square and is_of_test(film_id):
            path, kind = self._larger.get(PurePosixPath(film_id).stem, (path, kind))
        try:
            if kind:
                return FilmCopy(path.read_bytes(), kind)
        except OSError:
            pass  # the copy in the set is there all the same
        return FilmCopy(self.read_bytes(film_id), SQUARE_COPY if square else "", square)

    def truth(self, film_id: str, kind: Truth) -> npt.NDArray[np.bool_] | None:  # noqa: ARG002
        """Return None: nobody has outlined the lesions of the public films."""
        return None

    def findings(self) -> Mapping[str, str]:
        """Return nothing: the public set says bacteria or virus, and not what the film shows."""
        return {}

    def gate_findings(self) -> Mapping[str, str]:
        """Return nothing: of the public films the kept facts hold it."""
        return {}


class SyntheticLibrary:
    """The built-in synthetic films; a run's predictions of them are computed on first use.

    Parameters
    ----------
    score : callable
        From a run to its predictions of every film of the set.
    has : callable
        From a run to whether these are kept.
    assess : callable
        Returns codes of what the quality gate found, apart by a space, by film.
    """

    name = "synthetic"
    synthetic = True
    learned_from = False

    def __init__(
        self,
        phantoms: PhantomSet,
        score: Callable[[RunRecord], Predictions],
        has: Callable[[RunRecord], bool],
        assess: Callable[[], Mapping[str, str]],
    ) -> None:
        self._phantoms = phantoms
        self._score, self._has = score, has
        self._assess = assess

    @property
    def title(self) -> str:
        """What people call it, in the language of who asks."""
        return tr("Synthetic films")

    @property
    def has_films(self) -> bool:
        """True: they are generated before the library is opened."""
        return True

    def parts(self, run: RunRecord) -> tuple[str, ...]:
        """Return the parts of the set's own split; nothing is trained on any of them."""
        return order_parts(self.predictions(run).films.split)

    def has_read(self, run: RunRecord) -> bool:
        """Return whether what the run says of them is kept."""
        return self._has(run)

    def predictions(self, run: RunRecord) -> Predictions:
        """Return what a run says of every film.

        Raises
        ------
        ModelMissing, ModelIntegrity
            If the run's export cannot be used.
        DatasetError
            If a film is gone.
        """
        return self._score(run)

    def learned(self, run: RunRecord) -> Predictions | None:  # noqa: ARG002
        """Return None: no run is trained on synthetic films."""
        return None

    def read_bytes(self, film_id: str) -> bytes:
        """Return a film's file.

        Raises
        ------
        DatasetError
            If there is no such film, or its file is gone.
        """
        return self._phantoms.read_bytes(film_id)

    def read_shown(self, film_id: str) -> FilmCopy:
        """Return a film's file; raises as `read_bytes`."""
        return FilmCopy(self.read_bytes(film_id))

    def truth(self, film_id: str, kind: Truth) -> npt.NDArray[np.bool_] | None:
        """Return the mask of lesion, core or lungs; of a normal film's lesion, one without a pixel.

        Raises
        ------
        DatasetError
            If there is no such film, or the mask is gone.
        """
        return self._phantoms.truth(film_id, kind)

    def findings(self) -> Mapping[str, str]:
        """Return the finding that each synthetic film shows."""
        return {film.film_id: film.settings.finding for film in self._phantoms.films}

    def gate_findings(self) -> Mapping[str, str]:
        """Return what the quality gate says of each film, as of an upload."""
        return self._assess()


def states_synthetic(content: bytes) -> bool:
    """Return whether a PNG file states at its beginning that it is a synthetic film.

    Parameters
    ----------
    content : bytes
        Not decoded: this is asked of every film of a page.
    """
    return _MARK in content[:_HEAD_BYTES]
