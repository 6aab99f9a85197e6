"""A read that is being written: when its film was shown, what is drafted, and what was asked for.

Every step is kept before the page goes on, so that a killed browser or server loses nothing but
the film itself, which is never written down: uploaded again, it is as it was left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.findings import NO_FINDINGS, Findings
from core.domain.mark import Mark
from core.domain.review import Verdict
from core.reads.findings import findings_as_json, findings_from_json

USUAL_CONFIDENCE = 3


class ReviewStepKind(StrEnum):
    """What was done at a read; ``REGIONS`` is the wish to see the model's."""

    OPENED = "opened"
    DRAFT = "draft"
    REGIONS = "regions"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Draft:
    """A verdict that is being written and not yet signed; the marks are a first read's."""

    verdict: Verdict | None = None
    confidence: int = USUAL_CONFIDENCE
    comment: str = ""
    drawn: tuple[Mark, ...] = ()
    findings: Findings = NO_FINDINGS


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """One step at a reader's n-th read of a film.

    Attributes
    ----------
    turn : int
        How many reads of the film its reader had stored before.
    said : mapping
        Of a draft, from `draft_as_json`.
    """

    turn: int
    kind: ReviewStepKind
    at: datetime
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReadInProgress:
    """How far a read has come.

    Attributes
    ----------
    opened_at : datetime or None
        When its film was shown first.
    shown_s : float
        How long the film was shown for it, without the time that runs now.
    since : datetime or None
        When the time began that runs now; None while the film is not shown.
    regions_asked : bool
        Whether the reader has asked for the model's regions, at this read or an earlier one.
    """

    opened_at: datetime | None = None
    shown_s: float = 0.0
    since: datetime | None = None
    draft: Draft | None = None
    regions_asked: bool = False

    def seconds_until(self, now: datetime) -> float:
        """Return how long the film has been shown for this read, in s."""
        running = 0.0 if self.since is None else (now - self.since).total_seconds()
        return self.shown_s + max(running, 0.0)


def follow_read(steps: Sequence[ReviewStep], turn: int) -> ReadInProgress:
    """Return how far a read has come.

    A time that was opened and never left, because browser or server were killed, lasts until the
    last step that was kept of it.

    Parameters
    ----------
    steps : sequence of ReviewStep
        Of one film and reader, oldest first.
    turn : int
        Which read.
    """
    opened_at = since = last = None
    shown_s, draft = 0.0, None
    for step in (one for one in steps if one.turn == turn):
        if step.kind is ReviewStepKind.OPENED:
            opened_at = opened_at or step.at
            shown_s += _between(since, last)
            since = step.at
        elif step.kind is ReviewStepKind.LEFT:
            shown_s += _between(since, step.at)
            since = None
        elif step.kind is ReviewStepKind.DRAFT:
            draft = draft_from_json(step.said)
        last = step.at
    asked = any(step.kind is ReviewStepKind.REGIONS for step in steps)
    return ReadInProgress(opened_at, shown_s, since, draft, asked)


def _between(begin: datetime | None, end: datetime | None) -> float:
    return max((end - begin).total_seconds(), 0.0) if begin and end else 0.0


def draft_as_json(draft: Draft) -> dict[str, Any]:
    """Return a draft as JSON can keep it."""
    return {
        "verdict": None if draft.verdict is None else draft.verdict.value,
        "confidence": draft.confidence,
        "comment": draft.comment,
        "drawn": [list(mark.edges) for mark in draft.drawn],
        "findings": findings_as_json(draft.findings),
    }


def draft_from_json(stored: Mapping[str, Any]) -> Draft:
    """Return the draft that `draft_as_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, MarkError, FindingsError
        If another program wrote something else.
    """
    verdict = stored["verdict"]
    return Draft(
        None if verdict is None else Verdict(verdict),
        int(stored["confidence"]),
        str(stored["comment"]),
        tuple(Mark(*edges) for edges in stored["drawn"]),
        findings_from_json(stored.get("findings")),  # older drafts have none
    )
