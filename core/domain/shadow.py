"""A run that reads along unseen, and what readers say who know neither run's score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.review import Verdict


@dataclass(frozen=True, slots=True)
class ShadowChoice:
    """That a person chose the run that reads along; no run where ``run_id`` is empty.

    Attributes
    ----------
    readers : int
        How many blind readers must agree before a film counts as settled: 1 or 2.
    """

    run_id: str
    readers: int
    reason: str
    chosen_by: str
    app_version: str
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class ShadowReading:
    """What the shadow run and the served run said of one film.

    Attributes
    ----------
    identity, served_identity : str
        Of run and gate, from `core.runs.store.reading_identity`.
    probability : float or None
        None where the film could not be read.
    suspicious, served_suspicious : bool
        Whether each is at or above its own operating point.
    """

    film_sha256: str
    identity: str
    served_identity: str
    probability: float | None
    suspicious: bool
    served_probability: float
    served_suspicious: bool
    read_at: datetime

    @property
    def differs(self) -> bool:
        """True where the runs take different sides."""
        return self.probability is not None and self.suspicious is not self.served_suspicious


@dataclass(frozen=True, slots=True)
class BlindRead:
    """A verdict on a film whose reader knew neither run's score."""

    film_sha256: str
    reader: str
    verdict: Verdict
    read_at: datetime
