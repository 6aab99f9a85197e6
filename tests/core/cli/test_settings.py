"""``python -m core settings``: each value with its origin, and no secret among them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.cli.settings import archive_text, site_text, without_secrets
from core.domain.archive import ArchiveSettings, Route
from core.domain.reader import Reader, Role
from core.settings import Settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.local_reader import choose_local_reader
from core.store.migration import newest_revision
from core.store.served_runs import choose_served_run

SHELL = CliRunner()
ADMIN = Reader("Sam Ward", frozenset({Role.ADMIN}))
LEAD = Reader("Ada", frozenset({Role.LEAD}))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FIRSTREAD_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{tmp_path}/reads.sqlite3")
    return tmp_path


def printed() -> list[str]:
    done = SHELL.invoke(app, ["settings"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_each_setting_is_printed_with_its_origin(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / ".env").write_text("FIRSTREAD_LIME_SAMPLES=300\nFIRSTREAD_TRIAGE=true\n")
    monkeypatch.setenv("FIRSTREAD_TRIAGE", "false")
    lines = printed()
    for line in (
        "FIRSTREAD_LIME_SAMPLES = 300 (.env)",
        "FIRSTREAD_TRIAGE = false (environment)",
        "FIRSTREAD_KEEP_FILMS_DAYS = 30 (default)",
        "FIRSTREAD_TEACHING_CONSENT = empty (default)",
    ):
        assert line in lines
    named = {line.partition(" = ")[0] for line in lines if line.startswith("FIRSTREAD_")}
    assert named == {f"FIRSTREAD_{name.upper()}" for name in Settings.model_fields}


def test_no_secret_is_printed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FILM_KEY", "ARCHIVE_PASSWORD", "FHIR_TOKEN"):
        monkeypatch.setenv(f"FIRSTREAD_{name}", "hush")
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", "postgresql://ada:hush@127.0.0.1:1/reads")
    lines = printed()
    assert "FIRSTREAD_FILM_KEY = set (environment)" in lines
    assert "FIRSTREAD_ARCHIVE_TOKEN = not set (default)" in lines
    assert "FIRSTREAD_DATABASE_URL = postgresql://***@127.0.0.1:1/reads (environment)" in lines
    assert not [line for line in lines if "hush" in line]
    assert without_secrets("postgresql:///reads?user=a&password=hush") == (
        "postgresql:///reads?user=a&password=***"
    )


def test_a_database_that_is_not_there_is_not_made(site: Path) -> None:
    text = "\n".join(printed())
    assert f"revision none; this version needs {newest_revision()}: run" in text
    assert not (site / "reads.sqlite3").exists()


def test_what_the_database_adds_is_printed(site: Path) -> None:
    settings = Settings(films="s3://key:hush@bucket/films")
    with closing(Database.open(settings.database_url)) as database:
        choose_served_run(database, run_id="m10", reason="generalises", chosen_by=LEAD)
        choose_local_reader(database, "Ada", Role.TEACHER)
        ways = ArchiveSettings(receive=True, folder="/in", send=Route.DIMSE, host="pacs")
        SqlArchive(database).put(ways, ADMIN)
    status, run, acts, films, archive = site_text(settings)
    assert status.endswith(f"revision {newest_revision()}, up to date.")
    assert run.startswith("Active model: m10. Ada chose m10")
    assert acts == "Without a log-in the user acts as teacher."
    assert films == "Films are kept for 30 days in s3://***@bucket/films."
    assert archive == (
        "Archive: films: received on port 11112 as FIRSTREAD from whoever reaches it, "
        "taken from the folder /in; "
        "reports: by DICOM."
    )
    assert archive_text(ArchiveSettings()) == (
        "Archive: films: no way is set; reports: no way is set."
    )


@pytest.mark.parametrize(
    ("secrets", "required", "words"),
    [
        pytest.param(None, "false", "none is set up, so whoever", id="none"),
        pytest.param(None, "true", "none is set up, so nobody", id="demanded"),
        pytest.param("[auth]\nx = 1\n", "false", "roles come from the claim roles", id="set-up"),
        pytest.param("[other]\n", "false", "has no section [auth], so nobody", id="lacking"),
        pytest.param("[auth", "false", "cannot be read, so nobody", id="damaged"),
    ],
)
def test_the_log_in_is_told(
    site: Path, monkeypatch: pytest.MonkeyPatch, secrets: str | None, required: str, words: str
) -> None:
    monkeypatch.setenv("FIRSTREAD_REQUIRE_LOGIN", required)
    monkeypatch.setattr("core.cli.settings.PROJECT_ROOT", site)
    if secrets is not None:
        (site / ".streamlit").mkdir()
        (site / ".streamlit" / "secrets.toml").write_text(secrets)
    said = [line for line in printed() if line.startswith("Log-in:")]
    assert len(said) == 1
    assert words in said[0]
