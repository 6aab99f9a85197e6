"""What a reader's blind and second reads come to: rates, ROC, calibration, confusion, the drill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.domain.reader import reader_key
from core.domain.review import Verdict
from core.stats.intervals import roc_auc, wilson_rate
from core.teaching.mark_scoring import MarkScore
from core.teaching.session import CONFIDENCES, Answer, Case, Course


@dataclass(frozen=True, slots=True)
class Outcome:
    """One film that was read in a session.

    Attributes
    ----------
    read, final : Answer, Answer or None
        The blind read; the second one, where the model's read was shown in between.
    seconds : float or None
        The time that was allowed, if it was over before the read was locked.
    cut_off : bool
        Whether it was.
    """

    session_id: str
    reader: str
    case: Case
    read: Answer
    final: Answer | None
    score: MarkScore
    read_at: datetime
    seconds: float | None = None
    limit_s: int | None = None
    cut_off: bool = False

    @property
    def answered(self) -> bool:
        """False if the time was over before a verdict was chosen."""
        return self.read.label is not None

    @property
    def to_review(self) -> bool:
        """True if the film was read wrongly, or a focus of its lesion was not marked."""
        return not self.right or self.score.found is False

    @property
    def right(self) -> bool:
        """True if the blind read agrees with the reference; no answer in time does not."""
        return self.read.label is self.case.reference


@dataclass(frozen=True, slots=True)
class Drill:
    """Films on which the model was shown and is wrong.

    Attributes
    ----------
    right : Rate
        Second reads that agree with the reference.
    held : Rate
        Of the right blind reads, those that stayed right against the model.
    """

    right: Rate
    held: Rate


@dataclass(frozen=True, slots=True)
class ReaderSummary:
    """A reader's blind reads in figures; ``auc`` is None without two films of each class.

    ``marks`` is of the foci of outlined lesions, of which a film may have several.
    """

    n: int
    right: Rate
    sensitivity: Rate
    specificity: Rate
    auc: Rate | None
    marks: Rate
    false_marks: int
    cut_off: int
    unanswered: int
    median_s: float | None
    drill: Drill


@dataclass(frozen=True, slots=True)
class RocPoint:
    """The reader's rates if they called every film at or above a signed confidence pneumonia."""

    signed: int
    false_alarms: float
    sensitivity: float


@dataclass(frozen=True, slots=True)
class SubtypeRow:
    """How the films of one reference subtype were called."""

    subtype: str
    called_pneumonia: int
    called_normal: int
    unanswered: int
    right: Rate


def outcomes_of(course: Course) -> tuple[Outcome, ...]:
    """Return the films of a session that were read, in order."""
    session = course.session
    return tuple(
        Outcome(
            session_id=session.session_id,
            reader=session.reader,
            case=film.case,
            read=film.read,
            final=film.final,
            score=film.score,
            read_at=film.read_at,
            seconds=session.plan.limit_s if film.cut_off else film.seconds,
            limit_s=session.plan.limit_s,
            cut_off=film.cut_off,
        )
        for film in course.films
        if film.read is not None and film.score is not None and film.read_at is not None
    )


def first_reads(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Return each reader's first read of each film, oldest first.

    What a film is, a reader knows at the second read: that says nothing of how hard it is.
    """
    first: dict[tuple[str, str], Outcome] = {}
    for one in sorted(outcomes, key=lambda one: one.read_at):
        first.setdefault((reader_key(one.reader), one.case.film_id), one)
    return tuple(first.values())


def summarise(outcomes: Sequence[Outcome]) -> ReaderSummary:
    """Return a reader's figures over some films; Wilson's intervals, DeLong's for the area."""
    counted = [one.score.counted_foci for one in outcomes]
    times = [one.seconds for one in outcomes if one.seconds is not None]
    return ReaderSummary(
        n=len(outcomes),
        right=_rate(one.right for one in outcomes),
        sensitivity=_rate(one.right for one in outcomes if one.case.label),
        specificity=_rate(one.right for one in outcomes if not one.case.label),
        auc=reader_auc(outcomes),
        marks=wilson_rate(sum(found for found, _ in counted), sum(foci for _, foci in counted)),
        false_marks=sum(one.score.misses for one in outcomes if one.score.known),
        cut_off=sum(one.cut_off for one in outcomes),
        unanswered=sum(not one.answered for one in outcomes),
        median_s=float(np.median(times)) if times else None,
        drill=weigh_drill(outcomes),
    )


def weigh_drill(outcomes: Iterable[Outcome]) -> Drill:
    """Return how a reader fared where the model was shown and is wrong."""
    shown = [one for one in outcomes if one.final is not None and one.case.model_wrong]
    right = [one.final is not None and one.final.label is one.case.reference for one in shown]
    held = [after for after, one in zip(right, shown, strict=True) if one.right]
    return Drill(_rate(right), _rate(held))


def _rate(right: Iterable[bool]) -> Rate:
    counted = list(right)
    return wilson_rate(sum(counted), len(counted))


# --- confidence -----------------------------------------------------------------------------------


def _signed(outcomes: Sequence[Outcome]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    signed = np.array([one.read.signed for one in outcomes], np.float64)
    return signed, np.array([one.case.label for one in outcomes], np.int64)


def reader_auc(outcomes: Sequence[Outcome]) -> Rate | None:
    """Return the area under the reader's ROC curve; None without two films of each class."""
    signed, label = _signed(outcomes)
    if min(int((label == 1).sum()), int((label == 0).sum())) < 2:
        return None
    return roc_auc(signed, label, separated_too=True)


def reader_roc(outcomes: Sequence[Outcome]) -> tuple[RocPoint, ...]:
    """Return the ROC points of the ten steps from certainly ill to certainly normal, in order.

    Films without an answer in time stand between the two sides and add a step there. Empty unless
    there are films of both classes.
    """
    signed, label = _signed(outcomes)
    ill, well = signed[label == 1], signed[label == 0]
    if not (len(ill) and len(well)):
        return ()
    steps = [step for step in range(5, -6, -1) if step or 0 in signed]
    return tuple(
        RocPoint(step, float((well >= step).mean()), float((ill >= step).mean())) for step in steps
    )


def confidence_calibration(outcomes: Sequence[Outcome]) -> dict[int, Rate]:
    """Return for each step of confidence that was used how often the read was right."""
    rates = {
        step: _rate(one.right for one in outcomes if one.read.confidence == step)
        for step in CONFIDENCES
    }
    return {step: rate for step, rate in rates.items() if rate.n}


# --- by subtype and session -----------------------------------------------------------------------


def confusion_by_subtype(outcomes: Sequence[Outcome]) -> tuple[SubtypeRow, ...]:
    """Return how the films of each subtype were called, normals first, then by name."""
    name_of = [one.case.subtype or one.case.reference.value for one in outcomes]
    rows = []
    for name in sorted(set(name_of), key=lambda name: (name != Verdict.NORMAL, name)):
        own = [one for one, named in zip(outcomes, name_of, strict=True) if named == name]
        said = [one.read.label for one in own]
        ill, well = said.count(Verdict.PNEUMONIA), said.count(Verdict.NORMAL)
        right = _rate(one.right for one in own)
        rows.append(SubtypeRow(name, ill, well, said.count(None), right))
    return tuple(rows)


def learning_curve(outcomes: Sequence[Outcome]) -> tuple[tuple[datetime, Rate], ...]:
    """Return the share of right blind reads of each session, oldest first."""
    sessions: dict[str, list[Outcome]] = {}
    for one in outcomes:
        sessions.setdefault(one.session_id, []).append(one)
    return tuple((own[0].read_at, _rate(one.right for one in own)) for own in sessions.values())
