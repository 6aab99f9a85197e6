"""The archive's service makes the weekly check by itself, where nobody opens the app."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from fixtures.kept_films import ADA, Clock, arriving, read_by_machine

from core.jobs.film_worker import EngineFiles
from core.pacs.service import ArchiveService
from core.pipeline import open_engine
from core.runs.store import export_identity, reading_identity
from core.settings import get_settings
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.monitoring import SqlMonitoring
from core.store.served_runs import note_served_run

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_weeks_that_are_over_are_checked_while_the_service_runs(tmp_path, monkeypatch) -> None:
    url = f"sqlite:///{tmp_path}/reads.sqlite3"
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", url)
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    settings = get_settings()
    engine = open_engine(settings.models, "f08", 1)
    run = engine.classifier.run_record
    identity = reading_identity(run, engine.gate.sha256)
    files = EngineFiles(settings.models.absolute(), "f08", 1, identity)
    with closing(Database.open(url)) as database:
        note_served_run(
            database,
            run_id="f08",
            threshold=run.operating_point.threshold,
            export_sha256=export_identity(run),
            now=lambda: MONDAY,
        )
        films, clock = open_films(database, settings), Clock()
        films._now, clock.at = clock, MONDAY + timedelta(days=1)
        films.keep(arriving(content=b"film"), ADA)
        films.note_reading("ab" * 32, read_by_machine(0.25, identity=identity))
        service = ArchiveService(database, engine, files, served=lambda: "f08")
        running = threading.Thread(target=service.run)
        running.start()
        monitoring, begun = SqlMonitoring(database), time.monotonic()
        while not monitoring.weeks(identity) and time.monotonic() - begun < 60:
            time.sleep(0.1)
        service.stop()
        running.join(60)
        assert monitoring.weeks(identity)[0].seen.scores == (0.25,)
        assert not running.is_alive()
