"""Backup and restore: whole, on either database, while readers write."""

from __future__ import annotations

import contextlib
import queue
import shutil
import threading
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.backup_sites import Site
from fixtures.kept_films import CONTENT, FILM, OTHER
from fixtures.monitoring import write_monitoring
from fixtures.review_records import (
    SPAWN,
    raw_connection,
    record,
    sign,
)

from core.errors import BackupError, FilmStoreError
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]


# --- whole ----------------------------------------------------------------------------------------


def test_everything_comes_back_from_either_database_into_sqlite(site, empty, tmp_path) -> None:
    before, seen = site.rows(), []
    manifest = site.back_up(tmp_path / "b.tar", progress=lambda *at: seen.append(at))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert (manifest.films, manifest.missing, manifest.faults) == (4, (), ())
    assert (manifest.with_key, manifest.needs_key) == (False, True)
    assert {name: len(rows) for name, rows in before.items()} == manifest.counts
    seen.clear()
    restored = empty.restore(tmp_path / "b.tar", lambda *at: seen.append(at))
    assert seen == sorted(seen)
    assert (seen[0][1], seen[-1]) == (100, (87, 100))  # three of four films, of the second half
    assert restored.report.intact
    assert restored.report.head == manifest.head
    assert empty.rows() == before == site.rows()
    assert not empty.key.exists()
    shutil.copy(site.key, empty.key)  # which was kept apart
    with closing(Database.open(empty.url)) as database:
        films = empty.films(database)
        assert films.content(FILM) == films.content(OTHER) == CONTENT
        sign(SqlReviewStore(database), record("afterwards", supersedes="second"))
        assert verify_records(database, manifest.head).intact


def test_an_sqlite_site_goes_to_postgresql_and_back(
    on_sqlite, postgresql_url, empty, tmp_path
) -> None:
    before = on_sqlite.rows()
    on_sqlite.back_up(tmp_path / "b.tar", with_key=True)
    server = Site(postgresql_url, tmp_path / "server")
    assert server.restore(tmp_path / "b.tar").report.intact
    assert server.rows() == before
    with closing(Database.open(postgresql_url)) as database:
        assert server.films(database).content(FILM) == CONTENT  # its key came with it
        sign(SqlReviewStore(database), record("there"))
        assert verify_records(database).intact
    again = server.rows()
    server.back_up(tmp_path / "again.tar")
    assert empty.restore(tmp_path / "again.tar").report.intact
    assert empty.rows() == again


def test_a_backup_of_an_earlier_revision_is_brought_up(on_sqlite, empty, tmp_path) -> None:
    with closing(Database(on_sqlite.url)) as database:
        database.migrate_to("0014", may_lose=True)
        manifest = on_sqlite.back_up(tmp_path / "b.tar")
        assert database.status().revision == "0014"  # a backup migrates nothing
    assert (manifest.revision, manifest.faults) == ("0014", None)
    # the dismissal and the read without a confidence were lost on the way down, and are named
    with pytest.raises(BackupError, match=r"dismissals, row 1: was removed after it was written"):
        empty.restore(tmp_path / "b.tar")
    assert not empty.folder.exists()


@pytest.mark.parametrize("revision", ["0002", "0012"])
def test_a_backup_from_before_and_after_the_audit_log_is_brought_up(
    revision, sqlite_url, empty, tmp_path
) -> None:
    old = Site(sqlite_url, tmp_path / "old")
    with closing(Database.open(sqlite_url)) as database:
        sign(SqlReviewStore(database), record("first"))
        head = verify_records(database).head
        database.migrate_to(revision, may_lose=True)
    manifest = old.back_up(tmp_path / "b.tar")
    assert (manifest.revision, manifest.head) == (revision, head if revision > "0007" else "")
    report = empty.restore(tmp_path / "b.tar").report
    assert report.intact
    assert manifest.head in ("", report.head)
    with closing(Database(empty.url)) as database:
        assert database.status().up_to_date
        assert [one.record_id for one in SqlReviewStore(database).everything()] == ["first"]


def test_films_in_a_bucket_are_in_it(on_sqlite, empty, tmp_path) -> None:
    bucket = FilmObjects("memory://backup-test/films")
    empty.objects = bucket
    on_sqlite.back_up(tmp_path / "b.tar", with_key=True)
    try:
        empty.restore(tmp_path / "b.tar")
        with closing(Database.open(empty.url)) as database:
            assert empty.films(database).content(OTHER) == CONTENT
            with pytest.raises(BackupError, match=r"backup-test/films holds files already"):
                replace_database(empty, tmp_path).restore(tmp_path / "b.tar")
    finally:
        bucket._system.rm("/backup-test", recursive=True)


def replace_database(site: Site, folder: Path) -> Site:
    other = Site(f"sqlite:///{folder / 'other' / 'reads.sqlite3'}", folder / "other")
    other.objects = site.objects
    return other


def test_a_film_whose_file_is_gone_is_listed_and_the_rest_comes_back(
    on_sqlite, empty, tmp_path
) -> None:
    with raw_connection(on_sqlite.url) as connection:
        query = "SELECT address FROM films WHERE film_sha256 = ?"
        ((address,),) = connection.execute(query, [FILM]).fetchall()
    on_sqlite.objects.erase(address)
    manifest = on_sqlite.back_up(tmp_path / "b.tar")
    assert (manifest.films, manifest.missing) == (3, (address,))
    assert empty.restore(tmp_path / "b.tar").report.intact
    shutil.copy(on_sqlite.key, empty.key)
    with closing(Database.open(empty.url)) as database:
        assert empty.films(database).content(OTHER) == CONTENT
        with pytest.raises(FilmStoreError, match="add the film again"):
            empty.films(database).content(FILM)


def test_faults_of_the_records_are_told_at_the_backup_and_come_back(
    on_sqlite, empty, tmp_path
) -> None:
    with raw_connection(on_sqlite.url) as connection:
        connection.execute("DROP TRIGGER reviews_never_change")
        connection.execute("UPDATE reviews SET comment = 'other' WHERE sequence = 1")
        connection.commit()
    manifest = on_sqlite.back_up(tmp_path / "b.tar")
    fault = "reviews, row 1 (first, Dr Ádám): was changed after it was written."
    assert manifest.faults == (fault,)
    report = empty.restore(tmp_path / "b.tar").report
    assert tuple(map(str, report.faults)) == manifest.faults
    with (
        raw_connection(empty.url) as connection,
        pytest.raises(Exception, match="a read is never changed"),
    ):
        connection.execute("UPDATE reviews SET comment = 'again'")


# --- while readers write --------------------------------------------------------------------------


def write_until(url: str, reader: str, told, stop) -> None:
    """Sign reads, one after the other; tell each that was acknowledged."""
    with closing(Database.open(url)) as database:
        store = SqlReviewStore(database)
        while not stop.wait(0.01):
            signed = record(reader=reader)
            sign(store, signed)
            told.put((reader, signed.record_id))


def test_every_read_acknowledged_before_the_backup_is_in_it(url, empty, tmp_path) -> None:
    site = Site(url, tmp_path / "site")
    site.fill()
    told, stop = SPAWN.Queue(), SPAWN.Event()
    writers = [
        threading.Thread(target=write_until, args=(url, "Dr Ada", told, stop)),
        # on PostgreSQL, whose server knows no processes of ours, a thread is as good and quicker
        (SPAWN.Process if "sqlite" in url else threading.Thread)(
            target=write_until, args=(url, "Dr Bo", told, stop)
        ),
    ]
    for writer in writers:
        writer.start()
    try:
        before = set()
        while {reader for reader, _ in before} != {"Dr Ada", "Dr Bo"} or len(before) < 20:
            before.add(told.get(timeout=60))
        manifest = site.back_up(tmp_path / "b.tar")
        while not told.empty():
            told.get()
        assert told.get(timeout=60)  # they go on
    finally:
        stop.set()
        for writer in writers:
            while writer.is_alive():  # it ends when what it told is taken
                with contextlib.suppress(queue.Empty):
                    told.get(timeout=0.05)
    assert manifest.faults == ()
    assert empty.restore(tmp_path / "b.tar").report.intact
    with closing(Database(empty.url)) as database:
        kept = {one.record_id for one in SqlReviewStore(database).everything()}
    assert {record_id for _, record_id in before} <= kept


def test_the_weekly_check_and_the_shadow_run_come_back(on_sqlite, empty, tmp_path) -> None:
    with closing(Database(on_sqlite.url)) as database:
        write_monitoring(database)
    on_sqlite.back_up(tmp_path / "b.tar")
    assert empty.restore(tmp_path / "b.tar").report.intact
    tables = [
        "monitoring_weeks",
        "monitoring_notes",
        "shadow_choices",
        "shadow_readings",
        "blind_reads",
    ]
    rows = empty.rows()
    assert [len(rows[name]) for name in tables] == [1] * 5
    assert rows == on_sqlite.rows()
