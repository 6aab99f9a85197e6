"""A teaching session: what was planned, its cases, a reader's answers, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.findings import NO_FINDINGS, Findings, findings_text
from core.domain.mark import MAX_MARKS, Mark
from core.domain.model import Side
from core.domain.review import Verdict, verdict_words
from core.errors import TeachingError
from core.language.lists import NOTHING
from core.language.words import Message, msg
from core.reads.findings import findings_as_json, findings_from_json, implied_verdict
from core.teaching.mark_scoring import MarkScore

CONFIDENCES = {
    1: msg("guess"),
    2: msg("rather unsure"),
    3: msg("fairly sure"),
    4: msg("sure"),
    5: msg("certain"),
}
LABELS = (Verdict.PNEUMONIA, Verdict.NORMAL)
MAX_FILMS = 50
_SAYS: dict[Side, Verdict] = {
    "suspicious": Verdict.PNEUMONIA,
    "not suspicious": Verdict.NORMAL,
    "unsure": Verdict.UNSURE,
}
USUAL_SHARE_NORMAL = 0.7
"""Of children filmed for suspected pneumonia 16 % (n = 2,574) [1]_ and 22 % (n = 1,142) [2]_ have
it on the film: most films are normal. A few more ill ones leave something to find in ten films.

.. [1] M. I. Neuman et al., Pediatrics 128 (2011) 246-253.
.. [2] S. Ramgopal et al., Pediatrics 149 (2022) e2021051405.
"""
TRANSPORT_S = 2.0
"""A lock that was pressed in time may be this long on its way."""


class Difficulty(StrEnum):
    """Which third of the films, by estimated difficulty, new cases come from."""

    ANY = "any"
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


_DIFFICULTIES: Mapping[Difficulty, Message] = {
    Difficulty.ANY: msg("any"),
    Difficulty.EASY: msg("easy"),
    Difficulty.MEDIUM: msg("medium"),
    Difficulty.HARD: msg("hard"),
}


def difficulty_words(difficulty: Difficulty) -> Message:
    """Return a difficulty in words."""
    return _DIFFICULTIES[difficulty]


class Phase(StrEnum):
    """What the trainee does with the film that is open."""

    BLIND = "blind"
    SECOND = "second"
    REVEALED = "revealed"


class StepKind(StrEnum):
    """What was done; all but drafts once a film."""

    OPENED = "opened"
    DRAFT = "draft"
    READ = "read"
    FINAL = "final"
    REGIONS = "regions"
    SEEN = "seen"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a trainee asked for.

    Attributes
    ----------
    share_normal : float in [0, 1]
    with_model : bool
        Whether the model's read is shown after the blind read, for a second one.
    limit_s : int or None
        Time for a film; what is chosen when it is over is the read.
    seed : int
        Decides every choice that chance has a part in.
    run_id : str
        The run that reads along.
    case_set : str or None
        A teacher's set, which gives the films in its order; mix and difficulty are without effect.
    """

    library: str
    films: int
    share_normal: float = USUAL_SHARE_NORMAL
    difficulty: Difficulty = Difficulty.ANY
    with_model: bool = False
    limit_s: int | None = None
    seed: int = 0
    run_id: str = ""
    case_set: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.films <= MAX_FILMS:
            raise TeachingError(
                msg(
                    "A session has 1 to {most} films, not {films}.",
                    most=MAX_FILMS,
                    films=self.films,
                )
            )
        if not 0.0 <= self.share_normal <= 1.0:
            raise TeachingError(
                msg("The share of normals is 0 to 1, not {share}.", share=self.share_normal)
            )


@dataclass(frozen=True, slots=True)
class Case:
    """A film with its reference and what was known of it when it was chosen.

    Attributes
    ----------
    label : int
        1 for pneumonia by the reference standard, 0 otherwise.
    subtype : str
        Bacteria or virus, or what a synthetic film shows; empty for normals and where not known.
    difficulty : float in [0, 1]
    probability, threshold : float
        What the run said, and its operating point.
    side : {'suspicious', 'not suspicious', 'unsure'}
        The side that the run takes.
    """

    film_id: str
    label: int
    subtype: str
    patient: str
    difficulty: float
    probability: float
    threshold: float
    side: Side

    @property
    def reference(self) -> Verdict:
        """The reference label in words."""
        return Verdict.PNEUMONIA if self.label else Verdict.NORMAL

    @property
    def model_says(self) -> Verdict:
        """The side that the run takes, if it takes one."""
        return _SAYS[self.side]

    @property
    def model_wrong(self) -> bool:
        """True if the run is not unsure and disagrees with the reference."""
        return self.model_says not in (Verdict.UNSURE, self.reference)


@dataclass(frozen=True, slots=True)
class Answer:
    """A read, or as much of it as there is; ``confidence`` runs from 1 (guess) to 5 (certain)."""

    label: Verdict | None = None
    confidence: int | None = None
    marks: tuple[Mark, ...] = ()
    findings: Findings = NO_FINDINGS

    def __post_init__(self) -> None:
        if implied_verdict(self.findings) not in (None, self.label):
            raise TeachingError(
                msg(
                    "A read of {verdict} has no {findings}.",
                    verdict="None" if self.label is None else verdict_words(self.label),
                    findings=findings_text(self.findings),
                )
            )
        if self.label is not None and self.label not in LABELS:
            raise TeachingError(
                msg(
                    "A read says pneumonia or normal, not {verdict}.",
                    verdict=verdict_words(self.label),
                )
            )
        if self.confidence is not None and self.confidence not in CONFIDENCES:
            raise TeachingError(
                msg(
                    "Confidence is 1 (guess) to 5 (certain), not {confidence}.",
                    confidence=self.confidence,
                )
            )
        if len(self.marks) > MAX_MARKS:
            raise TeachingError(
                msg(
                    "A read has at most {most} marks, not {marks}.",
                    most=MAX_MARKS,
                    marks=len(self.marks),
                )
            )

    @property
    def lacks(self) -> Message:
        """What must be said before the read is locked; empty if nothing."""
        if self.label is None:
            return msg("Choose pneumonia or normal first (p or n).")
        if self.confidence is None:
            return msg("Choose your confidence first (1 to 5).")
        return NOTHING

    @property
    def signed(self) -> int:
        """Confidence with the label's sign: -5 (certain of normal) to 5 (certain of pneumonia)."""
        confidence = self.confidence or 0
        return confidence if self.label is Verdict.PNEUMONIA else -confidence


NO_ANSWER = Answer()


@dataclass(frozen=True, slots=True)
class Session:
    """A planned session with its cases in order."""

    session_id: str
    reader: str
    plan: Plan
    cases: tuple[Case, ...]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done with the film at a place (from 0) of a session."""

    session_id: str
    place: int
    kind: StepKind
    at: datetime
    said: Mapping[str, Any]


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as a step keeps it."""
    return {
        "label": None if answer.label is None else answer.label.value,
        "confidence": answer.confidence,
        "marks": [list(mark.edges) for mark in answer.marks],
        "findings": findings_as_json(answer.findings),
    }


def answer_from_json(said: Mapping[str, Any]) -> Answer:
    """Return the answer that a step keeps.

    Raises
    ------
    KeyError, TypeError, ValueError, FindingsError
        If another program wrote something else.
    """
    label = None if said["label"] is None else Verdict(said["label"])
    marks = tuple(Mark(*edges) for edges in said["marks"])
    findings = findings_from_json(said.get("findings"))  # older answers have none
    return Answer(label, said["confidence"], marks, findings)


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as the session's line keeps it."""
    return asdict(plan) | {"difficulty": plan.difficulty.value}


def plan_from_json(said: Mapping[str, Any]) -> Plan:
    """Return the plan that a session's line keeps."""
    return Plan(**{**said, "difficulty": Difficulty(said["difficulty"])})


@dataclass(frozen=True, slots=True)
class FilmState:
    """How far a film of a session has come.

    Attributes
    ----------
    draft : Answer
        The newest, locked or not.
    read, final : Answer or None
        The blind read, and the one after the model's; None before they are locked.
    score : MarkScore or None
        Of the blind read's marks.
    cut_off : bool
        Whether the time was over before the blind read was locked.
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
        """Return when this film's clock began: when first shown, or again after an outage.

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
