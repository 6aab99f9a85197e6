"""Where a teaching session stands, by its kept steps.

Nothing of a session lives anywhere else, so whoever has its steps can go on with it.

Where a session is timed, a film is cut off when its time is over, as in a timed examination: what
is chosen by then is the read, and a film on which nothing was chosen has none in time, which is not
right. A read that went on counting after the bell would make the limit a decoration, and a verdict
thrown away would say less of the reader than there is. The clock runs from the film's first
showing, also while the reader is away: otherwise looking at a film and leaving would buy time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.teaching import (
    CONFIDENCES,
    NO_ANSWER,
    Answer,
    Case,
    Phase,
    Session,
    Step,
    StepKind,
    answer_from_json,
)
from core.teaching_marks import MarkScore

TRANSPORT_S = 2.0
"""A lock that was pressed in time may be this long on its way."""


@dataclass(frozen=True, slots=True)
class FilmState:
    """How far a film of a session has come.

    Attributes
    ----------
    case : Case
    opened_at, read_at : datetime or None
    draft : Answer
        The newest, locked or not.
    read, final : Answer or None
        The blind read, and the one after the model's; None before they are locked.
    score : MarkScore or None
        Of the blind read's marks.
    cut_off : bool
        Whether the time was over before the blind read was locked.
    regions_shown, seen : bool
    """

    case: Case
    opened_at: datetime | None = None
    read_at: datetime | None = None
    draft: Answer = NO_ANSWER
    read: Answer | None = None
    final: Answer | None = None
    score: MarkScore | None = None
    cut_off: bool = False
    regions_shown: bool = False
    seen: bool = False

    def phase(self, *, with_model: bool) -> Phase:
        """Return what the trainee does with this film now."""
        if self.read is None:
            return Phase.BLIND
        return Phase.SECOND if with_model and self.final is None else Phase.REVEALED

    def clock_from(self, running_since: datetime) -> datetime | None:
        """Return when this film's clock began: at its first showing, or anew after an outage.

        Parameters
        ----------
        running_since : datetime
            When this process began: what went by before, while nobody could read, does not count.
        """
        return None if self.opened_at is None else max(self.opened_at, running_since)

    def time_is_up(self, limit_s: int | None, now: datetime, running_since: datetime) -> bool:
        """Return whether the blind read is to be cut off."""
        began = self.clock_from(running_since)
        if limit_s is None or began is None or self.read is not None:
            return False
        return (now - began).total_seconds() > limit_s + TRANSPORT_S

    @property
    def seconds(self) -> float | None:
        """Time from the film's first showing to the blind read."""
        if self.opened_at is None or self.read_at is None:
            return None
        return (self.read_at - self.opened_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Course:
    """Where a session stands: every film, and the place of the one that is open."""

    session: Session
    films: tuple[FilmState, ...]
    ended: bool = False

    @property
    def place(self) -> int | None:
        """The first film that was not seen to its end; None once the session is over."""
        unseen = (place for place, film in enumerate(self.films) if not film.seen)
        return None if self.ended else next(unseen, None)

    @property
    def read(self) -> tuple[FilmState, ...]:
        """The films with a locked read."""
        return tuple(film for film in self.films if film.read is not None)


def cut_off_answer(draft: Answer) -> Answer:
    """Return what counts of a draft when the time is over; a verdict without confidence, a guess.

    Without a verdict there is no answer in time: neither label nor confidence.
    """
    if draft.label is None:
        return replace(draft, confidence=None)
    return replace(draft, confidence=draft.confidence or min(CONFIDENCES))


def follow_steps(session: Session, steps: Sequence[Step]) -> Course:
    """Return where a session stands after its steps, oldest first."""
    films = [FilmState(case) for case in session.cases]
    ended = False
    for step in steps:
        ended |= step.kind is StepKind.ENDED
        films[step.place] = _after(films[step.place], step)
    return Course(session, tuple(films), ended)


def _after(film: FilmState, step: Step) -> FilmState:
    if step.kind is StepKind.DRAFT:
        return replace(film, draft=answer_from_json(step.said))
    if step.kind is StepKind.READ:
        read, score = answer_from_json(step.said), MarkScore(**step.said["score"])
        cut_off = bool(step.said.get("cut_off"))
        locked = replace(film, read=read, draft=read, score=score, read_at=step.at)
        return replace(locked, cut_off=cut_off)
    if step.kind is StepKind.FINAL:
        return replace(film, final=answer_from_json(step.said))
    return replace(
        film,
        opened_at=step.at if step.kind is StepKind.OPENED else film.opened_at,
        regions_shown=film.regions_shown or step.kind is StepKind.REGIONS,
        seen=film.seen or step.kind is StepKind.SEEN,
    )
