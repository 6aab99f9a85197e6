"""The films of a site that wait to be read, are read, or were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.model import Prediction
from core.domain.origin import FilmOrigin
from core.domain.quality import QualityReport
from core.language.words import Message, msg


class FilmStatus(StrEnum):
    """How far the reading of a film has come."""

    NEW = "new"
    BEING_READ = "being read"
    FIRST_LOCKED = "first read locked"
    SIGNED = "signed"
    DISPUTED = "disputed"
    REFUSED = "refused"
    DISMISSED = "not a chest film"


_STATUSES: Mapping[FilmStatus, Message] = {
    FilmStatus.NEW: msg("new"),
    FilmStatus.BEING_READ: msg("being read"),
    FilmStatus.FIRST_LOCKED: msg("first read locked"),
    FilmStatus.SIGNED: msg("signed"),
    FilmStatus.DISPUTED: msg("disputed"),
    FilmStatus.REFUSED: msg("refused"),
    FilmStatus.DISMISSED: msg("not a chest film"),
}


def status_words(status: FilmStatus) -> Message:
    """Return a film's status in words."""
    return _STATUSES[status]


class Arrival(StrEnum):
    """How a film came in."""

    UPLOAD = "upload"
    FOLDER = "folder"
    PACS = "PACS"


_ARRIVALS: Mapping[Arrival, Message] = {
    Arrival.UPLOAD: msg("upload"),
    Arrival.FOLDER: msg("folder"),
    Arrival.PACS: msg("PACS"),
}


def arrival_words(arrival: Arrival) -> Message:
    """Return how a film came in, in words."""
    return _ARRIVALS[arrival]


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Who says of a refused picture that it is no chest film."""

    reader: str
    noted_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class ArrivingFilm:
    """A film that is to be kept.

    Attributes
    ----------
    film_sha256 : str
        Of the file as it came, before anything was taken out of it.
    content : bytes
        The file without what names a patient.
    patient : str
        A keyed hash of the patient number; empty where the file states none.
    taken_at : datetime or None
        When the film was taken, moved by a span that is the same for all films of a patient.
    burned_in : bool
        Whether the file says that writing is burned into the picture.
    origin : FilmOrigin or None
        Whom the file names, kept encrypted so that a report can go back; None where the site keeps
        none.
    """

    film_sha256: str
    name: str
    content: bytes
    patient: str = ""
    taken_at: datetime | None = None
    burned_in: bool = False
    origin: FilmOrigin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MachineReading:
    """What gate and model said of a film, or the sentence that says why they could not read it.

    Attributes
    ----------
    identity : str
        Of run and gate, from `core.runs.store.reading_identity`.
    """

    identity: str
    thumbnail: bytes = b""
    height_px: int = 0
    width_px: int = 0
    source_format: str = ""
    quality: QualityReport | None = None
    prediction: Prediction | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class WorklistFilm:
    """One film of the worklist, without its pixels.

    Attributes
    ----------
    added_by : str
        Who added it.
    claimed_by : str
        Who reads it until ``claimed_until``; empty if nobody does.
    quarter_turns : int
        Turns by 90 degrees to the left that a reader asked for, 0 to 3.
    has_file : bool
        False for a file that held no film and was not kept.
    reading : MachineReading or None
        None until the film has been read by the machine.
    """

    film_sha256: str
    name: str
    arrived_at: datetime
    arrival: Arrival
    added_by: str
    status: FilmStatus
    patient: str = ""
    taken_at: datetime | None = None
    burned_in: bool = False
    inverted: bool = False
    quarter_turns: int = 0
    claimed_by: str = ""
    claimed_until: datetime | None = None
    has_file: bool = True
    reading: MachineReading | None = None


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """Which films are asked for.

    Attributes
    ----------
    statuses : tuple of FilmStatus
        None of them: all films that are not signed, and those that were signed today.
    every : bool
        Every film, whatever its status.
    words : str
        Part of the name, or the beginning of the film's hash.
    arrival : Arrival or None
        Of any kind if None.
    since : datetime or None
        Films that arrived then or later.
    tells_disputes : bool
        Whether disputed films are told from signed ones: they tell what others and the model said.
    by_suspicion : bool
        Whether the most suspicious film comes first, and else the one that waits longest.
    """

    statuses: tuple[FilmStatus, ...] = ()
    every: bool = False
    words: str = ""
    arrival: Arrival | None = None
    since: datetime | None = None
    tells_disputes: bool = True
    by_suspicion: bool = False
