"""The review store, against SQLite files and a real PostgreSQL."""

import dataclasses
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import sqlalchemy as sa
from fixtures.review_records import (
    COPY,
    FILM,
    OTHER_FILM,
    SPAWN,
    THIRD_FILM,
    append_records,
    raw_connection,
    record,
    refused_film_record,
    sign,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.model import OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import Verdict
from core.errors import ReviewStoreError
from core.store.audit_log import content_sha256, verify_records
from core.store.engine import Database
from core.store.reads import SqlReviewStore, row_from_record
from core.store.schema import reviews

pytest_plugins = ["fixtures.review_databases"]

# --- keeping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [record, refused_film_record])
def test_every_field_comes_back_as_it_was_stored(store, make):
    kept = make()
    sign(store, kept)
    assert store.latest_for_film(FILM) == kept


SEEN = Findings(
    frozenset({Category.CONSOLIDATION, Category.EFFUSION}),
    frozenset({"right upper", "left lower"}),
    frozenset({"left"}),
)


def test_findings_come_back_and_a_row_without_them_hashes_as_before_there_were_any(store):
    plain = record()
    seen = record(film_sha256=OTHER_FILM)
    seen = dataclasses.replace(seen, read=dataclasses.replace(seen.read, findings=SEEN))
    for one in (plain, seen):
        sign(store, one)
    assert [one.read.findings for one in store.everything()] == [NO_FINDINGS, SEEN]
    row = row_from_record(plain)
    assert content_sha256(row) == content_sha256({k: v for k, v in row.items() if k != "findings"})
    assert verify_records(store.database).intact


def test_findings_that_another_program_spoilt_are_a_sentence(store):
    spoilt = {"categories": ["normal", "consolidation"], "zones": [], "effusion_sides": []}
    with store.database.writing() as connection:
        connection.execute(
            reviews.insert().values(row_from_record(record()) | {"findings": spoilt})
        )
    with pytest.raises(ReviewStoreError, match="was changed by another program"):
        store.everything()


def test_a_record_is_there_for_another_process_and_after_a_restart(url):
    kept = record()
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        pool.submit(append_records, url, [kept]).result()
    reopened = SqlReviewStore(Database.open(url))
    assert reopened.history(FILM) == [kept]
    reopened.database.close()


def test_a_time_in_another_zone_comes_back_as_the_same_moment_in_utc(store):
    local = datetime(2024, 5, 4, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    sign(store, record(read_at=local))
    kept = store.latest_for_film(FILM).read.read_at
    assert kept == local
    assert kept.isoformat() == "2024-05-03T20:00:00+00:00"


def test_numpy_numbers_come_back_as_plain_numbers(store):
    point = OperatingPoint(np.float32(0.5), 0.9, 0.8, np.int64(624), 390, "validation")
    kept = record(
        prediction=Prediction(np.float32(0.25), np.float64(0.5), "run-1", point),
        quality=QualityReport((Finding("f", Severity.NOTE, np.float32(0.5), 1.0, "m"),)),
        regions={"weight": np.float64(0.125)},
    )
    sign(store, kept)
    back = store.latest_for_film(FILM)
    assert back == kept
    assert type(back.prediction.operating_point.threshold) is float
    assert type(back.prediction.operating_point.n) is int


def test_a_measurement_that_is_not_finite_is_kept_as_not_measured(store):
    finding = Finding("f", Severity.NOTE, float("nan"), float("inf"), "m")
    sign(store, record(quality=QualityReport((finding,))))
    kept = store.latest_for_film(FILM).quality.findings[0]
    assert (kept.measured, kept.limit) == (None, None)


@given(
    comment=st.text(
        st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200
    ),
    name=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40),
    confidence=st.integers(1, 5),
    probability=st.floats(0, 1),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_comment_name_and_probability_come_back_exactly(
    store, comment, name, confidence, probability
):
    prediction = dataclasses.replace(record().prediction, probability=probability)
    kept = record(
        comment=comment,
        film_name=name,
        reader=name,
        confidence=confidence,
        prediction=prediction,
    )
    sign(store, kept)
    assert store.history(FILM)[-1] == kept


# --- asking ---------------------------------------------------------------------------------------


def test_an_empty_store_has_nothing(store):
    assert store.latest_for_film(FILM) is None
    assert store.latest_for_films([FILM]) == {}
    assert store.latest_for_films([]) == {}
    assert store.history(FILM) == []
    assert store.recent() == []
    assert store.count() == 0


def test_a_correction_replaces_its_record_everywhere_but_in_the_history(store):
    first = record()
    second = record(supersedes=first.record_id, verdict=Verdict.NORMAL)
    sign(store, first)
    sign(store, second)
    assert store.latest_for_film(FILM) == second
    assert store.recent() == [second]
    assert store.history(FILM) == [first, second]
    assert store.count() == 2


def test_the_latest_of_two_readers_is_the_one_signed_last(store):
    ada, grace = record(reader="Dr Ada"), record(reader="Dr Grace")
    sign(store, ada)
    sign(store, grace)
    assert store.latest_for_film(FILM) == grace
    correction = record(reader="Dr Ada", supersedes=ada.record_id)
    sign(store, correction)
    assert store.latest_for_film(FILM) == correction
    assert store.recent() == [correction, grace]


def test_the_order_is_that_of_signing_whatever_the_clock_says(store):
    late_clock = record(read_at=datetime(2030, 1, 1, tzinfo=UTC))
    early_clock = record(read_at=datetime(2020, 1, 1, tzinfo=UTC))
    sign(store, late_clock)
    sign(store, early_clock)
    assert store.latest_for_film(FILM) == early_clock
    assert store.history(FILM) == [late_clock, early_clock]


def test_recent_gives_the_newest_up_to_the_limit(store):
    kept = [record(film_sha256=film) for film in (FILM, OTHER_FILM, THIRD_FILM)]
    for each in kept:
        sign(store, each)
    assert store.recent(2) == [kept[2], kept[1]]
    assert store.recent() == kept[::-1]
    assert store.recent(0) == []
    assert store.recent(-1) == []


def test_a_worklist_gets_each_films_current_record(store):
    first, other = record(), record(film_sha256=OTHER_FILM)
    correction = record(supersedes=first.record_id)
    for each in (first, other, correction, record(film_sha256=THIRD_FILM)):
        sign(store, each)
    latest = store.latest_for_films([FILM, OTHER_FILM, FILM, "00" * 32])
    assert latest == {FILM: correction, OTHER_FILM: other}


def test_a_worklist_of_25_000_films_is_answered(store):
    kept = record()
    sign(store, kept)
    films = [f"{number:064x}" for number in range(25_000)]
    assert store.latest_for_films([*films, FILM]) == {FILM: kept}


def test_a_worklist_takes_one_query(store):
    kept = [record(film_sha256=f"{number:064x}") for number in range(20)]
    for each in kept:
        sign(store, each)
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        if statement != "BEGIN":
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        assert len(store.latest_for_films([each.film_sha256 for each in kept])) == 20
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len(statements) == 1


# --- refusing -------------------------------------------------------------------------------------


def test_a_record_is_stored_only_once(store):
    kept = record()
    sign(store, kept)
    with pytest.raises(ReviewStoreError, match="is already stored: reload the film"):
        sign(store, kept)
    assert store.count() == 1


def test_a_correction_of_a_missing_record_is_refused(store):
    with pytest.raises(ReviewStoreError, match=r"read to correct \(nobody\) is not stored"):
        sign(store, record(supersedes="nobody"))
    assert store.count() == 0


def test_a_correction_of_another_films_record_is_refused(store):
    first = record()
    sign(store, first)
    with pytest.raises(ReviewStoreError, match="is of another film"):
        sign(store, record(film_sha256=OTHER_FILM, supersedes=first.record_id))
    assert store.count() == 1


def test_a_second_correction_of_one_record_is_refused(store):
    first = record()
    sign(store, first)
    sign(store, record(supersedes=first.record_id))
    with pytest.raises(ReviewStoreError, match="This read was corrected meanwhile: reload"):
        sign(store, record(supersedes=first.record_id))
    assert store.count() == 2


def test_a_record_that_supersedes_itself_is_refused(store):
    with pytest.raises(ReviewStoreError, match="it may not correct itself"):
        sign(store, record("same", supersedes="same"))
    assert store.count() == 0


def test_a_confidence_off_the_scale_is_refused_by_the_database(store):
    with pytest.raises(ReviewStoreError, match=r"its confidence \(6\) must be 1 to 5"):
        sign(store, record(confidence=6))
    assert store.count() == 0


def test_a_probability_above_1_is_refused_by_the_database(store):
    with pytest.raises(ReviewStoreError, match="its probability 0 to 1"):
        sign(store, record(prediction=dataclasses.replace(record().prediction, probability=1.5)))


@pytest.mark.parametrize("field", ["probability", "score"])
def test_a_number_that_is_not_finite_is_refused(store, field):
    broken = dataclasses.replace(record().prediction, **{field: float("nan")})
    with pytest.raises(ReviewStoreError, match="gave nan for this film"):
        sign(store, record(prediction=broken))


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(ReviewStoreError, match="has no time zone"):
        sign(store, record(read_at=datetime(2024, 5, 4)))  # noqa: DTZ001 (the fault under test)


def test_a_prediction_of_another_run_is_refused(store):
    with pytest.raises(ReviewStoreError, match="names run 'run-2' and its probability comes from"):
        sign(store, record(run_id="run-2"))


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_regions_that_json_does_not_know_are_refused(store, value):
    with pytest.raises(ReviewStoreError, match="regions of this read cannot be stored as JSON"):
        sign(store, record(regions={"weight": value}))


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_no_database_takes_is_refused(store, text):
    with pytest.raises(ReviewStoreError, match="The film name of this read contains a character"):
        sign(store, record(film_name=text))


# --- append-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews SET verdict = 'normal'",
        "UPDATE reviews SET comment = comment WHERE record_id = 'kept'",
        "DELETE FROM reviews",
        "DELETE FROM reviews WHERE record_id = 'kept'",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete_a_read(store, url, statement):
    kept = record("kept")
    sign(store, kept)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="reviews is append-only"),
    ):
        connection.execute(statement)
    assert store.history(FILM) == [kept]


@pytest.mark.parametrize(
    "conflict",
    [
        {"sequence": "1", "record_id": "new", "supersedes": "NULL"},
        {"sequence": "NULL", "record_id": "kept", "supersedes": "NULL"},
        {"sequence": "NULL", "record_id": "new", "supersedes": "'kept'"},
    ],
)
def test_sqlite_refuses_to_replace_a_read(sqlite_url, conflict):
    store = SqlReviewStore(Database.open(sqlite_url))
    stored = [record("kept"), record("correction", supersedes="kept")]
    for each in stored:
        sign(store, each)
    with (
        raw_connection(sqlite_url) as connection,
        pytest.raises(sqlite3.IntegrityError, match="a read is never replaced"),
    ):
        connection.execute(COPY.format(**conflict))
    assert store.history(FILM) == stored
    store.database.close()


def test_postgresql_refuses_to_empty_the_table(postgresql_url):
    store = SqlReviewStore(Database.open(postgresql_url))
    sign(store, record())
    with (
        raw_connection(postgresql_url) as connection,
        pytest.raises(Exception, match="reviews is append-only: TRUNCATE is refused"),
    ):
        connection.execute("TRUNCATE reviews CASCADE")
    assert store.count() == 1
    store.database.close()
