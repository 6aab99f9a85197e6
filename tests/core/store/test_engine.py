"""The review store's database: durability, migrations, faults, and its command line."""

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fixtures.review_records import (
    COPY,
    FILM,
    append_records,
    every_connection_runs,
    migrate,
    path_of,
    raw_connection,
    record,
    sign,
)
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from core.cli.database import app
from core.errors import ReviewStoreError
from core.store import engine
from core.store.audit_log import insert_chained, verify_records
from core.store.engine import Database, migration_status
from core.store.reads import SqlReviewStore, row_from_record
from core.store.schema import metadata, reviews

pytest_plugins = ["fixtures.review_databases"]

# --- durability settings --------------------------------------------------------------------------


def test_each_sqlite_connection_is_durable_and_checks_references(sqlite_url):
    database = Database.open(sqlite_url)
    for _ in range(2):
        with database.reading() as connection:
            values = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        database.close()
        assert values == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
        }


def test_postgresql_waits_for_its_log_at_commit(postgresql_url):
    with closing(Database(postgresql_url)) as database, database.reading() as connection:
        answer = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    assert answer == "on"


def test_a_transaction_whose_block_raises_stores_nothing(store):
    def fail():
        with store.database.writing() as connection:
            insert_chained(connection, reviews, row_from_record(record()))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.count() == 0
    sign(store, record())
    assert verify_records(store.database).intact


# --- migrations -----------------------------------------------------------------------------------


def test_an_empty_database_is_migrated_and_a_second_time_nothing_changes(url):
    before = migration_status(url)
    first = migrate(url)
    second = migrate(url)
    assert (before.revision, before.up_to_date) == (None, False)
    assert first.up_to_date
    assert second == first == migration_status(url)


def test_the_migrated_schema_is_the_one_that_the_store_uses(database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_a_migration_that_fails_leaves_nothing_behind(sqlite_url):
    path_of(sqlite_url).parent.mkdir()
    with raw_connection(sqlite_url) as connection:
        connection.execute("CREATE TABLE a (x)")
        connection.execute("CREATE INDEX ix_reviews_film_sha256 ON a (x)")
    with pytest.raises(ReviewStoreError, match="is not as First Read left it"):
        migrate(sqlite_url)
    with raw_connection(sqlite_url) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    assert tables == [("a",)]


@pytest.mark.parametrize("use", [Database.open, migration_status])
def test_a_database_of_a_newer_version_is_refused(url, use):
    migrate(url)
    with raw_connection(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(ReviewStoreError, match=r"newer First Read \(its revision 9999 is unknown"):
        use(url)


def test_asking_for_the_status_makes_no_file(sqlite_url):
    assert migration_status(sqlite_url).revision is None
    assert not path_of(sqlite_url).parent.exists()


def test_a_folder_with_a_percent_sign_is_no_obstacle(tmp_path):
    store = SqlReviewStore(Database.open(f"sqlite:///{tmp_path}/50%(x)s ü/reads.sqlite3"))
    sign(store, record())
    assert store.count() == 1
    store.database.close()


# --- faults ---------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_named(sqlite_url):
    path_of(sqlite_url).parent.mkdir()
    path_of(sqlite_url).write_bytes(b"not a database, but long enough to look like one\n" * 50)
    with pytest.raises(ReviewStoreError, match=r"The file /.*sqlite3 is not a First Read database"):
        Database.open(sqlite_url)


def test_a_damaged_page_is_reported_and_not_read_as_data(sqlite_url):
    store = SqlReviewStore(Database.open(sqlite_url))
    for _ in range(50):
        sign(store, record())
    store.database.close()
    with path_of(sqlite_url).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path_of(sqlite_url).stat().st_size - 4096))
    with pytest.raises(ReviewStoreError, match=r"is damaged: move it aside|is not as First Read"):
        SqlReviewStore(Database.open(sqlite_url)).recent()


def test_a_record_that_another_program_wrote_wrongly_is_reported(sqlite_url):
    store = SqlReviewStore(Database.open(sqlite_url))
    sign(store, record("kept"))
    with raw_connection(sqlite_url) as connection:
        copy = COPY.format(sequence="NULL", record_id="new", supersedes="NULL")
        connection.execute(copy.replace("quality", "'{'"))
        connection.commit()
    with pytest.raises(ReviewStoreError, match="was changed by another program"):
        store.history(FILM)
    store.database.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ReviewStoreError, match=r"file/reads.sqlite3 cannot be used \("):
        Database.open(f"sqlite:///{tmp_path}/file/reads.sqlite3")


def test_a_folder_in_the_files_place_is_named(tmp_path):
    with pytest.raises(ReviewStoreError, match="cannot be opened: check that it is a file"):
        Database.open(f"sqlite:///{tmp_path}")


def test_a_database_that_may_not_be_written_is_named(sqlite_url):
    migrate(sqlite_url)
    with every_connection_runs("PRAGMA query_only=ON"):
        store = SqlReviewStore(Database.open(sqlite_url))
        with pytest.raises(ReviewStoreError, match=r"sqlite3 may not be written: give the account"):
            sign(store, record())
        store.database.close()


def append_fifty(store):
    for _ in range(50):
        sign(store, record(comment="x" * 2000))


def test_a_full_disk_stores_nothing_and_says_so(sqlite_url):
    migrate(sqlite_url)
    with every_connection_runs("PRAGMA max_page_count=1"):
        store = SqlReviewStore(Database.open(sqlite_url))
        with pytest.raises(ReviewStoreError, match="is full and nothing was stored: free some"):
            append_fifty(store)
        stored = store.count()
        store.database.close()
    reopened = SqlReviewStore(Database.open(sqlite_url))
    assert reopened.count() == stored
    sign(reopened, record())
    assert reopened.count() == stored + 1
    reopened.database.close()


def test_a_locked_database_is_reported_after_the_wait(sqlite_url, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(engine, "LOCK_PATIENCE_S", 0.2)
    store = SqlReviewStore(Database.open(sqlite_url))
    with raw_connection(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReviewStoreError, match=r"locked by another program for .* 0\.2 s"):
            sign(store, record())
    sign(store, record())
    assert store.count() == 1
    store.database.close()


def test_a_read_waits_for_a_lock_longer_than_sqlites_own_wait(sqlite_url, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.01)
    store = SqlReviewStore(Database.open(sqlite_url))
    with raw_connection(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=sign, args=[store, record()])
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        other.rollback()
        writer.join()
    assert store.count() == 1
    store.database.close()


class _Lock:
    """A cursor at a lock that is busy for so many tries of 0.4 s; others commit, or do not."""

    def __init__(self, monkeypatch, *, busy: int, commits: bool) -> None:
        self.tries, self.busy, self.commits = 0, busy, commits
        monkeypatch.setattr(engine.time, "monotonic", lambda: 0.4 * self.tries)
        monkeypatch.setattr(engine.time, "sleep", lambda _s: None)

    def execute(self, statement: str):
        if statement == "PRAGMA data_version":
            return self
        self.tries += 1
        if self.tries <= self.busy:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error
        return self

    def fetchone(self) -> int:
        return self.tries if self.commits else 0


@pytest.mark.parametrize(
    ("busy", "commits", "tries"),
    [
        pytest.param(6, False, 7, id="let go in time"),
        pytest.param(99, False, 7, id="kept"),
        pytest.param(40, True, 41, id="handed around"),
        pytest.param(99, True, 63, id="handed around for ten waits"),
    ],
)
def test_a_short_patience_is_for_a_lock_that_one_program_keeps(monkeypatch, busy, commits, tries):
    cursor, patience = _Lock(monkeypatch, busy=busy, commits=commits), engine._Patience(2.5)
    with pytest.raises(sqlite3.OperationalError, match="locked") if busy == 99 else nullcontext():
        engine._execute_when_free(cursor, "BEGIN IMMEDIATE", patience)
    assert cursor.tries == tries


def test_after_a_wait_in_vain_the_next_are_short(monkeypatch):
    cursor, patience = _Lock(monkeypatch, busy=99, commits=False), engine._Patience(2.5)
    tries = []
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            engine._execute_when_free(cursor, "BEGIN IMMEDIATE", patience)
        tries.append(cursor.tries)
    assert tries == [7, 8, 9]
    assert engine.STEP_S * (tries[-1] + 1) < engine.IN_VAIN_S  # a press writes four times


def test_a_database_that_waits_briefly_says_for_how_long(sqlite_url):
    database = Database.open(sqlite_url)
    database.wait_at_most(0.2)
    store = SqlReviewStore(database)
    with raw_connection(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReviewStoreError, match=r"by another program for longer than 0\.2 s"):
            sign(store, record())
    sign(store, record())
    assert store.count() == 1
    database.close()


def test_a_file_that_vanished_is_reported_and_no_read_is_taken(sqlite_url):
    store = SqlReviewStore(Database.open(sqlite_url))
    sign(store, record())
    path_of(sqlite_url).unlink()
    with pytest.raises(ReviewStoreError, match=r"The file /.*sqlite3 is gone: put it back"):
        sign(store, record())
    store.database.close()


def test_a_restored_backup_is_used_at_once(sqlite_url, tmp_path):
    store = SqlReviewStore(Database.open(sqlite_url))
    backup = f"sqlite:///{tmp_path / 'backup.sqlite3'}"
    append_records(backup, [record("from backup")])
    sign(store, record("before"))
    path_of(backup).replace(path_of(sqlite_url))
    for suffix in ("-wal", "-shm"):
        path_of(sqlite_url + suffix).unlink(missing_ok=True)
    sign(store, record("after"))
    store.database.close()
    reopened = SqlReviewStore(Database.open(sqlite_url))
    assert [each.record_id for each in reopened.history(FILM)] == ["from backup", "after"]
    reopened.database.close()


def test_a_postgresql_that_does_not_answer_is_named_without_its_password(tmp_path):
    with pytest.raises(ReviewStoreError, match=r"PostgreSQL database reads on .* does not") as told:
        Database.open(f"postgresql://ada:secret@/reads?host={tmp_path}")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "database address is not one that can be read"),
        ("mysql://localhost/reads", "SQLite or PostgreSQL, not in mysql"),
        ("sqlite://", "SQLite needs a plain file"),
        ("sqlite:///:memory:", "SQLite needs a plain file"),
        ("sqlite:///file:reads?mode=memory&uri=true", "SQLite needs a plain file"),
    ],
)
def test_an_address_that_cannot_keep_reads_is_refused(url, sentence):
    with pytest.raises(ReviewStoreError, match=sentence):
        Database.open(url)


def test_no_database_error_reaches_the_caller(store, monkeypatch):
    def fail(*_arguments, **_options):
        raise DBAPIError("SELECT 1", {}, RuntimeError("internal"))

    monkeypatch.setattr(sa.Connection, "execute", fail)
    for ask in (store.count, store.recent, lambda: sign(store, record())):
        with pytest.raises(ReviewStoreError, match="does not answer as it should"):
            ask()


# --- the command line -----------------------------------------------------------------------------


def test_the_command_line_migrates_and_tells_the_status(url):
    shell, newest = CliRunner(), migration_status(url).newest
    before = shell.invoke(app, ["status", "--database-url", url])
    migrated = shell.invoke(app, ["migrate", "--database-url", url])
    after = shell.invoke(app, ["status", "--database-url", url])
    assert before.exit_code == 1
    assert f"is at revision none, this version needs {newest}" in before.output
    assert migrated.exit_code == after.exit_code == 0
    assert migrated.output == after.output
    assert f"is up to date (revision {newest})." in after.output


def test_the_newest_migration_by_name_is_the_head_by_what_the_migrations_state() -> None:
    from alembic.script import ScriptDirectory

    from core.store.migration import _alembic_config, newest_revision

    assert ScriptDirectory.from_config(_alembic_config()).get_current_head() == newest_revision()


@pytest.mark.parametrize("command", ["migrate", "status"])
def test_the_command_line_shows_a_fault_as_a_sentence(command):
    answer = CliRunner().invoke(app, [command, "--database-url", "mysql://localhost/reads"])
    assert answer.exit_code == 1
    assert "not in mysql" in answer.output
    assert "Traceback" not in answer.output


def test_a_lost_file_is_not_made_anew_by_a_thread_of_its_own(sqlite_url):
    with closing(Database.open(sqlite_url)) as database:
        path_of(sqlite_url).unlink()
        with ThreadPoolExecutor(1) as pool, pytest.raises(ReviewStoreError, match="is gone"):
            pool.submit(database.check).result()
        database.close()  # and with it every pooled connection
        with pytest.raises(ReviewStoreError, match="is gone"):
            database.check()
        assert not path_of(sqlite_url).exists()
