"""Large bytes between two processes: they arrive whole, and only few of them keep memory."""

import os

import pytest

from core.jobs.passing import KEPT_BYTES, open_memory_file, put, take


@pytest.fixture
def memory():
    descriptor = open_memory_file()
    yield descriptor
    os.close(descriptor)


def test_one_file_after_another_arrives_whatever_lay_there(memory):
    for size in (70_000, 300, 0, 250_001):
        content = os.urandom(size)
        put(memory, content)
        assert take(memory, size).tobytes() == content


@pytest.mark.parametrize(("size", "kept"), [(KEPT_BYTES, KEPT_BYTES), (KEPT_BYTES + 1, 0)])
def test_a_large_file_lets_go_of_its_memory_and_a_small_one_keeps_it(memory, size, kept):
    put(memory, bytes(size))
    take(memory, size)
    assert os.fstat(memory).st_size == kept


def test_less_than_was_promised_is_an_error(memory):
    put(memory, b"short")
    with pytest.raises(EOFError, match="5 of 6 bytes"):
        take(memory, 6)
