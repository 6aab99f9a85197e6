"""A teaching session: what was planned, its cases, a reader's answers, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain import MAX_MARKS, Mark, Verdict
from core.domain.model import Side
from core.errors import TeachingError

CONFIDENCES = {1: "guess", 2: "rather unsure", 3: "fairly sure", 4: "sure", 5: "certain"}
LABELS = (Verdict.PNEUMONIA, Verdict.NORMAL)
MAX_FILMS = 50
_SAYS: dict[Side, Verdict] = {
    "above": Verdict.PNEUMONIA,
    "below": Verdict.NORMAL,
    "unsure": Verdict.UNSURE,
}
USUAL_SHARE_NORMAL = 0.7
"""Of children filmed for suspected pneumonia 16 % (n = 2,574) [1]_ and 22 % (n = 1,142) [2]_ have
it on the film: most films are normal. A few more ill ones leave something to find in ten films.

.. [1] M. I. Neuman et al., Pediatrics 128 (2011) 246-253.
.. [2] S. Ramgopal et al., Pediatrics 149 (2022) e2021051405.
"""


class Difficulty(StrEnum):
    """Which third of the films, by estimated difficulty, new cases come from."""

    ANY = "any"
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


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
    library : str
    films : int
    share_normal : float in [0, 1]
    difficulty : Difficulty
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
            raise TeachingError(f"A session has 1 to {MAX_FILMS} films, not {self.films}.")
        if not 0.0 <= self.share_normal <= 1.0:
            raise TeachingError(f"The share of normals is 0 to 1, not {self.share_normal}.")


@dataclass(frozen=True, slots=True)
class Case:
    """A film with its reference and what was known of it when it was chosen.

    Attributes
    ----------
    film_id, patient : str
    label : int
        1 for pneumonia by the reference standard, 0 otherwise.
    subtype : str
        Bacteria or virus, or what a drawn film shows; empty for normals and where it is not known.
    difficulty : float in [0, 1]
    probability, threshold : float
        What the run said, and its operating point.
    band : {'above', 'below', 'unsure'}
        The side that the run takes.
    """

    film_id: str
    label: int
    subtype: str
    patient: str
    difficulty: float
    probability: float
    threshold: float
    band: Side

    @property
    def reference(self) -> Verdict:
        """The reference label in words."""
        return Verdict.PNEUMONIA if self.label else Verdict.NORMAL

    @property
    def model_says(self) -> Verdict:
        """The side that the run takes, if it takes one."""
        return _SAYS[self.band]

    @property
    def model_wrong(self) -> bool:
        """True if the run takes a side, and not the reference's."""
        return self.model_says not in (Verdict.UNSURE, self.reference)


@dataclass(frozen=True, slots=True)
class Answer:
    """A read, or as much of it as there is; ``confidence`` runs from 1 (guess) to 5 (certain)."""

    label: Verdict | None = None
    confidence: int | None = None
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.label is not None and self.label not in LABELS:
            raise TeachingError(f"A read says pneumonia or normal, not {self.label}.")
        if self.confidence is not None and self.confidence not in CONFIDENCES:
            raise TeachingError(f"Confidence is 1 (guess) to 5 (certain), not {self.confidence}.")
        if len(self.marks) > MAX_MARKS:
            raise TeachingError(f"A read has at most {MAX_MARKS} marks, not {len(self.marks)}.")

    @property
    def lacks(self) -> str:
        """What must be said before the read is locked; empty if nothing."""
        if self.label is None:
            return "Say pneumonia or normal first (p or n)."
        if self.confidence is None:
            return "Say how sure you are first (1 to 5)."
        return ""

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
    }


def answer_from_json(said: Mapping[str, Any]) -> Answer:
    """Return the answer that a step keeps.

    Raises
    ------
    KeyError, TypeError, ValueError
        If another program wrote something else.
    """
    label = None if said["label"] is None else Verdict(said["label"])
    return Answer(label, said["confidence"], tuple(Mark(*edges) for edges in said["marks"]))


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as the session's line keeps it."""
    return asdict(plan) | {"difficulty": plan.difficulty.value}


def plan_from_json(said: Mapping[str, Any]) -> Plan:
    """Return the plan that a session's line keeps."""
    return Plan(**{**said, "difficulty": Difficulty(said["difficulty"])})
