"""Tuning films and test films of a site: apart by patient, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import DatasetError
from core.language.words import msg
from core.stats.intervals import Mask


def choose_tuning(patients: npt.NDArray[Any], films: int, rng: np.random.Generator) -> Mask:
    """Return which (N,) films are for tuning: whole patients at random, until there are enough.

    Parameters
    ----------
    films : int
        Wanted at least.

    Raises
    ------
    DatasetError
        If no patient is left for the test.
    """
    names, patient_of_film = np.unique(patients, return_inverse=True)
    order = rng.permutation(len(names))
    until = np.cumsum(np.bincount(patient_of_film)[order])
    taken = int(np.searchsorted(until, films)) + 1
    if films > 0 and taken >= len(names):
        raise DatasetError(
            msg(
                "{films} films for tuning leave no patient for the test: there are {n} films of "
                "{patients} patients. Take fewer.",
                films=films,
                n=len(patients),
                patients=len(names),
            )
        )
    chosen = np.zeros(len(names), bool)
    chosen[order[: taken if films > 0 else 0]] = True
    mask: Mask = chosen[patient_of_film]
    return mask
