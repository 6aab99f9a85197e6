"""The weekly check: have scores, refusals or disagreements left what they were at the beginning?

Three e-processes run side by side. The alarm is raised where one of them reaches 3 / alpha: while
nothing changes, that happens with a probability of alpha at most, over all weeks together, however
the three hang together (Bonferroni). Whoever acknowledges an alarm begins the course again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from math import log, log10

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.stats.e_process import (
    Floats,
    conformal_p_values,
    log_capital,
    rank_bets,
    rate_log_e,
)
from core.stats.intervals import wilson_rate

ALPHA = 0.01
"""Probability of a false alarm, over all weeks until somebody acknowledges one."""
BASELINE = 200
"""The first films here, whose rate is the usual one where no reference states it."""
FEWEST_SCORES = 50
"""A smaller reference is none."""
RECENT_WEEKS = 4
"""What "by how much" is said of."""

_SEED = 21
_LARGEST = 300.0
"""Powers of ten: a larger e-value is kept as this one."""


class Stream(StrEnum):
    """What is watched."""

    SCORES = "scores"
    REFUSALS = "refusals"
    DISAGREEMENT = "disagreement"


ALARM_AT = len(Stream) / ALPHA
"""The e-value of a stream that raises the alarm."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something happened among n films."""

    count: int
    n: int


@dataclass(frozen=True, slots=True)
class WeekSeen:
    """One week of what the served run read here.

    Attributes
    ----------
    begins : date
        A Monday.
    scores : tuple of float
        Probabilities of the films that were read, in the order of their arrival.
    refused : tuple of bool
        Of each film that came, whether the quality check refused it.
    disagreed : tuple of bool
        Of each film that was signed as pneumonia or normal, whether the run took the other side.
    """

    begins: date
    scores: tuple[float, ...] = ()
    refused: tuple[bool, ...] = ()
    disagreed: tuple[bool, ...] = ()


class Origin(StrEnum):
    """Where the scores of a reference come from."""

    VALIDATION = "validation"
    SITE = "site"
    WEEKS = "weeks"


@dataclass(frozen=True, slots=True, eq=False)
class MonitoringReference:
    """What the weeks are compared with.

    Attributes
    ----------
    scores : (M,) float64 ndarray
        Probabilities: of validation patients, or of a site's own films of its acceptance.
    refused, disagreed : Counted or None
        None: films are compared with all that came here before them.
    """

    scores: Floats
    refused: Counted | None = None
    disagreed: Counted | None = None
    origin: Origin = Origin.VALIDATION


@dataclass(frozen=True, slots=True)
class WeekChecked:
    """What the check found by the end of a week.

    Attributes
    ----------
    log10_e : mapping of Stream to float
        Of each stream that has begun.
    """

    begins: date
    films: int
    log10_e: Mapping[Stream, float] = field(default_factory=dict)

    @property
    def alarm(self) -> bool:
        """True where a stream has reached the alarm's e-value."""
        return bool(self.changed)

    @property
    def changed(self) -> tuple[Stream, ...]:
        """The streams that give the alarm."""
        least = log10(ALARM_AT)
        return tuple(stream for stream in Stream if self.log10_e.get(stream, 0.0) >= least)


def reference_at(
    scores: Floats, labels: npt.NDArray[np.int64], prevalence: float | None, seed: int = _SEED
) -> Floats:
    """Return reference scores with a ward's share of ill films.

    Films of the class that is too frequent are left out, by a seeded draw.

    Parameters
    ----------
    scores : (M,) float64 ndarray
    labels : (M,) int64 ndarray
        1 for pneumonia.
    prevalence : float or None
        None leaves all films in.
    """
    ill, well = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    if prevalence is None or not (len(ill) and len(well)):
        return scores
    total = min(len(ill) / prevalence, len(well) / (1.0 - prevalence))
    rng = np.random.default_rng(seed)
    kept_ill = rng.permutation(ill)[: round(total * prevalence)]
    kept_well = rng.permutation(well)[: round(total * (1.0 - prevalence))]
    return np.asarray(scores[np.sort(np.concatenate([kept_ill, kept_well]))], np.float64)


def reference_of_weeks(seen: Sequence[WeekSeen]) -> MonitoringReference:
    """Return a reference from weeks that count as usual from now on."""
    scores = np.array([score for week in seen for score in week.scores], np.float64)
    refused = [one for week in seen for one in week.refused]
    disagreed = [one for week in seen for one in week.disagreed]
    return MonitoringReference(
        scores,
        Counted(sum(refused), len(refused)),
        Counted(sum(disagreed), len(disagreed)),
        Origin.WEEKS,
    )


def weeks_since_change(seen: Sequence[WeekSeen], checked: Sequence[WeekChecked]) -> list[WeekSeen]:
    """Return the weeks of a course after the change that gave its alarm.

    The change is put where the evidence of a stream that gave the alarm was least, and at the
    latest of such places. Weeks before it are added while there are fewer scores than a reference
    needs.

    Parameters
    ----------
    seen, checked : sequences of WeekSeen and of WeekChecked
        The same weeks, oldest first.
    """
    gave = {stream for week in checked for stream in week.changed}
    begins = 0
    for stream in gave:
        alarm = next(place for place, week in enumerate(checked) if stream in week.changed)
        powers = [week.log10_e.get(stream, 0.0) for week in checked[:alarm]]
        if powers:
            begins = max(begins, int(np.argmin(powers)) + 1)
    while begins and sum(len(week.scores) for week in seen[begins:]) < FEWEST_SCORES:
        begins -= 1
    return list(seen[begins:])


def check_weeks(seen: Sequence[WeekSeen], reference: MonitoringReference) -> list[WeekChecked]:
    """Return what the check found by the end of each week, oldest first.

    The same weeks give the same values: ties of scores are broken by a seeded draw.

    Parameters
    ----------
    seen : sequence of WeekSeen
        Since the beginning of the course, oldest first.
    """
    scores = [np.array(week.scores, np.float64) for week in seen]
    refused = [np.array(week.refused, bool) for week in seen]
    disagreed = [np.array(week.disagreed, bool) for week in seen]
    courses = {
        Stream.SCORES: _score_course(scores, reference.scores),
        Stream.REFUSALS: _rate_course(refused, reference.refused),
        Stream.DISAGREEMENT: _rate_course(disagreed, reference.disagreed),
    }
    return [
        WeekChecked(
            week.begins,
            len(week.refused),
            {
                stream: min(course[place], _LARGEST)
                for stream, course in courses.items()
                if not np.isnan(course[place])
            },
        )
        for place, week in enumerate(seen)
    ]


def _score_course(weeks: Sequence[Floats], reference: Floats) -> list[float]:
    if len(reference) < FEWEST_SCORES:
        return [float("nan")] * len(weeks)
    scores = np.concatenate([*weeks, np.empty(0)])
    ties = np.random.default_rng(_SEED).random(len(scores))
    capital = log_capital(rank_bets(conformal_p_values(scores, reference, ties)))
    return _at_ends(capital, [len(week) for week in weeks])


def _rate_course(weeks: Sequence[npt.NDArray[np.bool_]], reference: Counted | None) -> list[float]:
    happened = np.concatenate([*weeks, np.empty(0, bool)])
    known = reference or Counted(0, 0)
    ends = np.cumsum([len(week) for week in weeks], dtype=np.int64)
    powers = rate_log_e(happened, ends, count=known.count, n=known.n) / log(10.0)
    return [float(power) if end else float("nan") for power, end in zip(powers, ends, strict=True)]


def _at_ends(capital: Floats, sizes: Sequence[int]) -> list[float]:
    """Return the powers of ten at the weeks' ends; nan before the first film."""
    ends = np.cumsum(sizes, dtype=np.int64)
    return [float(capital[end - 1]) / log(10.0) if end else float("nan") for end in ends]


# --- by how much ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shift:
    """A rate as it was in the reference and as it is in the last four weeks."""

    stream: Stream
    before: Rate
    now: Rate


def shifts_of(
    seen: Sequence[WeekSeen], reference: MonitoringReference, threshold: float
) -> dict[Stream, Shift]:
    """Return by how much each stream has moved; streams without films on both sides are left out.

    Of the scores it is the share of films at or above the operating point.
    """
    recent, found = seen[-RECENT_WEEKS:], dict[Stream, Shift]()
    known = _with_baselines(seen, reference)
    called = [score >= threshold for week in recent for score in week.scores]
    before = Counted(int((reference.scores >= threshold).sum()), len(reference.scores))
    pairs = {
        Stream.SCORES: (before, called),
        Stream.REFUSALS: (known.refused, [one for week in recent for one in week.refused]),
        Stream.DISAGREEMENT: (known.disagreed, [one for week in recent for one in week.disagreed]),
    }
    for stream, (was, happened) in pairs.items():
        if was is not None and was.n and happened:
            rate = wilson_rate(was.count, was.n)
            found[stream] = Shift(stream, rate, wilson_rate(sum(happened), len(happened)))
    return found


def _with_baselines(
    seen: Sequence[WeekSeen], reference: MonitoringReference
) -> MonitoringReference:
    """Return the reference with the rates of the first films here, where it has none."""
    refused = [one for week in seen for one in week.refused][:BASELINE]
    disagreed = [one for week in seen for one in week.disagreed][:BASELINE]
    return replace(
        reference,
        refused=reference.refused or _learned(refused),
        disagreed=reference.disagreed or _learned(disagreed),
    )


def _learned(happened: Sequence[bool]) -> Counted | None:
    return Counted(sum(happened), BASELINE) if len(happened) == BASELINE else None
