"""Reports on their way back to the archive: made when they are sent, and tried again until there.

An object of a read has the same UID each time, so that a report that was sent twice is one report.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import httpx

from core.domain.archive import ArchiveSettings, Route, Sending
from core.domain.regions import SETTINGS, ExplanationSettings, LimeSettings, Way
from core.domain.review import ReviewRecord
from core.errors import (
    ArchiveError,
    FilmGone,
    FilmStoreError,
    FirstReadError,
    ReviewStoreError,
)
from core.imaging.dicom.origin import read_origin
from core.imaging.dicom.reader import looks_like_dicom
from core.jobs.batch import UploadedFilm
from core.jobs.film_reports import ReportSource, make_report
from core.jobs.kept_films import as_uploaded
from core.language.current import using
from core.language.words import msg
from core.pacs import dimse
from core.pacs.dicomweb import DicomWebArchive
from core.reads.reported import reads_to_report
from core.reports.dicom.objects import write_objects
from core.reports.fhir import write_fhir
from core.reports.film_report import FilmReport
from core.settings import get_settings
from core.store.archive import SqlArchive
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

NO_STUDY = msg(
    "The film's study is not known here, so its report cannot find its way back. "
    "Films that come from the archive can be reported."
)
FAULT = msg("A fault in First Read: it stands in the service's log.")
_log = logging.getLogger(__name__)


class Outbox:
    """Sends the reports that are due.

    Parameters
    ----------
    source : ReportSource
        What reports are made of.
    """

    def __init__(self, archive: SqlArchive, films: SqlFilms, source: ReportSource) -> None:
        self._archive, self._films, self._source = archive, films, source
        self._reads = SqlReviewStore(films.database)

    def send_due(self, settings: ArchiveSettings) -> str:
        """Send what is due, and return in a sentence what stands in the way; empty if nothing."""
        said = ""
        for sending in self._archive.due():
            try:
                self._send(sending, settings)
            except ArchiveError as exc:
                self._archive.note_unsent(sending.record_id, str(exc))
                said = str(exc)
            except FirstReadError as exc:
                # A cause lies outside of the report: a locked database, a bucket that is away.
                passes = exc.__cause__ is not None and not isinstance(exc, FilmGone)
                self._archive.note_unsent(sending.record_id, str(exc), refused=not passes)
            except Exception:  # noqa: BLE001 - one report's fault must not hold up the others
                _log.exception("a report for the archive could not be made")
                self._archive.note_unsent(sending.record_id, FAULT, refused=True)
                said = FAULT
            else:
                self._archive.note_sent(sending.record_id)
        return said

    def files_of(self, signed: ReviewRecord) -> dict[str, bytes]:
        """Return a signed read's report as files, by their names, in the site's language.

        Raises
        ------
        FilmStoreError, RadiographError, ReviewStoreError
            If the film is not kept, or the report cannot be made.
        """
        shown = not signed.score_held_back
        with using(get_settings().report_language):
            report, film = self._report(signed.film_sha256, signed.record_id, score_shown=shown)
            content, origin = film.content, self._films.origin(signed.film_sha256)
            files = {"report.fhir.json": write_fhir(report, origin).encode()}
            if not looks_like_dicom(content):
                return files
            return files | write_objects(report, content, origin or read_origin(content)).files

    def _send(self, sending: Sending, settings: ArchiveSettings) -> None:
        objects, fhir = self._written(sending)
        if settings.send is not Route.NONE:
            if settings.send is Route.DICOMWEB:
                with DicomWebArchive(settings.dicomweb) as archive:
                    archive.store(objects)
            else:
                dimse.send(settings, objects)
        if settings.fhir:
            send_fhir(settings.fhir, fhir)

    def _written(self, sending: Sending) -> tuple[list[bytes], str]:
        """Return a report as DICOM objects and as FHIR, in the language it was asked for in."""
        sha256, shown = sending.film_sha256, sending.score_shown
        with using(sending.language):
            report, film = self._report(sha256, sending.record_id, score_shown=shown)
            origin = self._films.origin(sha256)
            if origin is None or not origin.is_whole:
                raise FilmStoreError(NO_STUDY)
            objects = write_objects(report, film.content, origin).files.values()
            return list(objects), write_fhir(report, origin)

    def _report(
        self, film_sha256: str, record_id: str, *, score_shown: bool
    ) -> tuple[FilmReport, UploadedFilm]:
        kept = self._films.find(film_sha256)
        if kept is None:
            raise FilmStoreError(
                msg("The film is not kept any more, so its report cannot be made.")
            )
        history = self._reads.history(film_sha256)
        signed = next((one for one in history if one.record_id == record_id), None)
        if signed is None:
            raise ReviewStoreError(msg("There is no such read."))
        reads = reads_to_report(history, signed.reader, read_first=get_settings().read_first)
        if reads.signed.record_id != record_id:
            raise ReviewStoreError(msg("The read was corrected since: the newer one is reported."))
        film = as_uploaded(kept, self._films)
        settings = regions_by(self._source)
        report = make_report(self._source, film, reads, settings, score_shown=score_shown)
        return report, film


def regions_by(source: ReportSource) -> ExplanationSettings:
    """Return how a report's regions are found: by evidence where the run has it, else by LIME."""
    if source.engine.classifier.has_evidence:
        return SETTINGS[Way.CAM]
    usual = SETTINGS[Way.LIME]
    assert isinstance(usual, LimeSettings)
    return replace(usual, samples=get_settings().lime_samples)


def send_fhir(address: str, report: str) -> None:
    """Put a report on a FHIR server, under its own id: sent again it replaces itself.

    Raises
    ------
    ArchiveError
        If the server does not answer, or does not take it.
    """
    token = get_settings().fhir_token.get_secret_value()
    headers = {"Content-Type": "application/fhir+json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    where = f"{address.rstrip('/')}/DiagnosticReport/{json.loads(report)['id']}"
    try:
        answer = httpx.put(where, content=report.encode(), headers=headers, timeout=20.0)
    except httpx.HTTPError as exc:
        raise ArchiveError(
            msg(
                "{address} does not answer: check that it runs and that this machine reaches it.",
                address=address,
            )
        ) from exc
    if answer.is_error:
        raise ArchiveError(
            msg(
                "{address} does not take a report (fault {code}): ask who runs it.",
                address=address,
                code=answer.status_code,
            )
        )
