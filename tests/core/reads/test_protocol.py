"""A site that reads first stores no signed read without its reader's locked first one."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from fixtures.review_records import FILM, OTHER_FILM, SPAWN, lead, record, refused_film_record, sign

from core.domain.review import ReadKind, Verdict
from core.errors import ReviewStoreError
from core.reads.arbitration import arbitrate, list_disputes
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

ADA, GRACE = "Dr Ada", "Dr Grace"


def first(reader: str = ADA, **changes):
    return record(reader=reader, kind=ReadKind.FIRST, **{"regions": {}, **changes})


@pytest.fixture
def reading_first(database: Database) -> SqlReviewStore:
    return SqlReviewStore(database, read_first=True)


def test_a_signed_read_without_a_first_read_is_refused(reading_first: SqlReviewStore) -> None:
    with pytest.raises(ReviewStoreError, match="Dr Ada has not locked a first read of this film"):
        sign(reading_first, record(reader=ADA))
    assert reading_first.count() == 0


def test_a_first_read_a_signed_one_and_a_correction_follow_one_another(
    reading_first: SqlReviewStore,
) -> None:
    locked = first()
    signed = record(reader=ADA, supersedes=locked.record_id)
    corrected = record(reader=ADA, supersedes=signed.record_id, verdict=Verdict.NORMAL)
    for read in (locked, signed, corrected):
        sign(reading_first, read)
    assert reading_first.history(FILM) == [locked, signed, corrected]
    assert verify_records(reading_first.database).intact


@pytest.mark.parametrize("of", [{"reader": GRACE}, {"film_sha256": OTHER_FILM}])
def test_the_first_read_of_another_reader_or_film_opens_nothing(
    reading_first: SqlReviewStore, of
) -> None:
    sign(reading_first, first(**of))
    with pytest.raises(ReviewStoreError, match="not locked a first read"):
        sign(reading_first, record(reader=ADA))
    assert reading_first.count() == 1


def test_a_refused_film_needs_no_first_read_and_opens_none(reading_first: SqlReviewStore) -> None:
    refused = refused_film_record()
    sign(reading_first, refused)
    with pytest.raises(ReviewStoreError, match="not locked a first read"):  # inverted, it has one
        sign(reading_first, record(supersedes=refused.record_id))
    sign(reading_first, first(refused.reader, supersedes=refused.record_id))
    assert reading_first.count() == 2


def test_a_read_that_leaves_the_probability_out_is_held_to_the_order_too(
    reading_first: SqlReviewStore,
) -> None:
    with pytest.raises(ReviewStoreError, match="not locked a first read"):
        sign(reading_first, record(reader=ADA, prediction=None))


def test_a_first_read_is_locked_once_and_never_after_another_read(
    reading_first: SqlReviewStore,
) -> None:
    locked = first()
    sign(reading_first, locked)
    for again in (first(), first(supersedes=locked.record_id)):
        with pytest.raises(ReviewStoreError, match="Dr Ada has already locked a first read"):
            sign(reading_first, again)
    assert reading_first.history(FILM) == [locked]


def test_a_first_read_at_which_regions_were_shown_is_refused(
    reading_first: SqlReviewStore,
) -> None:
    with pytest.raises(ReviewStoreError, match="regions were shown before this first read"):
        sign(reading_first, first(regions={"n_regions": 60}))


def test_who_settles_a_dispute_needs_no_first_read(reading_first: SqlReviewStore) -> None:
    locked = first()
    sign(reading_first, locked)
    sign(reading_first, record(reader=ADA, supersedes=locked.record_id))  # 0.3 is below the point
    (dispute,) = list_disputes(reading_first.history(FILM))
    settled = arbitrate(dispute, lead("Senior"), Verdict.NORMAL, 4, "nothing there")
    sign(reading_first, settled)
    assert reading_first.latest_for_film(FILM) == settled


def test_a_site_where_the_model_comes_first_signs_at_once(database: Database) -> None:
    opened = SqlReviewStore(database, read_first=False)
    signed = record(reader=ADA)
    sign(opened, signed)
    sign(opened, record(reader=ADA, supersedes=signed.record_id))
    assert opened.count() == 2


def test_two_windows_that_lock_at_once_lock_one_first_read(url: str) -> None:
    stores = [SqlReviewStore(Database.open(url), read_first=True) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def lock(store: SqlReviewStore) -> bool:
        start.wait()
        try:
            sign(store, first())
        except ReviewStoreError as exc:
            assert "has already locked a first read of this film" in str(exc)  # noqa: PT017
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(lock, stores)) == 1
    assert stores[0].count() == 1
    for store in stores:
        store.database.close()


def sign_alone(url: str) -> str:
    """Sign in a process of its own, as its settings say; return why not."""
    store = SqlReviewStore(Database.open(url))
    try:
        sign(store, record(reader=ADA))
    except ReviewStoreError as exc:
        return str(exc)
    finally:
        store.database.close()
    return ""


def test_a_fresh_process_without_any_setting_reads_first(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRSTREAD_READ_FIRST")
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        assert "not locked a first read" in pool.submit(sign_alone, sqlite_url).result()
