"""`python -m core monitor` checks the weeks that are over and says whether an alarm is open."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.monitoring import kept_week
from fixtures.review_records import lead
from fixtures.site_settings import accepted
from typer.testing import CliRunner

from core.__main__ import app
from core.inference.at_site import run_at_site
from core.pipeline import open_engine
from core.runs.store import reading_identity
from core.settings import get_settings
from core.store.engine import Database
from core.store.monitoring import SqlMonitoring
from core.store.served_runs import note_served_run
from core.store.site_settings import adopt_setting


@pytest.fixture
def database(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/reads.sqlite3"
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", url)
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    with closing(Database.open(url)) as opened:
        yield opened


def test_it_says_what_each_week_found_and_ends_with_2_while_an_alarm_is_open(database) -> None:
    shell, settings = CliRunner(), get_settings()
    none = shell.invoke(app, ["monitor"])
    assert (none.exit_code, "has not served here yet" in none.output) == (0, True)
    engine = open_engine(settings.models, settings.served_run, 1)
    run = engine.classifier.run_record
    since = datetime.now(UTC) - timedelta(days=1)
    note_served_run(
        database,
        run_id=run.run_id,
        threshold=run.operating_point.threshold,
        export_sha256="e",
        now=lambda: since,
    )
    empty = shell.invoke(app, ["monitor"])
    assert (empty.exit_code, "No week with films" in empty.output) == (0, True)
    monitoring = SqlMonitoring(database)
    identity = reading_identity(run, engine.gate.sha256)
    monitoring.keep_week(identity, run.run_id, kept_week(0, scores=1.0))
    quiet = shell.invoke(app, ["monitor"])
    assert quiet.exit_code == 0
    assert "2 Mar 2026" in quiet.output or "2026-03-02" in quiet.output
    assert f"validation films of {run.run_id}." in quiet.output
    assert "3 films  e: scores 10, refusals 0.316" in quiet.output
    monitoring.keep_week(identity, run.run_id, kept_week(1, scores=3.0))
    alarm = shell.invoke(app, ["monitor", "--weeks", "2"])
    assert alarm.exit_code == 2
    assert "scores 1e+03, refusals 0.316  ALARM" in alarm.output
    assert "scores 10" not in alarm.output


def test_it_watches_the_run_as_it_reads_at_the_site(database) -> None:
    settings = get_settings()
    engine = open_engine(settings.models, settings.served_run, 1)
    run = engine.classifier.run_record
    kept = adopt_setting(database, accepted(run), "Ward 3", "measured", lead("Dr Ada"))
    note_served_run(
        database, run_id=run.run_id, threshold=kept.setting.point.threshold, export_sha256="e"
    )
    at_site = reading_identity(run_at_site(run, kept.setting), engine.gate.sha256)
    SqlMonitoring(database).keep_week(at_site, run.run_id, kept_week(0, scores=3.0))
    said = CliRunner().invoke(app, ["monitor"])
    assert said.exit_code == 2  # the alarm of the site's course
    words = " ".join(said.output.split())
    assert "Compared with 240 films of this site" in words
    assert "scores 1e+03" in words
