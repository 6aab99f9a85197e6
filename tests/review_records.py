"""Records, and ways around the store's own code, that the review store's tests share."""

import multiprocessing
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from core.domain import (
    Finding,
    OperatingPoint,
    Prediction,
    QualityReport,
    Reader,
    ReaderRead,
    ReviewRecord,
    Role,
    Severity,
    Verdict,
)
from core.errors import ReviewStoreError
from core.review_store import open_review_store

FILM, OTHER_FILM, THIRD_FILM = ("ab" * 32, "cd" * 32, "ef" * 32)
SPAWN = multiprocessing.get_context("spawn")
COPY = """INSERT OR REPLACE INTO reviews SELECT {sequence}, '{record_id}', film_sha256, film_name,
    reader, 'normal', 1, comment, read_at, run_id, probability, score, operating_point, quality,
    regions, app_version, {supersedes}, abstention, disagreement, kind, opened_at,
    arbitrates, drawn, shown_s FROM reviews WHERE sequence = 1"""


def record(record_id=None, **changes):
    read = {
        "verdict": Verdict.PNEUMONIA,
        "confidence": 4,
        "comment": "Verschattung rechts, 右下肺野 🫁\nzweite Zeile",
        "read_at": datetime(2024, 5, 4, 12, 30, 15, 123456, tzinfo=UTC),
    }
    read |= {name: changes.pop(name) for name in list(changes) if name in read}
    fields = {
        "record_id": record_id or uuid4().hex,
        "film_sha256": FILM,
        "film_name": "Thorax ä.jpeg",
        "reader": "Dr Ádám",
        "read": ReaderRead(**read),
        "prediction": Prediction(
            0.1 + 0.2, 1 / 3, "run-1", OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
        ),
        "quality": QualityReport(
            (
                Finding("dark", Severity.FLAG, 0.123456789, 0.2, "The film is dark."),
                Finding("note", Severity.NOTE, None, None, "No age is stated."),
            )
        ),
        "run_id": "run-1",
        "app_version": "0.1.0",
        "regions": {"surrogate_r2": 0.97, "regions": [{"label": 3, "weight": -0.25}]},
    }
    return ReviewRecord(**(fields | changes))


def refused_film_record():
    findings = (Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank."),)
    return record(
        prediction=None, quality=QualityReport(findings), run_id="", film_name="", regions={}
    )


def lead(name):
    """Return a reader who may do everything that doctors may."""
    return Reader(name, frozenset({Role.LEAD}))


def sign(store, signed):
    """Store a read as the reader who signed it."""
    store.append(signed, lead(signed.reader))


def put(notes, note):
    """Store a note as the reader whose it is."""
    notes.append(note, lead(note.reader))


def append_records(url, records):
    """Append in a process of its own; return how many were refused as corrected meanwhile."""
    store = open_review_store(url)
    refused = 0
    for each in records:
        try:
            sign(store, each)
        except ReviewStoreError as exc:
            assert "corrected meanwhile" in str(exc)  # noqa: PT017 (runs in another process)
            refused += 1
    store.close()
    return refused


@contextmanager
def raw_connection(url):
    """Give a connection that no rule of the store's own code has touched."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        import psycopg

        connection = psycopg.connect(url)
    try:
        yield connection
    finally:
        connection.close()


def path_of(sqlite_url):
    return Path(sqlite_url.removeprefix("sqlite:///"))


@contextmanager
def every_connection_runs(statement):
    """Run one statement on each new connection of the process, to bring about a fault."""

    def run(connection, _entry):
        connection.execute(statement)

    sa.event.listen(sa.Engine, "connect", run)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", run)
