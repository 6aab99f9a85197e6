"""Rates and ROC areas of films of which several may be of one patient, with 95 % intervals.

A patient's films are alike, so that they say less than as many patients do. A bootstrap over
patients has no width where every film is decided rightly, and a limit that an interval has to keep
would be kept too easily: these intervals have a width there. With one film a patient they are
those of `core.stats.intervals`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.domain.rate import Rate
from core.stats.intervals import (
    Labels,
    Mask,
    Scores,
    newcombe_interval,
    roc_auc,
    structural_components,
    wilson_rate,
)

Patients = npt.NDArray[Any]
"""(N,) whose film each is."""

_Z = float(stats.norm.ppf(0.975))


def are_repeated(patients: Patients) -> bool:
    """Return whether a patient has several films."""
    return len(np.unique(patients)) < len(patients)


def design_effect(happened: Mask, patients: Patients) -> float:
    """Return how many films say as much as one film would of another patient; 1 at least.

    Where it happened to all films, or to none, films of a patient count as the same.

    Parameters
    ----------
    happened : (N,) bool ndarray
        Such as whether each film is called pneumonia.

    References
    ----------
    .. [1] J. N. K. Rao, A. J. Scott, Biometrics 48 (1992) 577-585.
    """
    if not are_repeated(patients):
        return 1.0
    n = len(happened)
    _, patient_of_film = np.unique(patients, return_inverse=True)
    films, share = np.bincount(patient_of_film), float(happened.mean())
    if share in (0.0, 1.0):
        return float((films**2).sum() / n)
    beyond = np.bincount(patient_of_film, happened) - share * films
    return max(1.0, float((beyond**2).sum() / (n * share * (1.0 - share))))


def share_by_patient(part: Mask, whole: Mask, patients: Patients) -> Rate:
    """Return the share of a part in a whole; nan with all of the range if it is empty.

    The interval is Wilson's, of as many films as those of other patients would be.

    Parameters
    ----------
    part, whole : (N,) bool ndarrays
        Such as films that are called pneumonia, and films that are.
    """
    effect = design_effect(part[whole], patients[whole])
    return wilson_rate(int((part & whole).sum()), int(whole.sum()), effect)


def roc_auc_of_patients(scores: Scores, labels: Labels, patients: Patients) -> Rate:
    """Return the area under the ROC curve with DeLong's interval, a patient's films together.

    An area without spread gets Newcombe's interval, of as many films as there are patients.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.

    References
    ----------
    .. [1] N. A. Obuchowski, Biometrics 53 (1997) 567-578.
    """
    if not are_repeated(patients):
        return roc_auc(scores, labels)
    of_ill, of_well = structural_components(scores, labels)
    area = float(of_ill.mean())
    names, patient_of_film = np.unique(patients, return_inverse=True)
    ill_of, well_of = patient_of_film[labels == 1], patient_of_film[labels == 0]
    ill = np.bincount(ill_of, of_ill - area, len(names)) / len(of_ill)
    well = np.bincount(well_of, of_well - area, len(names)) / len(of_well)
    n_ill, n_well = len(np.unique(ill_of)), len(np.unique(well_of))
    variance = (
        float(ill @ ill) * _of_few(n_ill)
        + float(well @ well) * _of_few(n_well)
        + 2.0 * float(ill @ well) * _of_few(len(names))
    )
    if variance <= 0.0:
        return Rate(area, *newcombe_interval(area, n_ill, n_well), len(scores))
    half = _Z * variance**0.5
    return Rate(area, max(0.0, area - half), min(1.0, area + half), len(scores))


def _of_few(patients: int) -> float:
    """Return by how much a variance over few patients is too small."""
    return patients / max(patients - 1, 1)
