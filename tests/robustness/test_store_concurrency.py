"""Many threads and processes on one review store, on SQLite and on PostgreSQL."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from fixtures.review_records import FILM, SPAWN, append_records, migrate, record, sign

from core.errors import ReviewStoreError
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from ui.app.resources import LOCK_WAIT_S

pytest_plugins = ["fixtures.review_databases"]


def test_of_eight_threads_that_correct_one_read_exactly_one_wins(store):
    first = record()
    sign(store, first)
    start = Barrier(8)

    def correct():
        start.wait()
        try:
            sign(store, record(supersedes=first.record_id))
        except ReviewStoreError as exc:
            return str(exc)
        return "won"

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(correct) for _ in range(8)]]
    assert answers.count("won") == 1
    assert sum("corrected meanwhile" in answer for answer in answers) == 7
    assert store.count() == 2


def test_of_two_processes_that_correct_the_same_reads_each_read_is_corrected_once(store, url):
    firsts = [record(f"first-{number}") for number in range(20)]
    for each in firsts:
        sign(store, each)
    corrections = [
        [record(supersedes=each.record_id) for each in order] for order in (firsts, firsts[::-1])
    ]
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        refused = list(pool.map(append_records, [url, url], corrections))
    assert sum(refused) == 20
    assert store.count() == 40
    assert len(store.recent()) == 20


def test_eight_processes_that_write_50_reads_each_lose_none(url):
    records = [[record(reader=f"reader {process}") for _ in range(50)] for process in range(8)]
    with ProcessPoolExecutor(8, mp_context=SPAWN) as pool:  # they also migrate at once
        refused = list(pool.map(append_records, [url] * 8, records))
    store = SqlReviewStore(Database.open(url))
    stored = {each.record_id for each in store.history(FILM)}
    store.database.close()
    assert sum(refused) == 0
    assert stored == {each.record_id for some in records for each in some}


def test_eight_writers_with_the_patience_of_a_page_lose_none(sqlite_url):
    migrate(sqlite_url)

    def write(number):
        store = SqlReviewStore(Database.open(sqlite_url))
        store.database.wait_at_most(LOCK_WAIT_S)
        for turn in range(25):
            sign(store, record(f"{number}-{turn}"))
        store.database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with closing(Database.open(sqlite_url)) as database:
        assert SqlReviewStore(database).count() == 200


def test_many_sessions_read_while_others_write(store):
    def work(number):
        sign(store, record(film_sha256=f"{number:064x}"))
        return store.latest_for_film(f"{number:064x}").film_sha256

    with ThreadPoolExecutor(24) as pool:
        films = list(pool.map(work, range(96)))
    assert films == [f"{number:064x}" for number in range(96)]
    assert store.count() == 96


def test_four_processes_that_migrate_at_once_all_succeed(url):
    with ProcessPoolExecutor(4, mp_context=SPAWN) as pool:
        statuses = list(pool.map(migrate, [url] * 4))
    assert len(set(statuses)) == 1
    assert statuses[0].up_to_date


def test_eight_threads_that_migrate_at_once_all_succeed(url):
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(migrate, [url] * 8))
    assert all(status.up_to_date for status in statuses)
