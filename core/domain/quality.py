"""What the quality gate finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.film import Turn
from core.language.words import Message, msg


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

    @property
    def score_on_request(self) -> bool:
        """True for an adult: the score is shown only where a reader asks for it."""
        return any(f.code == ADULT for f in self.findings)

    @property
    def of_others(self) -> bool:
        """True for a stated age at which regions were found not to point at disease.

        An age that is not stated raises no doubt: the public films state none.
        """
        return any(
            f.code == ADULT or (f.code == POPULATION and f.severity is not Severity.NOTE)
            for f in self.findings
        )

    @property
    def turn(self) -> Turn:
        """How the reader had turned the film before it was read."""
        degrees = sum(f.measured or 0.0 for f in self.findings if f.code == TURNED_BY_READER)
        return Turn.of(round(degrees / 90.0))

    @property
    def turn_asked(self) -> Turn:
        """What would bring a film upright that was refused for how it lies.

        The finding's sentence names it, so that a reading that was kept still tells.
        """
        told = " ".join(f.message for f in self.findings if f.code == ORIENTATION)
        return next((change.turn for change in FilmChange if change.value in told), Turn.NONE)


ORIENTATION = "orientation"
"""Code of the finding on a film that does not lie upright."""

TURNED_BY_READER = "turned"
"""Code of the note on a film that its reader turned; it measures the degrees to the left."""

_TURNED: Mapping[Turn, Message] = {
    Turn.LEFT: msg("The reader turned the film left by 90 degrees before this read."),
    Turn.OVER: msg("The reader turned the film by 180 degrees before this read."),
    Turn.RIGHT: msg("The reader turned the film right by 90 degrees before this read."),
}


def turned_finding(turn: Turn) -> Finding:
    """Return the note on a film that its reader turned."""
    return Finding(TURNED_BY_READER, Severity.NOTE, 90.0 * turn.quarters, None, _TURNED[turn])


INVERTED_BY_READER = Finding(
    "inverted",
    Severity.NOTE,
    None,
    None,
    msg("Black and white were exchanged by the reader before this read."),
)


POPULATION, ADULT, PROJECTION = "population", "adult", "projection"
"""Codes of findings on whom a film shows and how it was taken; they stand beside the score."""


_REFUSALS: Mapping[str, Message] = {
    "not_chest": msg("not recognised as a frontal chest film"),
    "view": msg("not a frontal view"),
    "body_part": msg("another part of the body"),
    "modality": msg("not an X-ray picture"),
    "lung_area": msg("too little or too much lung"),
    ORIENTATION: msg("not upright"),
    "polarity": msg("black and white exchanged"),
    "incomplete": msg("a part of the film is missing"),
    "resolution": msg("too few pixels"),
    "aspect_ratio": msg("too long or too wide"),
    "blank": msg("blank"),
    "colour": msg("a colour picture"),
}


def refusal_words(code: str) -> Message | str:
    """Return in words why a film was refused, by the code of the finding."""
    return _REFUSALS.get(code, code)


class ShownView(StrEnum):
    """What a film seems to show; the values stand in the view network's record."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    OBLIQUE = "oblique"
    TRUNK = "trunk"
    ABDOMEN = "abdomen"
    PELVIS = "pelvis"
    SLICE = "coronal"
    PART = "part"
    TURNED = "turned"
    INVERTED = "inverted"


BETTER_BY = 0.9
"""A changed film must be nearer than this share of the distance as it is: films that really are
inverted come to 0.81 of it or less on validation patients."""


class FilmChange(StrEnum):
    """A change that would bring a wrongly exported film right; kept sentences hold the values."""

    INVERT = "black and white exchanged"
    TURN_LEFT = "turned left by 90 degrees"
    TURN_OVER = "turned by 180 degrees"
    TURN_RIGHT = "turned right by 90 degrees"

    @property
    def turn(self) -> Turn:
        """How the film is turned by it."""
        turns = {
            FilmChange.TURN_LEFT: Turn.LEFT,
            FilmChange.TURN_OVER: Turn.OVER,
            FilmChange.TURN_RIGHT: Turn.RIGHT,
        }
        return turns.get(self, Turn.NONE)


_CHANGES: Mapping[FilmChange, Message] = {
    FilmChange.INVERT: msg("black and white exchanged"),
    FilmChange.TURN_LEFT: msg("turned left by 90 degrees"),
    FilmChange.TURN_OVER: msg("turned by 180 degrees"),
    FilmChange.TURN_RIGHT: msg("turned right by 90 degrees"),
}


def change_words(change: FilmChange) -> Message:
    """Return a change in words."""
    return _CHANGES[change]


UPRIGHT_LIMIT = 0.1
"""Below this probability of a turned or inverted film, no other film is called one."""


@dataclass(frozen=True, slots=True)
class ViewEvidence:
    """What is known of a film's view.

    Attributes
    ----------
    second_lung : float
        Size of the lung mask's second-largest piece over that of its largest; 0 without one.
    likeness : mapping of ShownView to float
        Probability of each view, by the view network; empty where it was not asked.
    least_frontal : float
        Smallest probability of a frontal view that a frontal film gets.
    """

    second_lung: float = 1.0
    likeness: Mapping[ShownView, float] = field(default_factory=dict)
    least_frontal: float = 0.0

    @property
    def frontal(self) -> float:
        """Probability of a frontal view; 1 where the network was not asked."""
        return self.likeness.get(ShownView.FRONTAL, 1.0)

    @property
    def seems(self) -> ShownView:
        """What the film shows most likely, if it is not frontal."""
        others = {view: p for view, p in self.likeness.items() if view is not ShownView.FRONTAL}
        return max(others, key=others.__getitem__, default=ShownView.LATERAL)

    @property
    def upright(self) -> bool:
        """Whether the network is sure that the film is neither turned nor inverted."""
        turned = sum(self.likeness.get(v, 0.0) for v in (ShownView.TURNED, ShownView.INVERTED))
        return bool(self.likeness) and turned < UPRIGHT_LIMIT


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is missing of a film.

    Attributes
    ----------
    rows, columns : float
        Share of the film's height, or width, that its widest missing band takes.
    boxed : float
        Share of the film under opaque boxes over the chest.
    """

    rows: float = 0.0
    columns: float = 0.0
    boxed: float = 0.0


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """What was measured on one film.

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
    view: ViewEvidence = field(default_factory=ViewEvidence)
    gaps: Gaps = field(default_factory=Gaps)

    def better_change(self, limit: float) -> FilmChange | None:
        """Return the change that makes the film a chest film nearer than it is now, if one does."""
        nearer = {
            change: distance
            for change, distance in self.changed.items()
            if distance < BETTER_BY * self.distance and distance <= limit
        }
        return min(nearer, key=nearer.__getitem__) if nearer else None
