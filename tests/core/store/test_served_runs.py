"""The log of served runs, on SQLite and PostgreSQL."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import SPAWN, raw_connection, record, sign

from core.domain.model import AbstentionBand, Prediction
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_runs, note_served_run

pytest_plugins = ["fixtures.review_databases"]

MORNING = datetime(2025, 3, 1, 8, 0, 0, 250000, tzinfo=UTC)


def note(database, run_id="f01", threshold=0.74, export_sha256="ab" * 32, hours=0):
    return note_served_run(
        database,
        run_id=run_id,
        threshold=threshold,
        export_sha256=export_sha256,
        app_version="0.1.0",
        now=lambda: MORNING + timedelta(hours=hours),
    )


def test_the_first_start_is_noted(database):
    served = note(database)
    assert (served.run_id, served.threshold, served.app_version) == ("f01", 0.74, "0.1.0")
    assert served.since == MORNING
    assert list_served_runs(database) == [served]


def test_a_start_with_the_same_run_adds_no_line_and_keeps_since_when(database):
    first = note(database)
    assert note(database, hours=5) == first
    assert list_served_runs(database) == [first]


@pytest.mark.parametrize(
    "change", [{"run_id": "f02"}, {"threshold": 0.7400001}, {"export_sha256": "cd" * 32}], ids=repr
)
def test_another_run_operating_point_or_export_is_a_new_line(database, change):
    first = note(database)
    second = note(database, hours=1, **change)
    back = note(database, hours=2)
    assert list_served_runs(database) == [first, second, back]
    assert back.since == MORNING + timedelta(hours=2)


def test_a_swap_is_in_the_programs_log_and_a_plain_start_is_not(sqlite_url, caplog):
    database = Database.open(sqlite_url)
    caplog.set_level(logging.INFO)
    note(database)
    note(database, run_id="f02", threshold=0.5)
    note(database, run_id="f02", threshold=0.5)
    told = [
        line.getMessage() for line in caplog.records if "serves from now on" in line.getMessage()
    ]
    assert told == [
        "run f01 serves from now on, at operating point 0.7400 (before: none)",
        "run f02 serves from now on, at operating point 0.5000 (before: f01 at 0.7400)",
    ]


@pytest.mark.parametrize(
    "statement", ["UPDATE served_runs SET run_id = 'f09'", "DELETE FROM served_runs"]
)
def test_the_log_cannot_be_changed_afterwards(database, url, statement):
    first = note(database)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="served_runs is append-only"),
    ):
        connection.execute(statement)
    assert list_served_runs(database) == [first]


def note_in_a_process(url):
    with closing(Database.open(url)) as database:
        note(database)


def test_processes_that_start_at_once_note_one_line(database, url):
    workers = [SPAWN.Process(target=note_in_a_process, args=(url,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(list_served_runs(database)) == 1


# --- what a read keeps of the model ---------------------------------------------------------------


def test_a_read_comes_back_with_the_band_and_the_disagreement_of_its_time(store):
    point = record().prediction.operating_point
    band = AbstentionBand(None, 0.7, 0.1, 0.9, "validation patients", 798, "by hand")
    kept = record("banded", prediction=Prediction(0.5, 0.4, "run-1", point, band, 0.125))
    sign(store, kept)
    assert store.latest_for_film(kept.film_sha256) == kept


def test_a_read_of_before_there_were_bands_comes_back_without_one(sqlite_url):
    from alembic import command

    from core.store.migration import _alembic_config

    config = _alembic_config()
    with Database(sqlite_url).writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with raw_connection(sqlite_url) as connection:
        connection.execute(
            "INSERT INTO reviews (record_id, film_sha256, reader, verdict, confidence, comment, "
            "read_at, run_id, probability, score, operating_point, quality, regions, app_version) "
            "VALUES ('old', ?, 'Ada', 'normal', 3, '', '2024-05-04 12:00:00', 'f01', 0.25, 0.5, "
            """'{"threshold": 0.4, "sensitivity": 0.97, "specificity": 0.8, "n": 10, """
            """"n_positive": 4, "chosen_on": "validation"}', '[]', '{}', '0.1.0')""",
            ("ab" * 32,),
        )
        connection.commit()
    store = SqlReviewStore(Database.open(sqlite_url))
    (read,) = store.recent()
    store.database.close()
    assert (read.prediction.abstention, read.prediction.disagreement) == (None, None)
    assert read.prediction.side == "not suspicious"
