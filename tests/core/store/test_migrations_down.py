"""Migrations go down and up again, on SQLite and PostgreSQL, and say what is lost."""

from __future__ import annotations

from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fixtures.kept_films import FILM, arriving
from fixtures.review_records import lead, migrate, raw_connection, record, refused_film_record, sign
from typer.testing import CliRunner

from core.cli.database import app
from core.errors import ReviewStoreError
from core.store.audit_log import verify_records
from core.store.dismissals import dismiss_film
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.migration import NO_REVISION, known_revisions, migrate_up, newest_revision
from core.store.reads import SqlReviewStore
from core.store.schema import metadata

pytest_plugins = ["fixtures.review_databases"]

_OF_SQLITE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
_OF_POSTGRESQL = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default
       FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT relname FROM pg_class WHERE relkind = 'S'",
)


def schema_of(url: str) -> set[tuple[object, ...]]:
    """Return all that the database holds besides rows: tables, rules, functions, counters."""
    queries = (_OF_SQLITE,) if url.startswith("sqlite") else _OF_POSTGRESQL
    with raw_connection(url) as connection:
        return {row for query in queries for row in connection.execute(query).fetchall()}


def reads_of(database: Database) -> list[str]:
    return [one.record_id for one in SqlReviewStore(database).everything()]


def test_every_revision_can_be_left_and_reached_again_and_reads_stay(database, url) -> None:
    store = SqlReviewStore(database)
    sign(store, record("first"))
    sign(store, record("second", supersedes="first"))
    left = {newest_revision(): schema_of(url)}
    for revision in reversed(known_revisions()[:-1]):
        assert database.migrate_to(revision, may_lose=True).revision == revision
        left[revision] = schema_of(url)
    for revision in known_revisions()[1:]:
        assert database.migrate_to(revision).revision == revision
        assert schema_of(url) == left[revision], revision
    assert len({frozenset(schema) for schema in left.values()}) == len(known_revisions())
    assert reads_of(database) == ["first", "second"]
    assert verify_records(database).intact
    assert database.migrate_to(NO_REVISION, may_lose=True).revision is None
    assert not [row for row in schema_of(url) if "alembic_version" not in str(row)]
    assert migrate(url).up_to_date
    assert schema_of(url) == left[newest_revision()]
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert reads_of(database) == []


def test_what_would_be_lost_is_named_and_stays_without_a_yes(database, tmp_path) -> None:
    sign(SqlReviewStore(database), record("first", order_known=True))
    films = SqlFilms(database, FilmObjects(str(tmp_path)), key_path=tmp_path / "films.key")
    films.keep(arriving(), lead("Dr Ada"))
    dismiss_film(database, FILM, refused_film_record().quality, lead("Dr Ada"))
    with pytest.raises(ReviewStoreError, match=r"Nothing was changed\. From revision") as told:
        database.migrate_to("0009")
    for words in (
        "the column reviews.order_known (1 values)",
        "the table dismissals (1 rows)",
        "the table films (1 rows)",
        "the table film_secrets (1 rows)",
    ):
        assert words in str(told.value)
    assert "ward_prevalences" not in str(told.value)  # which holds nothing
    assert database.status().up_to_date
    assert films.content(FILM)


def test_a_number_that_a_lost_record_had_is_not_given_again(database) -> None:
    films = (FILM, "cd" * 32)
    for film in films:
        dismiss_film(database, film, refused_film_record().quality, lead("Dr Ada"))
    database.migrate_to("0014", may_lose=True)
    database.migrate_to(newest_revision())
    dismiss_film(database, FILM, refused_film_record().quality, lead("Dr Ada"))
    assert [str(fault) for fault in verify_records(database).faults] == [
        f"dismissals, row {row}: was removed after it was written." for row in (1, 2)
    ]


def test_sessions_from_before_the_chain_are_chained(sqlite_url) -> None:
    with closing(Database(sqlite_url)) as database, database.writing() as connection:
        migrate_up(connection, "0006")
        connection.exec_driver_sql(
            "INSERT INTO teaching_sets (set_id, name, library, film_ids, made_by, made_at)"
            " VALUES ('a', 'Week 1', 'synthetic', '[]', 'Ada', '2024-05-04 12:30:15.123456')"
        )
    with closing(Database.open(sqlite_url)) as database:
        assert verify_records(database).intact


def test_the_command_line_goes_down_only_with_a_yes_where_something_is_lost(sqlite_url) -> None:
    with closing(Database.open(sqlite_url)) as database:
        sign(SqlReviewStore(database), record("first", order_known=True))

    def migrate_to(*words: str):
        return CliRunner().invoke(app, ["migrate", "--database-url", sqlite_url, "--to", *words])

    without = migrate_to("0009")
    assert (without.exit_code, "then add --yes" in without.output) == (1, True)
    assert migrate_to("0012").exit_code == 0  # nothing is lost
    down = migrate_to("0009", "--yes")
    assert down.exit_code == 0
    assert "is at revision 0009 now" in down.output
    unknown = migrate_to("0999", "--yes")
    assert (unknown.exit_code, "There is no revision '0999'" in unknown.output) == (1, True)
    up = migrate_to(newest_revision())
    assert f"is up to date (revision {newest_revision()})" in up.output
