"""The hospital's archive (PACS): how it is reached, what is fetched, what goes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from core.errors import ArchiveError
from core.language.words import Message, msg


class Route(StrEnum):
    """How objects reach the archive."""

    NONE = "none"
    DICOMWEB = "DICOMweb"
    DIMSE = "DICOM"


CHEST_WORDS = ("CHEST", "THORAX", "LUNG", "RIBS")
MODALITIES = ("CR", "DX", "DR", "RG")


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How this site's archive is reached, as an administrator set it.

    Passwords and tokens are no part of it: they come from the environment.

    Attributes
    ----------
    dicomweb : str
        Base address of its DICOMweb service; empty if it has none.
    host, port, called_aet : str, int, str
        Where it listens for DICOM (C-ECHO, C-STORE).
    own_aet : str
        What First Read calls itself, and is called.
    fetch : bool
        Whether new films are asked for over DICOMweb.
    fetch_days : int
        Films of studies of so many days, today's among them.
    receive : bool
        Whether First Read listens for films that the archive sends.
    receive_port : int
        Where.
    known_aets : tuple of str
        Who may send; empty: everybody who reaches the port.
    folder : str
        A folder that is watched for films; empty for none.
    modalities, body_parts : tuple of str
        What is taken, as the files state it. A film that states no body part is taken.
    least_years, most_years : float
        Ages that are taken. A film that states no age is taken.
    send : Route
        How reports go back.
    send_on_signing : bool
        Whether that happens without being asked.
    fhir : str
        Base address of a FHIR server that takes the report too; empty for none.
    """

    dicomweb: str = ""
    host: str = ""
    port: int = 104
    called_aet: str = "ANY-SCP"
    own_aet: str = "FIRSTREAD"
    fetch: bool = False
    fetch_days: int = 2
    receive: bool = False
    receive_port: int = 11112
    known_aets: tuple[str, ...] = ()
    folder: str = ""
    modalities: tuple[str, ...] = MODALITIES
    body_parts: tuple[str, ...] = CHEST_WORDS
    least_years: float = 0.0
    most_years: float = 18.0
    send: Route = Route.NONE
    send_on_signing: bool = False
    fhir: str = ""

    def __post_init__(self) -> None:
        if not _is_aet(self.own_aet):
            raise ArchiveError(
                msg(
                    "The own AE title {title!r} is not 1 to 16 plain letters: correct it.",
                    title=self.own_aet,
                )
            )
        if not _is_aet(self.called_aet):
            raise ArchiveError(
                msg(
                    "The archive's AE title {title!r} is not 1 to 16 plain letters: correct it.",
                    title=self.called_aet,
                )
            )
        for name, address in (("DICOMweb", self.dicomweb), ("FHIR", self.fhir)):
            if address and not address.startswith(("http://", "https://")):
                raise ArchiveError(
                    msg(
                        "The {protocol} address {address!r} does not begin with http:// or "
                        "https://: correct it.",
                        protocol=name,
                        address=address,
                    )
                )
        if not all(0 < port < 65536 for port in (self.port, self.receive_port)):
            raise ArchiveError(msg("A port is a number from 1 to 65535: correct it."))
        if self.least_years > self.most_years:
            raise ArchiveError(msg("The least age is above the most: exchange them."))
        if self.fetch and not self.dicomweb:
            raise ArchiveError(msg("Films are fetched over DICOMweb: state its address."))
        if self.send is Route.DICOMWEB and not self.dicomweb:
            raise ArchiveError(msg("Reports are to go back over DICOMweb: state its address."))
        if self.send is Route.DIMSE and not self.host:
            raise ArchiveError(msg("Reports are to go back over DICOM: state the archive's host."))

    def receiving_text(self, address: IPv4Address) -> Message:
        """Return in a sentence where films are received, and from whom.

        Parameters
        ----------
        address : IPv4Address
            On which the service listens.
        """
        place = {"address": str(address), "port": self.receive_port, "title": self.own_aet}
        if self.known_aets:
            return msg(
                "Listens on {address}:{port} as {title}, only from {senders}.",
                senders=", ".join(self.known_aets),
                **place,
            )
        if address.is_loopback:
            return msg(
                "Listens on {address}:{port} as {title}, from every program of this machine, and "
                "from no other machine.",
                **place,
            )
        return msg(
            "Listens on {address}:{port} as {title}, from everybody who reaches the port: name "
            "under Who may send whose films are taken.",
            **place,
        )

    @property
    def takes_films(self) -> bool:
        """Whether films come in at all."""
        return self.fetch or self.receive or bool(self.folder)

    @property
    def sends_reports(self) -> bool:
        """Whether reports go back at all."""
        return self.send is not Route.NONE or bool(self.fhir)


def _is_aet(title: str) -> bool:
    return 0 < len(title) <= 16 and title.isascii() and "\\" not in title


@dataclass(frozen=True, slots=True)
class SetArchive:
    """Settings that a person put into force."""

    settings: ArchiveSettings
    set_by: str
    set_at: datetime


class ArrivalState(StrEnum):
    """What became of a film that the archive offered or sent."""

    WAITING = "waiting"
    KEPT = "taken"
    LEFT_OUT = "left out"
    REFUSED = "refused"


_ARRIVED: Mapping[ArrivalState, Message] = {
    ArrivalState.WAITING: msg("waiting"),
    ArrivalState.KEPT: msg("taken"),
    ArrivalState.LEFT_OUT: msg("left out"),
    ArrivalState.REFUSED: msg("refused"),
}


def arrival_state_words(state: ArrivalState) -> Message:
    """Return in words what became of a film of the archive."""
    return _ARRIVED[state]


@dataclass(frozen=True, slots=True)
class ArchiveArrival:
    """One film of the archive.

    Attributes
    ----------
    instance : str
        Keyed hash of its SOP Instance UID.
    source : str
        How it came: DICOMweb, DICOM or folder.
    reason : str
        Why it was left out or refused, or why it still waits; empty otherwise.
    """

    instance: str
    source: str
    state: ArrivalState
    reason: str
    attempts: int
    noted_at: datetime
    film_sha256: str = ""


class SendingState(StrEnum):
    """How far a report has come on its way to the archive."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


_SENT: Mapping[SendingState, Message] = {
    SendingState.WAITING: msg("waiting"),
    SendingState.SENT: msg("sent"),
    SendingState.REFUSED: msg("refused"),
}


def sending_state_words(state: SendingState) -> Message:
    """Return in words how far a report has come."""
    return _SENT[state]


@dataclass(frozen=True, slots=True)
class Sending:
    """A signed read whose report is to reach the archive.

    Attributes
    ----------
    language : str
        Of the report: a code of `core.language.current.LANGUAGES`.
    """

    record_id: str
    film_sha256: str
    state: SendingState
    reason: str
    attempts: int
    asked_by: str
    asked_at: datetime
    next_at: datetime
    done_at: datetime | None
    score_shown: bool
    language: str
