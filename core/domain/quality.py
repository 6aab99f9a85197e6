"""What the quality gate finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to the read."""

    NOTE = "note"
    FLAG = "flag"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Finding:
    """One measurement of the quality gate, with its limit."""

    code: str
    severity: Severity
    measured: float | None
    limit: float | None
    message: str


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All findings on one film, worst first."""

    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """True if no probability may be shown for this film."""
        return any(f.severity is Severity.REFUSE for f in self.findings)

    @property
    def flagged(self) -> bool:
        """True if the film is read with a caution."""
        return any(f.severity is Severity.FLAG for f in self.findings)


BETTER_BY = 0.9
"""A changed film must be nearer than this share of the distance as it is: films that really are
inverted come to 0.81 of it or less on validation patients."""


class FilmChange(StrEnum):
    """A change that would bring a wrongly exported film right."""

    INVERT = "black and white exchanged"
    TURN_LEFT = "turned left by 90 degrees"
    TURN_OVER = "turned by 180 degrees"
    TURN_RIGHT = "turned right by 90 degrees"


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """What the lung segmenter measured on one film.

    Attributes
    ----------
    distance : float
        Feature distance from the training films; about 1 for a film like them.
    changed : mapping of FilmChange to float
        The same distance for the film after each change.
    lung_fraction : float
        Share of the film that is lung.
    """

    distance: float
    changed: Mapping[FilmChange, float]
    lung_fraction: float

    def better_change(self, limit: float) -> FilmChange | None:
        """Return the change that makes the film a chest film nearer than it is now, if one does."""
        nearer = {
            change: distance
            for change, distance in self.changed.items()
            if distance < BETTER_BY * self.distance and distance <= limit
        }
        return min(nearer, key=nearer.__getitem__) if nearer else None
