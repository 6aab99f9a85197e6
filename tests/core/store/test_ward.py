"""The ward's prevalence and the number shown with a read, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import lead, raw_connection, record, sign

from core import __version__
from core.domain.rate import Rate
from core.domain.reader import Reader, Role
from core.domain.ward import Origin, ShownNumber, WardPrevalence
from core.errors import NotAllowed, ReviewStoreError
from core.stats.intervals import wilson_rate
from core.store.audit_log import content_sha256, verify_records
from core.store.engine import Database
from core.store.reads import row_from_record
from core.store.ward import list_ward_prevalences, read_ward_prevalence, set_ward_prevalence

pytest_plugins = ["fixtures.review_databases"]

MORNING = datetime(2025, 3, 1, 8, 0, 0, 250000, tzinfo=UTC)


def put(database, value=0.15, by="Ada Lead", estimate=None, hours=0):
    return set_ward_prevalence(
        database, value, lead(by), estimate, now=lambda: MORNING + timedelta(hours=hours)
    )


def test_before_one_is_set_there_is_none(database):
    assert read_ward_prevalence(database) is None


def test_a_stated_prevalence_comes_back_with_who_and_when(database):
    kept = put(database)
    assert kept == WardPrevalence(0.15, None, "Ada Lead", MORNING, __version__)
    assert kept.origin is Origin.STATED
    assert read_ward_prevalence(database) == kept


def test_an_estimate_comes_back_with_n_and_interval(database):
    estimate = wilson_rate(30, 200)
    kept = put(database, estimate.value, estimate=estimate)
    assert kept.origin is Origin.ESTIMATED
    again = read_ward_prevalence(database)
    assert again == kept
    assert again.estimate == Rate(0.15, estimate.low, estimate.high, 200)


def test_the_newest_holds_and_the_older_ones_stay(database):
    first, second = put(database, 0.2), put(database, 0.1, hours=1)
    assert read_ward_prevalence(database) == second
    assert list_ward_prevalences(database) == [first, second]


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ({"value": 0.0}, "A prevalence of 0 % is not above 0 and below 100 %"),
        ({"value": 1.0}, "A prevalence of 100 % is not above 0"),
        ({"value": float("nan")}, "A prevalence of nan % is not above 0"),
        ({"estimate": wilson_rate(30, 100)}, "The prevalence 0.15 is not the estimated 0.3"),
        ({"by": " "}, "1 to 100 letters, and this one has 0: enter your name"),
        ({"by": "x" * 101}, "this one has 101"),
    ],
)
def test_what_cannot_hold_is_refused_and_nothing_is_kept(sqlite_url, without, sentence):
    database = Database.open(sqlite_url)
    with pytest.raises(ReviewStoreError, match=sentence):
        put(database, **without)
    assert list_ward_prevalences(database) == []


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER, Role.TEACHER, Role.ADMIN])
def test_only_a_lead_sets_it(sqlite_url, role):
    database = Database.open(sqlite_url)
    with pytest.raises(NotAllowed, match="may not set the ward's prevalence"):
        set_ward_prevalence(database, 0.15, Reader("Ada", frozenset({role})))
    assert list_ward_prevalences(database) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ward_prevalences SET prevalence = 0.5", "DELETE FROM ward_prevalences"],
)
def test_it_cannot_be_changed_afterwards(database, url, statement):
    kept = put(database)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="ward_prevalences is append-only"),
    ):
        connection.execute(statement)
    assert list_ward_prevalences(database) == [kept]


@pytest.mark.parametrize(
    "values",
    [
        "1.0, 'stated', NULL, NULL, NULL, 'Ada'",
        "0.2, 'guessed', NULL, NULL, NULL, 'Ada'",
        "0.2, 'stated', 10, 0.1, 0.3, 'Ada'",
        "0.2, 'estimated', 10, 0.3, 0.4, 'Ada'",
        "0.2, 'stated', NULL, NULL, NULL, ''",
    ],
)
def test_the_database_itself_refuses_what_is_no_prevalence(database, url, values):
    row = f"INSERT INTO ward_prevalences (prevalence, origin, n, low, high, set_by, set_at, \
app_version) VALUES ({values}, '2025-03-01 08:00:00', '0.1.0')"
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="ck_ward_prevalences"),
    ):
        connection.execute(row)


@pytest.mark.parametrize(
    "shown",
    [
        ShownNumber(53.125, None, "likelihood ratio above 53 (95 % 25 to 220)"),
        ShownNumber(0.1 + 0.2, 0.15, "probability here 0.05 (95 % 0.03 to 0.09)"),
    ],
)
def test_the_number_that_a_reader_saw_is_kept_with_the_read(store, shown):
    sign(store, record(shown_number=shown))
    assert store.everything()[0].shown_number == shown
    assert verify_records(store.database).intact


def test_a_read_without_a_number_keeps_the_hash_that_it_had_before_there_were_any():
    row = row_from_record(record("a"))
    new = ("likelihood_ratio", "ward_prevalence", "shown_number")
    older = {name: value for name, value in row.items() if name not in new}
    assert len(older) == len(row) - len(new)
    assert content_sha256(row) == content_sha256(older)
