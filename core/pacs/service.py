"""The process that exchanges films and reports with the archive, one thread a way.

Settings are looked at again in every round, so that a change needs no restart. What is not finished
when the process ends is found again by the next one: films that the archive offers are asked for
again, a film that was being received is sent again, files stay in the watched folder, and reports
stand in the database until they have arrived.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from core.domain.archive import ArchiveSettings, ArrivalState
from core.domain.model import SiteSetting
from core.domain.regions import Explanation, ExplanationSettings
from core.domain.review import ReviewRecord
from core.errors import ArchiveError, FirstReadError, ReviewStoreError
from core.imaging.display import DisplayedFilm
from core.jobs.batch import UploadedFilm
from core.jobs.film_pool import FilmPool
from core.jobs.film_reports import ReportSource, Stopped
from core.jobs.film_worker import EngineFiles, FilmWork, InputShape
from core.jobs.monitoring import check_due, read_along, shadow_run, watch_run
from core.language.words import msg
from core.observability.metrics import REGISTRY, exposition, timed_explanation
from core.observability.probes import Probes, ProbeServer
from core.observability.site_metrics import Served, open_site_metrics
from core.pacs.dicomweb import DicomWebArchive
from core.pacs.dimse import Receiver
from core.pacs.intake import FOLDER, Intake
from core.pacs.outbox import FAULT, Outbox
from core.pipeline import Engine, Explainable, explain_film, open_healthy
from core.reads.signing import utc_now
from core.runs.store import export_identity
from core.settings import get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.monitoring import SqlMonitoring
from core.store.served_runs import note_served_run

FETCH_EVERY_S, SEND_EVERY_S, LOOK_EVERY_S, SEEN_EVERY_S = 10.0, 2.0, 2.0, 5.0
WATCH_EVERY_S = 60.0
SETTLED_S = 2.0
"""A file in the watched folder that was not written to for so long is taken as whole."""

LATE_S = 30.0
"""A service that has not been seen for so long is taken as ended."""

DICOMWEB, DICOM, READING, REPORTS = "DICOMweb", "DICOM", "reading", "reports"
WATCHING = "weekly check"
_FOLDERS = {
    ArrivalState.KEPT: "taken",
    ArrivalState.LEFT_OUT: "left out",
    ArrivalState.REFUSED: "refused",
}
_log = logging.getLogger(__name__)


class ArchiveService:
    """Exchanges films and reports with the archive until it is stopped.

    Parameters
    ----------
    files : EngineFiles
        The run and the gate that read the films, for worker processes.
    served : callable
        Names the run that is to serve: where it is another, the service ends to begin again.
    setting : callable, optional
        Returns by which setting of the site it is to read; as ``served``.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        files: EngineFiles,
        served: Callable[[], str],
        setting: Callable[[], SiteSetting | None] | None = None,
    ) -> None:
        run = engine.classifier.run_record
        note_served_run(
            database,
            run_id=run.run_id,
            threshold=run.operating_point.threshold,
            export_sha256=export_identity(run),
        )
        self._films = open_films(database, get_settings())
        self._archive = SqlArchive(database)
        self._pool = FilmPool()
        self._serving = files.run_id, files.site
        self._served, self._setting = served, setting or (lambda: files.site)
        self._engine, self._identity = engine, files.identity
        self._intake = Intake(self._archive, self._films, self._pool, files)
        source = report_source(database, engine, files, self._pool)
        self._outbox = Outbox(self._archive, self._films, source)
        self._stopped, self._again = threading.Event(), False
        self._said: dict[str, str] = {}
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._database, self._threads = database, list[threading.Thread]()
        reads = Served(files.models, files.run_id, files.identity)
        site = open_site_metrics(self._films, lambda: reads)
        self._probes = Probes(self._check, lambda: exposition((REGISTRY, site)))

    def run(self) -> bool:
        """Work until `stop` is called; what is under way then is finished.

        Returns
        -------
        bool
            Whether it is to begin again, for another run serves.
        """
        ways = (
            (DICOMWEB, FETCH_EVERY_S, self._fetch),
            (FOLDER, LOOK_EVERY_S, self._look),
            (READING, LOOK_EVERY_S, self._read),
            (REPORTS, SEND_EVERY_S, self._send),
            (WATCHING, WATCH_EVERY_S, self._watch),
        )
        self._threads = [
            threading.Thread(target=self._repeat, args=way, name=f"archive-{way[0]}")
            for way in ways
        ]
        port = get_settings().archive_metrics_port
        address = str(get_settings().archive_listen)
        server = ProbeServer(self._probes, port, address) if port else None
        for thread in self._threads:
            thread.start()
        try:
            self._listen()
        finally:
            self._stopped.set()
            for thread in self._threads:
                thread.join()
            if server is not None:
                server.close()
            self._pool.close()
        return self._again

    def _check(self) -> None:
        """Find out whether films and reports can go their ways; raises FirstReadError if not."""
        if not self._database.status().up_to_date:
            raise ReviewStoreError(msg("The database is at another revision: migrate it."))
        if self._stopped.is_set() or not all(one.is_alive() for one in self._threads):
            raise ArchiveError(msg("The service is ending."))

    def stop(self) -> None:
        """Let the work end."""
        self._stopped.set()

    def _repeat(self, way: str, every_s: float, work: Callable[[ArchiveSettings], str]) -> None:
        while not self._stopped.is_set():
            try:
                self._said[way] = work(self._archive.settings)
            except FirstReadError as exc:
                self._said[way] = str(exc)
            except Exception:  # noqa: BLE001 - one way's fault must not end the others
                _log.exception("a way of the archive failed", extra={"way": way})
                self._said[way] = FAULT
            self._stopped.wait(every_s)

    # --- films that come --------------------------------------------------------------------------

    def _fetch(self, settings: ArchiveSettings) -> str:
        """Fetch the archive's new films; return in a sentence how far that came."""
        if not settings.fetch:
            return ""
        with DicomWebArchive(settings.dicomweb) as archive:
            taken = sum(
                self._fetch_kind(archive, modality, settings)
                for modality in settings.modalities or ("",)
            )
        clock = f"{utc_now():%H:%M:%S}"
        return msg("Asked at {time} UTC; {taken} new.", time=clock, taken=taken)

    def _fetch_kind(
        self, archive: DicomWebArchive, modality: str, settings: ArchiveSettings
    ) -> int:
        """Fetch the new films of a modality; return how many came."""
        taken = 0
        today = utc_now().astimezone().date()
        for page in archive.find(modality, settings.fetch_days, today):
            keys = {self._intake.key_of(one.instance_uid): one for one in page}
            done = self._archive.known([*keys]) | self._archive.resting([*keys])
            for key, found in keys.items():
                if self._stopped.is_set():
                    return taken
                if key in done:
                    continue
                try:
                    content = archive.fetch(found, get_settings().max_film_mb * 1_000_000)
                except ArchiveError as exc:
                    self._archive.note_arrival(key, DICOMWEB, ArrivalState.WAITING, str(exc))
                    raise
                self._take(content, found.instance_uid, DICOMWEB, settings)
                taken += 1
        return taken

    def _take(
        self, content: bytes, instance_uid: str, way: str, settings: ArchiveSettings
    ) -> ArrivalState:
        """Take a film; a fault of ours with one refuses it, and holds up no other."""
        try:
            return self._intake.take(content, instance_uid, way, settings)
        except FirstReadError:
            raise
        except Exception:  # noqa: BLE001
            _log.exception("a film of the archive could not be taken")
            key = self._intake.key_of(instance_uid or hashlib.sha256(content).hexdigest())
            self._archive.note_arrival(key, way, ArrivalState.REFUSED, FAULT)
            return ArrivalState.REFUSED

    def _listen(self) -> None:
        """Keep the receiver as the settings want it, and note that this process lives."""
        receiver: Receiver | None = None
        address = get_settings().archive_listen
        listening: tuple[object, ...] = ()
        while not self._stopped.is_set():
            try:
                settings = self._archive.settings
                wanted = (
                    (settings.own_aet, settings.receive_port, settings.known_aets)
                    if settings.receive
                    else ()
                )
                if wanted != listening:
                    if receiver is not None:
                        receiver.stop()
                    receiver, listening = None, ()
                    if wanted:
                        receiver = Receiver(settings, self._received, address)
                        receiver.start()
                        listening = wanted
                self._said[DICOM] = settings.receiving_text(address) if listening else ""
                self._archive.note_service(self._name, dict(self._said))
                if (self._served(), self._setting()) != self._serving:
                    self._again = True
                    self._stopped.set()
            except FirstReadError as exc:
                receiver, self._said[DICOM] = None, str(exc)
            self._stopped.wait(SEEN_EVERY_S)
        if receiver is not None:
            receiver.stop()

    def _received(self, content: bytes, instance_uid: str) -> None:
        self._intake.take(content, instance_uid, DICOM, self._archive.settings)

    def _look(self, settings: ArchiveSettings) -> str:
        """Take the files of the watched folder; each moves into a folder that says its fate."""
        if not settings.folder:
            return ""
        folder = Path(settings.folder)
        if not folder.is_dir():
            raise ArchiveError(
                msg("The folder {folder} is not there: make it, or name another.", folder=folder)
            )
        for path in sorted(folder.iterdir()):
            if self._stopped.is_set():
                break
            settled = path.is_file() and time.time() - path.stat().st_mtime >= SETTLED_S
            if not settled or path.name.startswith("."):
                continue
            try:
                state = self._take(path.read_bytes(), "", FOLDER, settings)
                place = folder / _FOLDERS[state]
                place.mkdir(exist_ok=True)
                path.replace(place / path.name)
            except OSError as exc:
                raise ArchiveError(
                    msg(
                        "{name} cannot be read or moved ({error}): give First Read "
                        "the right to it and its folder.",
                        name=path.name,
                        error=exc.strerror,
                    )
                ) from exc
        clock = f"{utc_now():%H:%M:%S}"
        return msg("Looked at {time} UTC.", time=clock)

    def _read(self, settings: ArchiveSettings) -> str:
        """Read what was kept and not read: this process was ended, or another run serves."""
        if settings.takes_films:
            self._intake.read_waiting(self._stopped.is_set)
        return ""

    def _watch(self, _settings: ArchiveSettings) -> str:
        """Check the weeks that are over, and let the run that reads along read new films."""
        watched = watch_run(self._database, self._engine.classifier.run_record, self._identity)
        if watched is not None:
            check_due(SqlMonitoring(self._database), watched, utc_now())
        shadow = shadow_run(self._database, get_settings(), self._engine)
        if shadow is not None:
            stopped = self._stopped.is_set
            read_along(self._films, self._pool, shadow, self._identity, utc_now, stopped)
        return ""

    # --- reports that go back ---------------------------------------------------------------------

    def _send(self, settings: ArchiveSettings) -> str:
        if not settings.sends_reports:
            return ""
        since = self._archive.sends_signed_since()
        if since is not None:
            self._archive.ask_for_signed(since)
        return self._outbox.send_due(settings)


def report_source(
    database: Database, engine: Engine, files: EngineFiles, pool: FilmPool
) -> ReportSource:
    """Return where reports come from outside of the app: films are decoded by the pool's workers.

    Raises
    ------
    ModelError
        If the network that draws healthy lungs cannot be opened.
    """
    settings, run = get_settings(), engine.classifier.run_record
    healthy = open_healthy(settings.models, settings.inference_threads)
    explainable = Explainable(engine.classifier, healthy)

    def work_on(film: UploadedFilm, **wanted: Any) -> FilmWork:
        return FilmWork(film.content, files, film.name, film.inverted, turn=film.turn, **wanted)

    def decode(film: UploadedFilm, stopped: Stopped) -> DisplayedFilm:
        shown = pool.do(work_on(film, display=True), cancelled=stopped).shown
        assert shown is not None
        return shown

    def explain(film: UploadedFilm, settings: ExplanationSettings, stopped: Stopped) -> Explanation:
        shape = InputShape(run.input_px, run.cropped_to_lungs)
        prepared = pool.do(work_on(film, shape=shape), cancelled=stopped).prepared
        assert prepared is not None
        with timed_explanation():
            return explain_film(prepared, explainable, settings)

    return ReportSource(engine, database, decode, explain)


def write_report(
    database: Database, engine: Engine, files: EngineFiles, signed: ReviewRecord
) -> dict[str, bytes]:
    """Return a signed read's DICOM objects and FHIR report by the names of their files.

    Raises
    ------
    FilmStoreError, RadiographError, ReviewStoreError
        If the film is not kept, or the report cannot be made.
    """
    archive, films = SqlArchive(database), open_films(database, get_settings())
    with closing(FilmPool(slots=1)) as pool:
        outbox = Outbox(archive, films, report_source(database, engine, files, pool))
        return outbox.files_of(signed)
