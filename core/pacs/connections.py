"""Whether the archive answers, each way by which it is set to be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.domain.archive import ArchiveSettings
from core.errors import ArchiveError
from core.language.words import msg
from core.pacs import dimse
from core.pacs.dicomweb import DicomWebArchive


@dataclass(frozen=True, slots=True)
class Answer:
    """What one way answered, in a sentence."""

    way: str
    works: bool
    sentence: str


def ask_all(settings: ArchiveSettings) -> list[Answer]:
    """Return what each way answers; empty where no way is set."""
    ways: list[tuple[str, Callable[[], str]]] = []
    if settings.dicomweb:
        ways.append(("DICOMweb", lambda: _test_dicomweb(settings.dicomweb)))
    if settings.host:
        ways.append(("DICOM", lambda: dimse.echo(settings)))
    if settings.fhir:
        ways.append(("FHIR", lambda: _test_fhir(settings.fhir)))
    if settings.folder:
        ways.append((msg("folder"), lambda: _test_folder(settings.folder)))
    return [_answer(way, ask) for way, ask in ways]


def _answer(way: str, ask: Callable[[], str]) -> Answer:
    try:
        return Answer(way, True, ask())
    except ArchiveError as exc:
        return Answer(way, False, str(exc))


def _test_dicomweb(address: str) -> str:
    with DicomWebArchive(address) as archive:
        return archive.test()


def _test_fhir(address: str) -> str:
    try:
        answer = httpx.get(f"{address.rstrip('/')}/metadata", timeout=20.0)
        answer.raise_for_status()
        kind = answer.json().get("resourceType")
    except (httpx.HTTPError, ValueError) as exc:
        raise ArchiveError(
            msg(
                "{address} does not answer as FHIR: check the address, and that it runs.",
                address=address,
            )
        ) from exc
    if kind != "CapabilityStatement":
        raise ArchiveError(
            msg("{address} does not answer as FHIR: check the address.", address=address)
        )
    return msg("{address} answers as FHIR.", address=address)


def _test_folder(folder: str) -> str:
    if not Path(folder).is_dir():
        raise ArchiveError(
            msg("The folder {folder} is not there: make it, or name another.", folder=folder)
        )
    return msg("{folder} is there.", folder=folder)
