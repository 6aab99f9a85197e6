"""A set of a site's own films, with what runs say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.domain.model import RunRecord
from core.domain.site_set import SiteFilm, SiteSet
from core.errors import DatasetError, FilmStoreError
from core.language.words import msg
from core.library.films import FilmCopy, order_parts
from core.runs.predictions import FilmTable, Predictions

if TYPE_CHECKING:
    from core.phantom.dataset import Truth

HALVES = ("validation", "test")
"""Patients fall into two halves: subgroups are searched in the first and confirmed in the second.
No run has learned from either."""


class SiteLibrary:
    """The films of one set; runs read them in the background.

    Parameters
    ----------
    fetch : callable
        From a film's id to its file; raises FilmStoreError if it was erased.
    score : callable
        From a run to what it said of the films; None if it has not read them.
    has : callable
        From a run to whether that is kept.
    """

    synthetic = False
    learned_from = False
    has_films = True

    def __init__(
        self,
        site_set: SiteSet,
        films: Sequence[SiteFilm],
        fetch: Callable[[str], bytes],
        score: Callable[[RunRecord], Predictions | None],
        has: Callable[[RunRecord], bool],
    ) -> None:
        self.site_set, self.films = site_set, tuple(films)
        self._fetch, self._score, self._has = fetch, score, has
        self._by_id = {film.film_id: film for film in self.films}

    @property
    def name(self) -> str:
        """A word for addresses."""
        return self.site_set.set_id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.site_set.name

    def parts(self, run: RunRecord) -> tuple[str, ...]:
        """Return the halves of the patients."""
        return order_parts(self.predictions(run).films.split)

    def has_read(self, run: RunRecord) -> bool:
        """Return whether what the run says of them is kept."""
        return self._has(run)

    def predictions(self, run: RunRecord) -> Predictions:
        """Return what a run said of the films that the set holds now.

        Raises
        ------
        DatasetError
            If the run has not read them.
        """
        kept = self._score(run)
        there = None if kept is None else np.isin(kept.films.film_id, list(self._by_id))
        if kept is None or there is None or int(there.sum()) < len(self.films):
            raise DatasetError(
                msg(
                    "Run {run} has not read the films of {name} yet. The page Site says how far "
                    "it is.",
                    run=run.run_id,
                    name=self.title,
                )
            )
        return kept.where(there)

    def learned(self, run: RunRecord) -> Predictions | None:  # noqa: ARG002
        """Return None: what runs have learned from is left out of a set."""
        return None

    def read_bytes(self, film_id: str) -> bytes:
        """Return a film's file.

        Raises
        ------
        DatasetError
            If the set holds no such film, or its file or key is gone.
        """
        if film_id not in self._by_id:
            raise DatasetError(msg("{film} is not a film of the set.", film=film_id))
        try:
            return self._fetch(film_id)
        except FilmStoreError as exc:
            raise DatasetError(exc.sentence) from exc

    def read_shown(self, film_id: str) -> FilmCopy:
        """Return a film's file; raises as `read_bytes`."""
        return FilmCopy(self.read_bytes(film_id))

    def known_as(self, film_id: str) -> frozenset[str]:
        """Return the hash by which the worklist knows a film; none of a film that is not here."""
        film = self._by_id.get(film_id)
        return frozenset() if film is None else frozenset({film.film_sha256})

    def truth(self, film_id: str, kind: Truth) -> npt.NDArray[np.bool_] | None:  # noqa: ARG002
        """Return None: nobody has outlined the lesions of a site's films."""
        return None

    def findings(self) -> Mapping[str, str]:
        """Return nothing: labels say pneumonia or normal."""
        return {}

    def gate_findings(self) -> Mapping[str, str]:
        """Return what the quality check found in each film when it was added."""
        return {film.film_id: film.findings for film in self.films}

    def groups(self) -> dict[str, dict[str, str]]:
        """Return by name what the labels tell films apart by, such as ward: its value by film."""
        names = dict.fromkeys(name for film in self.films for name in film.groups)
        return {
            name: {film.film_id: film.groups.get(name, "") for film in self.films} for name in names
        }


def half_of(set_id: str, patient: int) -> str:
    """Return the half that a patient of a set falls into, at all times the same."""
    return HALVES[hashlib.sha256(f"{set_id}|{patient}".encode()).digest()[0] % 2]


def table_of(set_id: str, films: Sequence[SiteFilm]) -> FilmTable:
    """Return what is known of a set's films, a row a film."""
    return FilmTable(
        film_id=np.array([film.film_id for film in films], np.str_),
        split=np.array([half_of(set_id, film.patient) for film in films], np.str_),
        label=np.array([int(film.ill) for film in films], np.int64),
        subtype=np.full(len(films), "", np.str_),
        patient=np.array([f"{set_id}/{film.patient}" for film in films], np.str_),
        patient_in_train=np.zeros(len(films), np.bool_),
        original_height_px=np.array([film.height_px for film in films], np.float64),
        original_width_px=np.array([film.width_px for film in films], np.float64),
        contrast=np.array([film.contrast for film in films], np.float64),
        median_grey=np.array([film.median_grey for film in films], np.float64),
        sharpness=np.array([film.sharpness for film in films], np.float64),
    )
