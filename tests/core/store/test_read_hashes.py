"""The hash of a read is that of its line in the chain, on SQLite and PostgreSQL."""

from fixtures.review_records import OTHER_FILM, record, sign

from core.store.audit_log import verify_records
from core.store.read_hashes import hash_of_read
from core.store.served_runs import note_served_run

pytest_plugins = ["fixtures.review_databases"]


def test_each_read_has_the_hash_that_was_the_newest_after_it(store) -> None:
    heads = {}
    for number, film in enumerate(("ab" * 32, OTHER_FILM)):
        # another table's line, with the same row number as a read's
        note_served_run(store.database, run_id=f"r{number}", threshold=0.5, export_sha256="e" * 64)
        kept = record(film_sha256=film)
        sign(store, kept)
        heads[kept.record_id] = verify_records(store.database).head
    assert len(set(heads.values())) == 2
    assert {name: hash_of_read(store.database, name) for name in heads} == heads


def test_a_read_that_is_not_stored_has_none(store) -> None:
    sign(store, record())
    assert hash_of_read(store.database, "missing") == ""
