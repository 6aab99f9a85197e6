"""Whether the films of a week get other probabilities than the films the run was measured on.

The population stability index compares the shares of ten classes of probability, which hold a tenth
of the reference films each. Few films alone make it large: without any drift its expected value is
about 9 (1/n + 1/m), and n m / (n + m) times it follows a chi-squared distribution with 9 degrees of
freedom [1]_. The alarm is therefore at the customary 0.2, or at what one week in a hundred without
drift exceeds, whichever is larger.

References
----------
.. [1] B. Yurdakul, J. Naranjo, J. Risk Model Validation 14 (2020) 89-100.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.domain.model import Calibration, Prediction
from core.domain.review import ReadKind, ReviewRecord
from core.domain.site import version_of

CLASSES = 10
CUSTOMARY_LIMIT = 0.2
FALSE_ALARMS = 0.01
FEWEST_FILMS = 30

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Week:
    """One week's films against the reference; ``index`` is None where they are too few."""

    begins: date
    n: int
    index: float | None
    limit: float

    @property
    def alarm(self) -> bool:
        """True above the limit."""
        return self.index is not None and self.index > self.limit


def stability_index(scores: Probabilities, reference: Probabilities) -> float:
    """Return the population stability index; half a film is added to each class.

    Parameters
    ----------
    scores, reference : (N,), (M,) float64 ndarray in [0, 1]
    """
    edges = np.quantile(reference, np.linspace(0.0, 1.0, CLASSES + 1)[1:-1])
    shares = []
    for probabilities in (scores, reference):
        counts = np.bincount(np.searchsorted(edges, probabilities, "right"), minlength=CLASSES)
        shares.append((counts + 0.5) / (len(probabilities) + 0.5 * CLASSES))
    own, expected = shares
    return float(np.sum((own - expected) * np.log(own / expected)))


def alarm_limit(n: int, m: int) -> float:
    """Return the index above which n films have drifted from m reference films."""
    by_chance = float(stats.chi2.ppf(1.0 - FALSE_ALARMS, CLASSES - 1)) * (1.0 / n + 1.0 / m)
    return max(CUSTOMARY_LIMIT, by_chance)


def weekly_drift(
    records: Sequence[ReviewRecord],
    run_id: str,
    reference: Probabilities,
    calibration: Calibration | None = None,
) -> list[Week]:
    """Return each week's drift, oldest first.

    Parameters
    ----------
    records : sequence of ReviewRecord
        Oldest first. A film counts once, in the week of its first read; those of other runs and
        arbitrations are left out.
    reference : (M,) float64 ndarray
        What the run said of the films it was measured on.
    calibration : Calibration, optional
        The run's own: with it, films that were read by a setting of the site are compared by the
        run's own probability, as the reference is.
    """
    by_week: dict[date, dict[str, float]] = defaultdict(dict)
    seen: set[str] = set()
    for record in records:
        probability = record.prediction
        if (
            probability is None
            or probability.run_id != run_id
            or record.kind is ReadKind.ARBITRATION
        ):
            continue
        if record.film_sha256 not in seen:
            seen.add(record.film_sha256)
            day = record.read.read_at.date()
            monday = day - timedelta(days=day.weekday())
            by_week[monday][record.film_sha256] = _own(probability, calibration)
    return [_week(monday, by_week[monday], reference) for monday in sorted(by_week)]


def _own(prediction: Prediction, calibration: Calibration | None) -> float:
    at_site = version_of(prediction.operating_point.chosen_on) > 0
    if calibration is None or not at_site:
        return prediction.probability
    return calibration.own_probability(prediction.score)


def _week(monday: date, films: dict[str, float], reference: Probabilities) -> Week:
    n = len(films)
    enough = n >= FEWEST_FILMS
    index = stability_index(np.array(list(films.values())), reference) if enough else None
    return Week(monday, n, index, alarm_limit(n, len(reference)))
