"""No line of any log names a patient, a reader or a file, whatever goes wrong with what."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.dicom_films import NOISE, content_of, film
from fixtures.orthanc import chest_film
from pydicom import dcmread

from core.domain.archive import ArchiveSettings, ArrivalState
from core.domain.reader import Reader, Role
from core.errors import FirstReadError
from core.jobs.batch import BatchJob, UploadedFilm
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.jobs.kept_films import keep_film
from core.observability.logs import LIBRARY_SAYS, configure_logs, make_handler
from core.pacs.dimse import Receiver
from core.pacs.intake import FOLDER, Intake
from core.pipeline import open_engine
from core.runs.store import reading_identity
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import open_films

NAME, NUMBER, FILE, READER = "Quiroga^Xiomara", "MRN-4711", "quiroga-thorax.dcm", "Dr. Zbigniew"
IDENTIFYING = ("quiroga", "xiomara", "4711", "zbigniew", "thorax.dcm", "1.2.826.0.1")
PERSON = Reader(READER, frozenset({Role.LEAD}))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Log as a site does that wants to know everything, and put back what was set before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook
    monkeypatch.setenv("FIRSTREAD_LOG_FORMAT", "json")
    monkeypatch.setenv("FIRSTREAD_LOG_LEVEL", "debug")
    configure_logs("test")
    yield monkeypatch
    logging.captureWarnings(False)
    root.handlers, root.level, sys.excepthook = before


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line[0] == "{"]  # others are LiteRT's


def test_a_films_names_are_in_no_line_of_the_app_the_workers_or_the_archives_intake(
    log: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{tmp_path}/reads.sqlite3")
    log.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    models = PROJECT_ROOT / "models"
    engine = open_engine(models, SERVED_RUN)
    identity = reading_identity(engine.classifier.run_record, engine.gate.sha256)
    files = EngineFiles(models, SERVED_RUN, 1, identity)
    taken = chest_film(7, PatientName=NAME, PatientID=NUMBER)
    uid = str(dcmread(io.BytesIO(taken)).SOPInstanceUID)
    cut_short = content_of(film(NOISE, PatientName=NAME, PatientID=NUMBER))[:3000]
    with (
        closing(Database.open(get_settings().database_url)) as database,
        closing(FilmPool(slots=1)) as pool,
    ):
        films, archive = open_films(database, get_settings()), SqlArchive(database)
        intake, ways = Intake(archive, films, pool, files), ArchiveSettings(most_years=100)
        assert intake.take(taken, uid, "DICOM", ways) is ArrivalState.KEPT
        intake.take(cut_short, "", FOLDER, ways)

        def keep(one: UploadedFilm) -> UploadedFilm:
            return keep_film(one, films, pool, files, PERSON)

        def breaks(one: UploadedFilm, _job: BatchJob):
            raise KeyError(f"{one.name} of {NAME} by {READER}")

        key = hashlib.sha256(cut_short).hexdigest()
        good = UploadedFilm(hashlib.sha256(taken).hexdigest(), FILE, taken)
        for read in (breaks, lambda one, _job: pool.do(FilmWork(one.content, files, one.name))):
            for one in (UploadedFilm(key, FILE, cut_short), good):
                BatchJob([one], read, keep).start().wait(60)
        with pytest.raises(FirstReadError):
            pool.do(FilmWork(cut_short, files, FILE, read=True))

        def fails(_content: bytes, instance: str) -> None:
            raise ValueError(f"{NAME} {instance}")

        event = type("Event", (), {"encoded_dataset": lambda _: taken, "request": None})()
        assert Receiver(ways, fails)._received(event) != 0
    out, text = capfd.readouterr()
    assert not [word for word in IDENTIFYING if word in (out + text).casefold()]
    lines = lines_of(text)
    assert {"film taken", "film read", "film unreadable"} <= {line["event"] for line in lines}
    of_film = [line["event"] for line in lines if line.get("film") == good.key[:12]]
    assert of_film[:2] == ["film taken", "film read"]
    assert not [line for line in lines if "left_out" in line]
    broken = next(line for line in lines if line["event"] == "a film could not be read")
    assert broken["errors"] == ["KeyError"]
    assert broken["film"] == key[:12] or broken["film"] == good.key[:12]
    assert any("breaks" in frame for frame in broken["frames"])


def test_a_worker_logs_as_the_app_does(tmp_path: Path) -> None:
    program = (
        "import logging, threading\n"
        "from core.observability.logs import configure_logs\n"
        "configure_logs('film worker')\n"
        f"logging.getLogger('core.jobs').info('read', extra={{'film': '{NAME}', 'n': 3}})\n"
        f"thread = threading.Thread(target=lambda: int('{NAME}'))\n"
        "thread.start(); thread.join()\n"
        f"raise ValueError('{NAME} is no film')\n"
    )
    settings = {"FIRSTREAD_LOG_FORMAT": "json", "FIRSTREAD_LOG_LEVEL": "info"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(PROJECT_ROOT), **settings},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    read, of_thread, at_end = lines_of(ran.stderr)
    assert (read["event"], read["service"], read["n"]) == ("read", "film worker", 3)
    assert read["left_out"] == ["film"]
    assert of_thread["errors"] == at_end["errors"] == ["ValueError"]
    assert ran.returncode == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_line_holds_what_is_on_the_list_and_nothing_else(
    log_format: str, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = make_handler("app", log_format)

    def say(
        name: str, message: str, *words: object, level: int = logging.WARNING, **fields: object
    ) -> None:
        record = logging.LogRecord(name, level, "a.py", 7, message, words, None)
        record.__dict__.update(fields)
        handler.handle(record)

    say("core.jobs", "%s is damaged: %5.2f", NAME, 3.0)
    say("streamlit.web", f"cannot read {NAME}")
    say("uvicorn.access", "GET /films", level=logging.INFO)  # which says only that it works
    say(
        "core.pacs",
        "sent",
        level=logging.INFO,
        way="DICOM",
        arrival=NAME,
        codes=["blank", NAME],
        reader=READER,
    )
    say("ui.app", "read", codes=["blank"], seconds=0.25, run="x05-split", threshold=True)
    first, library, sent, read = capfd.readouterr().err.splitlines()
    assert not [word for word in ("Quiroga", "Zbigniew") if word in f"{first}{library}{sent}{read}"]
    if log_format == "text":
        assert "… is damaged: …" in first
        assert first.count("\n") == 0
        return
    assert json.loads(first)["event"] == "… is damaged: …"
    said = json.loads(library)
    assert (said["event"], said["logger"], said["where"]) == (LIBRARY_SAYS, "streamlit", "a:7")
    assert json.loads(sent)["left_out"] == ["arrival", "codes"]
    assert json.loads(sent)["way"] == "DICOM"
    kept = json.loads(read)
    assert (kept["codes"], kept["seconds"], kept["run"]) == (["blank"], 0.25, "x05-split")
    assert kept["left_out"] == ["threshold"]


def test_every_event_of_our_code_is_written_down_and_not_put_together() -> None:
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    faults = []
    for path in (
        one for name in ("core", "ui", "pages") for one in (PROJECT_ROOT / name).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if not isinstance(called, ast.Attribute) or called.attr not in levels:
                continue
            loggers = {"_log", "logging", "logger"}
            named = isinstance(called.value, ast.Name) and called.value.id in loggers
            if named and not isinstance(node.args[0], ast.Constant):
                faults.append(f"{path}:{node.lineno}")
    assert faults == []
