"""From probabilities of films whose class is known to the threshold that a run decides at."""

from __future__ import annotations

import numpy as np

from core.domain import OperatingPoint
from core.errors import DatasetError
from core.metrics import confusion_at, rates_of
from core.statistics import Labels, Scores


def choose_operating_point(
    probabilities: Scores, labels: Labels, sensitivity: float, split: str
) -> OperatingPoint:
    """Choose the highest threshold that reaches a sensitivity.

    It is placed half-way to the next lower probability among all films, so that an ulp of
    difference between two machines changes no decision on the films it was chosen on.

    Parameters
    ----------
    probabilities : (N,) float64 ndarray
    labels : (N,) int64 ndarray
    sensitivity : float
        Wanted at least, on these films.
    split : str
        Their name, for the record.

    Raises
    ------
    DatasetError
        If no film has pneumonia.
    """
    ill = np.sort(probabilities[labels == 1])[::-1]
    if len(ill) == 0:
        raise DatasetError("an operating point needs validation films with pneumonia.")
    wanted = int(np.ceil(sensitivity * len(ill) - 1e-9))  # 0.28 * 25 is 7.000000000000001
    last_found = ill[max(1, wanted) - 1]
    lower = probabilities[probabilities < last_found]
    threshold = float((last_found + lower.max()) / 2.0) if len(lower) else float(last_found)
    rates = rates_of(confusion_at(probabilities, labels, threshold))
    return OperatingPoint(
        threshold=threshold,
        sensitivity=rates["sensitivity"].value,
        specificity=rates["specificity"].value,
        n=len(labels),
        n_positive=len(ill),
        chosen_on=split,
    )
