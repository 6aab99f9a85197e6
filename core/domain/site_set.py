"""A set of a site's own films: what was taken, what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.quality import refusal_words
from core.language.words import Message, msg

SITE_PREFIX = "site-"
"""Begins the id of every set, by which addresses and tables know it."""


class SiteKind(StrEnum):
    """Where the films of a set came from."""

    FOLDER = "folder"
    ZIP = "zip file"
    ADDRESS = "address"
    ARCHIVE = "archive"
    READS = "signed reads"


_KINDS: Mapping[SiteKind, Message] = {
    SiteKind.FOLDER: msg("folder"),
    SiteKind.ZIP: msg("zip file"),
    SiteKind.ADDRESS: msg("address"),
    SiteKind.ARCHIVE: msg("archive"),
    SiteKind.READS: msg("signed reads"),
}


def site_kind_words(kind: SiteKind) -> Message:
    """Return in words where films came from."""
    return _KINDS[kind]


class WhyLeftOut(StrEnum):
    """Why a labelled film is no part of its set."""

    NOT_SETTLED = "not settled"
    NOT_LABELLED = "not labelled"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    SAME_FILE = "same file"
    COPY = "copy"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One labelled film that was not taken.

    Attributes
    ----------
    place : int
        Of its file among all files of the place, in the order of their names, from 1.
    detail : str
        For a refused film the code of the finding, for a copy the number of the film that was
        taken, for a film of the training set its id there; else empty.
    """

    place: int
    why: WhyLeftOut
    detail: str = ""

    @property
    def words(self) -> Message:
        """Why it was left out, in a sentence without its end."""
        if self.why is WhyLeftOut.COPY:
            return msg("the same picture as film {number}", number=self.detail)
        if self.why is WhyLeftOut.SAME_FILE:
            return msg("the same file as film {number}", number=self.detail)
        if self.why is WhyLeftOut.LEARNED:
            return msg("the same picture as {film}, which runs have learned from", film=self.detail)
        if self.why is WhyLeftOut.REFUSED:
            return msg(
                "refused by the quality check: {finding}", finding=refusal_words(self.detail)
            )
        return _WHY[self.why]


_WHY: Mapping[WhyLeftOut, Message] = {
    WhyLeftOut.NOT_SETTLED: msg("the readers disagree, and no label settles it"),
    WhyLeftOut.NOT_LABELLED: msg("nobody has labelled it"),
    WhyLeftOut.UNREADABLE: msg("the file cannot be opened as a film"),
}

REASONS: Mapping[WhyLeftOut, Message] = {
    WhyLeftOut.NOT_SETTLED: msg("Readers disagree"),
    WhyLeftOut.NOT_LABELLED: msg("Not labelled"),
    WhyLeftOut.UNREADABLE: msg("Cannot be read"),
    WhyLeftOut.REFUSED: msg("Refused by the quality check"),
    WhyLeftOut.SAME_FILE: msg("Same file twice"),
    WhyLeftOut.COPY: msg("Copy of another film"),
    WhyLeftOut.LEARNED: msg("Film of the training set"),
}
"""What films that are left out for one reason are counted under."""


@dataclass(frozen=True, slots=True)
class SiteFilm:
    """One film of a set, without its pixels.

    Attributes
    ----------
    number : int
        From 1, in the order in which the films were taken.
    film_sha256 : str
        Of the file as it came, by which a film of the worklist is known.
    patient : int
        The same for all films of a patient; it says nothing else.
    patient_key : str
        Keyed hash of the patient number that a DICOM file stated; else empty.
    readers : mapping of str to bool
        By reader, whether they say pneumonia.
    contrast, median_grey, sharpness : float
        As in `core.runs.predictions.FilmTable`.
    findings : str
        Codes of what the quality check found, apart by a space.
    """

    film_id: str
    number: int
    film_sha256: str
    ill: bool
    patient: int
    height_px: int
    width_px: int
    contrast: float
    median_grey: float
    sharpness: float
    findings: str = ""
    readers: Mapping[str, bool] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    patient_key: str = ""


@dataclass(frozen=True, slots=True)
class SiteSet:
    """A set of a site's films.

    Attributes
    ----------
    patients_stated : bool
        Whether labels or files said whose every film is.
    unlabelled, missing : int
        Files without a label, and labels without a file.
    overlap_checked : bool
        Whether the films were held to the training films of the shipped runs.
    films, ill, patients : int
        That the set holds now.
    """

    set_id: str
    name: str
    kind: SiteKind
    added_by: str
    added_at: datetime
    patients_stated: bool
    unlabelled: int
    missing: int
    left_out: tuple[LeftOut, ...]
    overlap_checked: bool
    films: int = 0
    ill: int = 0
    patients: int = 0

    def count_left_out(self) -> dict[WhyLeftOut, int]:
        """Return how many films were left out for each reason, the most frequent first."""
        counted = {why: sum(one.why is why for one in self.left_out) for why in WhyLeftOut}
        found = [(why, n) for why, n in counted.items() if n]
        return dict(sorted(found, key=lambda one: -one[1]))
