"""The chain over all records, on SQLite and PostgreSQL: what was changed, removed or slipped in."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from fixtures.monitoring import write_monitoring
from fixtures.review_records import (
    OTHER_FILM,
    SPAWN,
    THIRD_FILM,
    append_records,
    lead,
    raw_connection,
    record,
    refused_film_record,
    sign,
)
from fixtures.site_sets import keep_set
from fixtures.site_settings import accepted
from fixtures.study_films import READERS, advice_of, answer_of, study_design
from fixtures.teaching_cases import make_case
from typer.testing import CliRunner

from core.__main__ import app
from core.domain.archive import ArchiveSettings
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind
from core.domain.worklist import ArrivingFilm
from core.error_analysis.notes import write_note
from core.reader_studies.study import progress_of
from core.reads.drafts import ReviewStepKind
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.archive import SqlArchive
from core.store.audit_log import CHAINED, LedgerReport, content_sha256, line_sha256, verify_records
from core.store.dismissals import dismiss_film
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.site_films import SqlSiteSets
from core.store.films.teaching_films import SqlTeachingFilms
from core.store.films.worklist import SqlFilms
from core.store.local_reader import choose_local_reader
from core.store.migration import _alembic_config
from core.store.notes import SqlCaseNotes
from core.store.reader_studies import SqlReaderStudies
from core.store.reads import SqlReviewStore
from core.store.schema import metadata
from core.store.served_runs import choose_served_run, note_served_run
from core.store.site_settings import adopt_setting
from core.store.teaching import SqlTeachingStore
from core.store.ward import set_ward_prevalence
from core.teaching.session import Difficulty, Plan, StepKind

pytest_plugins = ["fixtures.review_databases"]

FIRST_CAUSES = 7
SLIP_IN = """INSERT INTO case_causes (cause, offered, changed_by, changed_at)
    SELECT 'sun', offered, changed_by, changed_at FROM case_causes WHERE sequence = 1"""


def write_all(url: str) -> str:
    """Write one record or more of every kind."""
    database = Database.open(url)
    store, notes = SqlReviewStore(database), SqlCaseNotes(database)
    reader = lead("Dr Ádám")
    for film in (OTHER_FILM, THIRD_FILM):
        sign(store, record(film[:8], film_sha256=film))
    notes.append(write_note("public", "a", reader, "f04", tags=["tube"]), reader)
    notes.offer_cause("moon", reader)
    note_served_run(database, run_id="f04", threshold=0.5, export_sha256="e")
    choose_served_run(database, run_id="f03", reason="why not", chosen_by=reader)
    teaching = SqlTeachingStore(database)
    plan = Plan("synthetic", 1, 0.5, Difficulty.HARD, True, 60, 42, "f04")
    session = teaching.start(plan, (make_case(1),), reader)
    teaching.note(session.session_id, 0, StepKind.OPENED, by=reader)
    teaching.keep_set("Week 1", "synthetic", ["a"], reader)
    steps = SqlReviewSteps(database)
    steps.note(OTHER_FILM, 1, ReviewStepKind.OPENED, reader)
    key = base64.b64encode(bytes(32)).decode()
    films = SqlFilms(database, FilmObjects("memory://audit"), key_path=Path("unused"), keys=key)
    films.keep(ArrivingFilm(OTHER_FILM, "a.png", b"film"), reader)
    films.erase([OTHER_FILM], reader, "request")
    settled = record(kind=ReadKind.ARBITRATION, reader=reader.name)
    objects = FilmObjects("memory://audit")
    SqlTeachingFilms(database, objects, films.keyring).make(settled, b"film", "vote 12", reader)
    sets = SqlSiteSets(database, objects, films.keyring)
    sets.remove(keep_set(sets, "Ward", [True]).set_id, reader)
    SqlArchive(database).put(ArchiveSettings(), reader)
    set_ward_prevalence(database, 0.15, reader)
    studies = SqlReaderStudies(database)
    study = studies.make(study_design(), "synthetic", "f08", advice_of(), reader)
    ada = Reader(READERS[0], frozenset({Role.READER}))
    stands = progress_of(study, READERS[0], [])
    studies.open_film(study, stands, ada)
    studies.read(study, stands, answer_of(70), ada)
    run = load_run(get_settings().models / SERVED_RUN)
    adopt_setting(database, accepted(run), "Ward 3", "measured", reader)
    dismiss_film(database, OTHER_FILM, refused_film_record().quality, reader)
    write_monitoring(database)
    choose_local_reader(database, "Ada", Role.READER)
    database.close()
    return url


@pytest.fixture
def written(sqlite_url):
    return write_all(sqlite_url)


def tamper(url: str, *statements: str) -> None:
    """Change the database as somebody would who may do everything to it."""
    with raw_connection(url) as connection:
        if url.startswith("sqlite"):
            rules = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.execute(rules).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        else:
            connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def verify(url: str, known_head: str = "") -> LedgerReport:
    """Hold everything that is stored at an address to the chain."""
    with closing(Database.open(url)) as database:
        return verify_records(database, known_head)


def faults(url: str) -> list[str]:
    return [str(fault) for fault in verify(url).faults]


def test_everything_that_is_written_is_chained(url) -> None:
    written = write_all(url)
    report = verify(written)
    assert report.intact
    site = 3 + 1 + 5 + 2  # a reader study, a site's setting, the weekly check, a set of films
    assert report.records == 2 + 1 + 1 + FIRST_CAUSES + 1 + 1 + 1 + 3 + 1 + 1 + 1 + 1 + 1 + 1 + site
    assert len(report.head) == 64
    with raw_connection(written) as connection:
        chained = connection.execute("SELECT DISTINCT of_table FROM ledger").fetchall()
    assert {name for (name,) in chained} == set(CHAINED)


def test_every_table_of_the_database_is_chained() -> None:
    assert set(CHAINED) == set(metadata.tables) - {
        "ledger",
        "films",
        "film_secrets",
        "teaching_films",
        "site_films",
        "archive_arrivals",
        "archive_sendings",
        "archive_services",
    }


def test_the_hashes_are_those_of_the_written_rule() -> None:
    words = '{"a":0.1,"b":"ä","c":[1,{"d":null}]}'
    row = {"c": [1, {"d": None}], "b": "ä", "a": 0.1, "e": None}
    assert content_sha256(row) == hashlib.sha256(words.encode()).hexdigest()
    line = f"{'0' * 64}\nreviews\n3\nabc".encode()
    assert line_sha256("0" * 64, "reviews", 3, "abc") == hashlib.sha256(line).hexdigest()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            "UPDATE reviews SET verdict = 'normal' WHERE sequence = 2",
            "reviews, row 2 (efefefef, Dr Ádám): was changed after it was written.",
        ),
        (
            "UPDATE reviews SET probability = probability + 1e-12 WHERE sequence = 1",
            "reviews, row 1 (cdcdcdcd, Dr Ádám): was changed after it was written.",
        ),
        (
            "DELETE FROM reviews WHERE sequence = 1",
            "reviews, row 1: was removed after it was written.",
        ),
        (
            "UPDATE served_choices SET reason = 'none'",
            "served_choices, row 1 (f03): was changed after it was written.",
        ),
        (
            SLIP_IN,
            "case_causes, row 9 (sun): was inserted: it is not in the chain.",
        ),
    ],
)
def test_a_row_that_was_changed_removed_or_slipped_in_is_named(written, change, fault) -> None:
    tamper(written, change)
    assert faults(written) == [fault]


def test_a_row_that_cannot_even_be_read_is_named(sqlite_url) -> None:
    store = SqlReviewStore(Database.open(sqlite_url))
    sign(store, record())
    store.database.close()
    tamper(sqlite_url, "UPDATE reviews SET quality = 'not JSON'")
    assert faults(sqlite_url) == ["reviews, row 1 (unreadable): was changed after it was written."]


def test_a_row_that_was_changed_together_with_its_line_is_named(written) -> None:
    tamper(written, "UPDATE ledger SET content_sha256 = 'forged' WHERE of_table = 'reviews'")
    found = faults(written)
    assert sum("this line of the chain was changed" in fault for fault in found) == 2
    assert sum("reviews, row" in fault for fault in found) == 2


def test_a_row_that_was_removed_together_with_its_line_breaks_the_chain(written) -> None:
    tamper(
        written,
        "DELETE FROM reviews WHERE sequence = 1",
        "DELETE FROM ledger WHERE of_table = 'reviews' AND of_row = 1",
    )
    (fault,) = faults(written)
    assert fault.endswith(
        "(for reviews row 2): the line before it in the chain was removed, changed or moved."
    )


def test_an_end_that_was_cut_off_is_found_by_a_hash_that_was_kept(written) -> None:
    kept = verify(written).head
    choose_local_reader(Database.open(written), "Grace", Role.LEAD)
    assert verify(written, kept).intact
    assert verify(written, kept[:12].upper()).intact
    tamper(
        written,
        "DELETE FROM local_readers",
        "DELETE FROM ledger WHERE of_table = 'local_readers'",
    )
    assert verify(written).intact
    assert verify(written, kept).lacks_known_head


def test_a_line_of_the_chain_is_never_changed_or_deleted(written) -> None:
    for statement in ("UPDATE ledger SET of_row = 5", "DELETE FROM ledger"):
        with (
            raw_connection(written) as connection,
            pytest.raises(Exception, match="ledger is append-only"),
        ):
            connection.execute(statement)
    assert verify(written).intact


# --- what was there before ------------------------------------------------------------------------


def test_rows_from_before_the_chain_are_chained_by_the_migration(url) -> None:
    from alembic import command

    with closing(Database(url)) as database, database.writing() as connection:
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(
            sa.text(
                "INSERT INTO reviews (record_id, film_sha256, reader, verdict, confidence, comment,"
                " read_at, probability, quality, regions, app_version) VALUES ('old', 'ab', 'Ada',"
                " 'normal', 3, 'before', '2024-05-04 12:30:15.123456', 0.25, '[]', '{\"a\": 0.1}',"
                " '0.0.9')"
            )
        )
    report = verify(url)
    assert (report.intact, report.records) == (True, 1 + FIRST_CAUSES)
    tamper(url, "UPDATE reviews SET comment = 'after'")
    assert faults(url) == ["reviews, row 1 (old, Ada): was changed after it was written."]


# --- many at once, and killed ---------------------------------------------------------------------


def test_four_processes_that_write_at_once_keep_one_chain(url) -> None:
    records = [[record(reader=f"reader {process}") for _ in range(15)] for process in range(4)]
    with ProcessPoolExecutor(4, mp_context=SPAWN) as pool:
        assert sum(pool.map(append_records, [url] * 4, records)) == 0
    report = verify(url)
    assert report.intact, report.faults
    assert report.records == 60 + FIRST_CAUSES


def test_postgresql_names_a_changed_and_a_removed_row_too(postgresql_url) -> None:
    write_all(postgresql_url)
    tamper(
        postgresql_url,
        "UPDATE reviews SET comment = 'other' WHERE sequence = 2",
        "DELETE FROM case_notes",
    )
    assert faults(postgresql_url) == [
        "reviews, row 2 (efefefef, Dr Ádám): was changed after it was written.",
        "case_notes, row 1: was removed after it was written.",
    ]


def test_a_read_that_is_refused_leaves_no_line(written) -> None:
    before = verify(written)
    store = SqlReviewStore(Database.open(written))
    with pytest.raises(Exception, match="is already stored"):
        sign(store, record(OTHER_FILM[:8], film_sha256=OTHER_FILM))
    store.database.close()
    assert verify(written) == before


WRITER = """
import sys
sys.path.insert(0, "tests")
from fixtures.review_records import record, sign
from core.store.engine import Database
from core.store.reads import SqlReviewStore

store = SqlReviewStore(Database.open(sys.argv[1]))
while True:
    sign(store, record())
    print("stored", flush=True)
"""


def test_the_chain_is_whole_after_writers_are_killed(sqlite_url) -> None:
    Database.open(sqlite_url).close()
    stored = 0
    for _ in range(2):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, sqlite_url],
                cwd=PROJECT_ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for writer in writers:
            for _ in range(5):
                stored += writer.stdout.readline() == "stored\n"
        for writer in writers:
            writer.kill()
            stored += writer.stdout.read().count("stored\n")
            writer.stdout.close()
            writer.wait()
    assert stored >= 20
    report = verify(sqlite_url)
    assert report.intact, report.faults
    assert report.records >= stored + FIRST_CAUSES


# --- the command line -----------------------------------------------------------------------------


def test_the_command_line_verifies_and_names_what_was_changed(written) -> None:
    shell = CliRunner()
    head = verify(written).head
    good = shell.invoke(app, ["records", "verify", "--database-url", written, "--head", head])
    assert good.exit_code == 0
    assert "All 34 records in" in good.output
    assert f"Newest hash: {head}" in good.output
    tamper(written, "UPDATE reviews SET reader = 'Dr Mallory' WHERE sequence = 1")
    bad = shell.invoke(app, ["records", "verify", "--database-url", written, "--head", "beef"])
    assert bad.exit_code == 1
    assert "2 faults in" in bad.output
    assert "reviews, row 1 (cdcdcdcd, Dr Mallory): was changed after it was written." in bad.output
    assert "The saved hash is not in the chain" in bad.output
