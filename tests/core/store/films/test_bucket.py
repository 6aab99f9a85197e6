"""The files of films in a bucket: a stand-in of S3 on loopback, reached by s3fs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core.errors import FilmGone, FilmStoreError
from core.reads.signing import utc_now
from core.store.films.objects import FilmObjects

SITE = "0123456789abcdef"
LATER = timedelta(minutes=5)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilmObjects]:
    """A film store of an empty bucket, with the credentials where s3fs looks for them."""
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "hush"),
                        ("DEFAULT_REGION", "us-east-1"), ("ENDPOINT_URL", address)):  # fmt: skip
        monkeypatch.setenv(f"AWS_{name}", value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="site")
    yield FilmObjects("s3://site/films")
    for one in s3.list_objects_v2(Bucket="site").get("Contents", ()):
        s3.delete_object(Bucket="site", Key=one["Key"])
    s3.delete_bucket(Bucket="site")
    s3.close()


def names_in_the_bucket() -> list[str]:
    """Ask S3 itself, past what s3fs remembers."""
    found = boto3.client("s3").list_objects_v2(Bucket="site").get("Contents", ())
    return [one["Key"].rpartition("/")[2] for one in found]


def test_a_film_is_written_read_and_replaced_and_lies_there_once(bucket):
    address = bucket.new_address(SITE)
    assert not bucket.holds_files()
    bucket.write(address, b"first" * 100_000)
    assert bucket.read(address) == b"first" * 100_000
    bucket.write(address, b"second")
    assert bucket.read(address) == b"second"
    assert names_in_the_bucket() == [address.rpartition("/")[2]]  # and no part of a write
    assert bucket.holds_files()


def test_a_sweep_takes_what_nobody_knows_and_nothing_else(bucket):
    known, lost, of_others = (bucket.new_address(site) for site in (SITE, SITE, "fedcba9876543210"))
    for address in (known, lost, of_others):
        bucket.write(address, b"film")
    assert bucket.sweep(SITE, [known], utc_now() - LATER) == 0  # its row may be on its way
    assert bucket.sweep(SITE, [known], utc_now() + LATER) == 1
    left = {address.rpartition("/")[2] for address in (known, of_others)}
    assert set(names_in_the_bucket()) == left
    another = bucket.new_address(SITE)
    bucket.write(another, b"film")
    assert bucket.sweep(SITE, [known], utc_now() + LATER) == 1  # the bucket is listed each time


def test_an_erased_film_is_gone_and_erasing_it_again_is_no_error(bucket):
    address = bucket.new_address(SITE)
    bucket.write(address, b"film")
    bucket.erase(address)
    bucket.erase(address)
    assert names_in_the_bucket() == []
    with pytest.raises(FilmGone, match="is not in s3://site/films any more"):
        bucket.read(address)


def test_another_process_sees_what_was_written_and_taken(bucket):
    """As after an upload in the app and an expiry in the archive's service."""
    other = FilmObjects("s3://site/films")
    address = bucket.new_address(SITE)
    assert other.sweep(SITE, [], utc_now() + LATER) == 0
    bucket.write(address, b"film")
    boto3.client("s3").put_object(
        Bucket="site", Key=f"films/{SITE}/ff/{'f' * 64}", Body=b"of another process"
    )
    assert other.sweep(SITE, [address], utc_now() + LATER) == 1
    assert names_in_the_bucket() == [address.rpartition("/")[2]]


def test_a_bucket_that_does_not_exist_is_a_sentence_and_is_not_made(bucket):
    with pytest.raises(FilmStoreError, match="cannot be written to s3://nowhere/films"):
        FilmObjects("s3://nowhere/films").write(f"{SITE}/{'0' * 64}", b"film")
    found = boto3.client("s3").list_buckets()["Buckets"]
    assert [one["Name"] for one in found] == ["site"]
