"""Films of the archive become films of the worklist: chosen, kept, read, none of them twice."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable

from core.domain.archive import ArchiveSettings, ArrivalState
from core.domain.reader import Reader, Role
from core.domain.worklist import Arrival
from core.errors import FilmGone, FirstReadError, RadiographError
from core.imaging.decoding import check_file_size
from core.imaging.dicom.kind import StatedKind, read_kind
from core.jobs.batch import UploadedFilm
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.jobs.kept_films import as_uploaded, keep_film, note_outcome
from core.language.words import msg
from core.store.archive import SqlArchive, instance_key
from core.store.films.worklist import SqlFilms

ARCHIVE = Reader("Archive", frozenset({Role.ADMIN}))
"""Who adds the archive's films."""

FOLDER = "folder"
"""The source whose files may be pictures: an archive's are DICOM."""

READ_AT_ONCE = 20
NO_FILE_NAME = "Film {}"
_log = logging.getLogger(__name__)


def why_left_out(kind: StatedKind | None, settings: ArchiveSettings) -> str:
    """Return in a sentence why a film is not taken; empty if it is."""
    if kind is None:
        return msg("It is no DICOM file.")
    if settings.modalities and kind.modality not in settings.modalities:
        wanted = ", ".join(settings.modalities)
        modality = kind.modality or msg("not stated")
        return msg(
            "Its modality is {modality}; {wanted} are taken.", modality=modality, wanted=wanted
        )
    part = kind.body_part
    if part and settings.body_parts and not any(one in part for one in settings.body_parts):
        return msg(
            "It shows {part}; films of {parts} are taken.",
            part=part,
            parts=", ".join(settings.body_parts),
        )
    years = kind.years
    if years is not None and not settings.least_years <= years <= settings.most_years:
        return msg(
            "The patient is {years:.0f} years old; {least:g} to {most:g} years are taken.",
            years=years,
            least=settings.least_years,
            most=settings.most_years,
        )
    return ""


class Intake:
    """Takes films from anywhere; it may serve many threads, and keeps one film at a time.

    Parameters
    ----------
    files : EngineFiles
        The run and the gate that read the films.
    """

    def __init__(
        self, archive: SqlArchive, films: SqlFilms, pool: FilmPool, files: EngineFiles
    ) -> None:
        self._archive, self._films, self._pool, self._files = archive, films, pool, files
        self._one = threading.Lock()

    def key_of(self, instance_uid: str) -> str:
        """Return what stands for a film in the list of arrivals."""
        return instance_key(instance_uid, self._films.keyring.secret)

    def take(
        self, content: bytes, instance_uid: str, source: str, settings: ArchiveSettings
    ) -> ArrivalState:
        """Keep a film, and note what became of it.

        Parameters
        ----------
        source : str
            How it came, in a word.

        Raises
        ------
        FirstReadError
            If it cannot be kept now, for a reason that is not the film's: it is to come again.
        """
        with self._one:
            return self._take(content, instance_uid, source, settings)

    def read_waiting(self, stopped: Callable[[], bool]) -> int:
        """Let gate and run read the kept films that nobody has read yet; return how many."""
        read = 0
        for film in self._films.unread(self._files.identity, READ_AT_ONCE):
            if stopped():
                break
            self._read(as_uploaded(film, self._films))
            read += 1
        return read

    def _take(
        self, content: bytes, instance_uid: str, source: str, settings: ArchiveSettings
    ) -> ArrivalState:
        sha256 = hashlib.sha256(content).hexdigest()
        name = NO_FILE_NAME.format(sha256[:8])
        instance = self.key_of(instance_uid or sha256)
        try:
            check_file_size(content, name)
            kind = read_kind(content)
            if kind is not None and not instance_uid:
                instance = self.key_of(kind.instance_uid or sha256)
        except RadiographError as exc:
            return self._note(instance, source, ArrivalState.REFUSED, str(exc))
        if self._archive.known([instance]):
            return ArrivalState.KEPT
        reason = "" if kind is None and source == FOLDER else why_left_out(kind, settings)
        if reason:
            return self._note(instance, source, ArrivalState.LEFT_OUT, reason)
        film = UploadedFilm(sha256, name, content)
        arrival = Arrival.FOLDER if source == FOLDER else Arrival.PACS
        try:
            kept = keep_film(
                film, self._films, self._pool, self._files, ARCHIVE, arrival=arrival,
                keep_origin=True,
            )  # fmt: skip
        except RadiographError as exc:
            return self._note(instance, source, ArrivalState.REFUSED, str(exc), sha256)
        self._note(instance, source, ArrivalState.KEPT, "", sha256)
        self._read(kept)
        return ArrivalState.KEPT

    def _note(
        self, instance: str, source: str, state: ArrivalState, reason: str, sha256: str = ""
    ) -> ArrivalState:
        self._archive.note_arrival(instance, source, state, reason, sha256 or None)
        return state

    def _read(self, film: UploadedFilm) -> None:
        """Let gate and run read a kept film; if that fails now, the app reads it later."""
        if not self._films.begin_reading(film.key):
            return
        try:
            work = FilmWork(
                film.content, self._files, film.name, film.inverted, read=True, key=film.key
            )
            reading = self._pool.do(work).reading
            assert reading is not None
            note_outcome(film, self._films, self._files.identity, reading)
        except (RadiographError, FilmGone) as exc:
            note_outcome(film, self._films, self._files.identity, exc)
        except FirstReadError:
            self._films.stop_reading(film.key)
            _log.warning("a film of the archive is read later", exc_info=True)
