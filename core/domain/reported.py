"""The reads of a film that its report states."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.review import ReviewRecord


@dataclass(frozen=True, slots=True)
class ReportedReads:
    """One reader's signed read, and what belongs to it.

    Attributes
    ----------
    first : ReviewRecord or None
        The first read that the same reader locked; None if there is none.
    corrected : ReviewRecord or None
        The signed read of the same reader that this one supersedes.
    arbitration : ReviewRecord or None
        The newest one that settles the signed read.
    others : tuple of ReviewRecord
        The newest signed read of each other reader.
    """

    signed: ReviewRecord
    first: ReviewRecord | None = None
    corrected: ReviewRecord | None = None
    arbitration: ReviewRecord | None = None
    others: tuple[ReviewRecord, ...] = ()
