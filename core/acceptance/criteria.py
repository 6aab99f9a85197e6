"""What a site demands of a run, stated before the films are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.rate import Rate
from core.errors import DatasetError
from core.language.words import Message, msg


class Measure(StrEnum):
    """What a criterion is about."""

    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    ROC_AUC = "roc_auc"
    CALIBRATION = "calibration_error"
    REFUSED = "refused"


MEASURE_WORDS: Mapping[Measure, Message] = {
    Measure.SENSITIVITY: msg("Sensitivity at the site's threshold"),
    Measure.SPECIFICITY: msg("Specificity at the site's threshold"),
    Measure.ROC_AUC: msg("ROC AUC"),
    Measure.CALIBRATION: msg("Expected calibration error"),
    Measure.REFUSED: msg("Films that the quality check refuses"),
}
AT_MOST = frozenset({Measure.CALIBRATION, Measure.REFUSED})
"""Measures of which less is better."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One demand.

    Attributes
    ----------
    limit : float
        To be reached, or not to be passed for those of `AT_MOST`.
    whole_interval : bool
        Whether all of the 95 % interval has to keep the limit, and not only the value.
    """

    measure: Measure
    limit: float
    whole_interval: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.limit < 1.0:
            raise DatasetError(msg("A criterion's limit lies above 0 and below 1."))

    def met_by(self, rate: Rate) -> bool:
        """Say whether a measured value keeps the limit; what is not known does not."""
        if self.measure in AT_MOST:
            return (rate.high if self.whole_interval else rate.value) <= self.limit
        return (rate.low if self.whole_interval else rate.value) >= self.limit


USUAL_CRITERIA = (
    Criterion(Measure.SENSITIVITY, 0.90, whole_interval=True),
    Criterion(Measure.SPECIFICITY, 0.80, whole_interval=True),
    Criterion(Measure.ROC_AUC, 0.95, whole_interval=True),
    Criterion(Measure.CALIBRATION, 0.10),
    Criterion(Measure.REFUSED, 0.10),
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is settled before the films are measured.

    Attributes
    ----------
    sensitivity : float
        That the threshold is chosen for.
    tuning_films : int
        Wanted at least; the other patients' films are the test.
    seed : int
        Draws the patients.
    """

    criteria: tuple[Criterion, ...]
    sensitivity: float
    tuning_films: int
    seed: int
    declared_by: str
    declared_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion with what was measured."""

    criterion: Criterion
    rate: Rate

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.criterion.met_by(self.rate)


def judge_all(
    criteria: Sequence[Criterion], measured: Mapping[Measure, Rate]
) -> tuple[Judged, ...]:
    """Return every criterion with its rate, in the order of the declaration."""
    return tuple(Judged(one, measured[one.measure]) for one in criteria)
