"""From the PACS to the signed report in it again, while PACS and service are killed on the way.

Short by default; ``FIRSTREAD_LONG=1`` takes 200 studies.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fixtures.orthanc import Orthanc, chest_film, free_port
from fixtures.review_records import lead, record
from fixtures.validators import dicom_errors, report_text
from pydicom import dcmread

from core.domain.archive import ArchiveSettings, ArrivalState, Route, SendingState
from core.domain.findings import Category, Findings
from core.domain.reader import Reader, Role
from core.domain.worklist import WorklistFilter
from core.reads.signing import utc_now
from core.settings import PROJECT_ROOT, SERVED_RUN, Settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import SqlFilms, open_films
from core.store.reads import SqlReviewStore

STUDIES = 200 if os.environ.get("FIRSTREAD_LONG") == "1" else 12
PATIENCE_S = 900 if STUDIES == 200 else 150
ADMIN = Reader("Sam Ward", frozenset({Role.ADMIN}))
ADA = lead("Dr. Ada Reader")


class Service:
    """``python -m core pacs serve`` in a process that may be killed."""

    def __init__(self, folder: Path) -> None:
        self.environment = os.environ | {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder}/reads.sqlite3",
            "FIRSTREAD_FILMS": f"{folder}/films",
            "FIRSTREAD_KEEP_FILMS_DAYS": "30",
            "FIRSTREAD_ARCHIVE_METRICS_PORT": str(free_port()),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "core", "pacs", "serve"]
        self._process = subprocess.Popen(command, env=self.environment, cwd=PROJECT_ROOT)

    def ask(self, path: str) -> tuple[int, str]:
        port = self.environment["FIRSTREAD_ARCHIVE_METRICS_PORT"]
        answer = httpx.get(f"http://127.0.0.1:{port}{path}")
        return answer.status_code, answer.text

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    one = Service(tmp_path)
    yield one
    one.end()


def wait_until(true: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.3)


def sign_all(database: Database, films: SqlFilms) -> int:
    """Sign a read of every film as the app does, with what the machine said of it."""
    reads, listed = SqlReviewStore(database), films.page(WorklistFilter(), STUDIES + 1)[0]
    found = Findings(frozenset({Category.CONSOLIDATION}), frozenset({"right lower"}))
    for film in listed:
        said, made = film.reading, record(film_sha256=film.film_sha256, film_name="")
        assert said is not None
        signed = replace(
            made,
            reader=ADA.name,
            read=replace(made.read, findings=found, read_at=utc_now()),
            prediction=said.prediction,
            quality=said.quality,
            run_id=SERVED_RUN if said.prediction else "",
            regions={},
        )
        reads.append(signed, ADA)
    return len(listed)


def check_what_the_archive_has(pacs: Orthanc, folder: Path) -> None:
    """See that every film has one report and one picture, of its own patient and study."""
    reports, pictures = pacs.instances("SR"), pacs.instances("OT")
    films_of = {one["PatientID"]: one for one in pacs.instances("DX")}
    assert len(films_of) == len(reports) == len(pictures) == STUDIES
    for one in (*reports, *pictures):
        film = films_of[one["PatientID"]]
        assert one["StudyInstanceUID"] == film["StudyInstanceUID"]
        assert one["PatientName"] == film["PatientName"]
    content = pacs.file(reports[0]["orthanc"])
    assert dicom_errors(content, folder) == []
    said = report_text(content, folder)
    for words in ("Dr. Ada Reader", "run f08", "Lower zone of lung", "Calibrated score"):
        assert words in said
    told = [report_text(pacs.file(one["orthanc"]), folder) for one in reports]
    assert any("Part of the log odds" in one for one in told)  # the regions went along
    shown = dcmread(io.BytesIO(pacs.file(pictures[0]["orthanc"])))
    assert shown.pixel_array.shape[2] == 3


def test_films_come_are_read_and_their_reports_go_back_whatever_is_killed(
    service: Service, tmp_path: Path
) -> None:
    port, half = free_port(), STUDIES // 2
    pacs = Orthanc(tmp_path / "orthanc", {"firstread": ("FIRSTREAD", port)}).start()
    settings = Settings(
        database_url=service.environment["FIRSTREAD_DATABASE_URL"],
        films=service.environment["FIRSTREAD_FILMS"],
        keep_films_days=30,
    )
    with closing(Database.open(settings.database_url)) as database:
        archive, films = SqlArchive(database), open_films(database, settings)
        ways = ArchiveSettings(
            dicomweb=pacs.dicomweb,
            fetch=True,
            receive=True,
            receive_port=port,
            send=Route.DICOMWEB,
            send_on_signing=True,
        )
        archive.put(ways, ADMIN)

        def taken() -> int:
            return archive.count_arrivals().get(ArrivalState.KEPT, 0)

        def read() -> int:
            listed = films.page(WorklistFilter(), STUDIES + 1)[0]
            return sum(one.reading is not None for one in listed)

        def state() -> str:
            return f"{archive.count_arrivals()} {archive.count_sendings()} {archive.services()}"

        try:
            for number in range(half):
                pacs.add(chest_film(number))
            service.start()
            wait_until(lambda: taken() >= half // 3, state)
            service.end()  # in the middle of it
            pacs.kill()
            service.start()  # while the PACS is down
            wait_until(lambda: "does not answer" in state(), state)
            pacs.start()
            wait_until(lambda: taken() == half, state)
            for number in range(half, STUDIES):  # these are sent, and asked for as well
                instance = pacs.add(chest_film(number))
                pacs.send(instance, "firstread")
            wait_until(lambda: taken() == STUDIES, state)
            for film in films.page(WorklistFilter(), STUDIES + 1)[0]:
                if film.reading is None:  # by the process that was killed: its claim runs out
                    films.stop_reading(film.film_sha256)
            wait_until(lambda: read() == STUDIES, state)
            assert service.ask("/ready") == (200, "ready")
            told = f'firstread_archive_films{{state="taken"}} {STUDIES}.0'
            assert told in service.ask("/metrics")[1]
            assert sign_all(database, films) == STUDIES

            wait_until(
                lambda: archive.count_sendings().get(SendingState.SENT, 0) >= STUDIES // 4, state
            )
            pacs.kill()
            time.sleep(2.0)
            service.end()
            pacs.start()
            service.start()
            wait_until(lambda: archive.count_sendings() == {SendingState.SENT: STUDIES}, state)
            assert service.end(signal.SIGTERM) == 0
            check_what_the_archive_has(pacs, tmp_path)
        finally:
            pacs.kill()
