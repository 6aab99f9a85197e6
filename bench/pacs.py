"""From the PACS to the worklist and back: how many films and reports go through in a second.

Orthanc, the service and the films are on this machine, so that the network takes no part.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench.app_server import PROJECT_ROOT
from bench.orthanc import Orthanc, chest_film, free_port
from bench.results import Section
from core.domain.archive import ArchiveSettings, ArrivalState, Route, SendingState
from core.domain.reader import OPERATOR, Reader, Role
from core.domain.review import ReviewRecord, Verdict
from core.domain.worklist import WorklistFilm, WorklistFilter
from core.errors import FirstReadError
from core.reads.drafts import Draft
from core.reads.signing import ShownFilm, sign_read
from core.settings import Settings, get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.reads import SqlReviewStore

TITLE = "From the PACS and back"
COMMAND = "python -m bench pacs"
FILMS = 60
PATIENCE_S = 600.0
READER = Reader("Dr. A. Reader", frozenset({Role.LEAD}))


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[None]:
    """Run the archive's service, and end it as an operator does."""
    command = [sys.executable, "-m", "core", "pacs", "serve"]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def wait_until(true: Callable[[], bool], what: str) -> float:
    """Return the seconds until something holds.

    Raises
    ------
    FirstReadError
        If that takes too long.
    """
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > PATIENCE_S:
            raise FirstReadError(f"{what} took more than {PATIENCE_S:.0f} s.")
        time.sleep(0.1)
    return time.perf_counter() - began


def sign(database: Database, film: WorklistFilm) -> ReviewRecord:
    """Sign a read of a film that the machine has read, as the app does."""
    said = film.reading
    assert said is not None
    assert said.quality is not None
    run = said.prediction.run_id if said.prediction else ""
    shown = ShownFilm(film.film_sha256, "", run, said.quality, said.prediction)
    record = sign_read(Draft(verdict=Verdict.PNEUMONIA, confidence=4), shown, READER)
    SqlReviewStore(database).append(record, READER)
    return record


def measure(report: Callable[[str], None]) -> Section:
    """Send films in, sign them, and wait for their reports in the PACS."""
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        report(line)

    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        environment = {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder}/reads.sqlite3",
            "FIRSTREAD_FILMS": f"{folder}/films",
            "FIRSTREAD_KEEP_FILMS_DAYS": "30",
            "FIRSTREAD_READ_FIRST": "false",
        }
        os.environ.update(environment)  # the reads are signed here
        get_settings.cache_clear()
        settings = get_settings()
        pacs = Orthanc(folder / "orthanc", {"firstread": ("FIRSTREAD", port)})
        with closing(Database.open(settings.database_url)) as database:
            try:
                pacs.start()
                _round_trip(pacs, database, settings, environment, port, say)
            finally:
                pacs.kill()
    return Section(TITLE, COMMAND, lines)


def _round_trip(
    pacs: Orthanc,
    database: Database,
    settings: Settings,
    environment: dict[str, str],
    port: int,
    say: Callable[[str], None],
) -> None:
    archive, films = SqlArchive(database), open_films(database, settings)
    archive.put(
        ArchiveSettings(
            dicomweb=pacs.dicomweb, fetch=True, receive=True, receive_port=port,
            send=Route.DICOMWEB,
        ),
        OPERATOR,
    )  # fmt: skip

    def taken() -> int:
        return archive.count_arrivals().get(ArrivalState.KEPT, 0)

    def read() -> int:
        return sum(one.reading is not None for one in films.page(WorklistFilter(), 999)[0])

    half = FILMS // 2
    for number in range(half):
        pacs.add(chest_film(number))
    with serving(environment):
        wait_until(lambda: taken() > 0, "The first film")
        asked = wait_until(lambda: read() == half, "Fetching")
        say(
            f"- Asked over DICOMweb: {(half - 1) / asked:.1f} films a second, kept and read "
            f"(n = {half}, after the first)."
        )
        instances = [pacs.add(chest_film(number)) for number in range(half, FILMS)]
        began = time.perf_counter()
        for instance in instances:
            pacs.send(instance, "firstread")
        wait_until(lambda: read() == FILMS, "Receiving")
        sent = time.perf_counter() - began
        say(f"- Sent over DICOM: {half / sent:.1f} films a second, kept and read (n = {half}).")
        for film in films.page(WorklistFilter(), 999)[0]:
            record = sign(database, film)
            archive.ask_to_send(record.record_id, film.film_sha256, READER, score_shown=True)
        back = wait_until(lambda: archive.count_sendings() == {SendingState.SENT: FILMS}, "Sending")
    reports, pictures = len(pacs.instances("SR")), len(pacs.instances("OT"))
    say(
        f"- Reports with regions, over DICOMweb: {FILMS / back:.1f} a second (n = {FILMS}); the "
        f"PACS has {reports} structured reports and {pictures} pictures."
    )
