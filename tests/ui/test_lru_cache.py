"""The small store of things made lately: made once, and one key does not hold up another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ui.app.lru_cache import Recent


def test_the_least_recently_used_value_goes_first() -> None:
    made: list[str] = []
    kept: Recent[str] = Recent(2)

    def get(key: str) -> str:
        return kept.get_or_make(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "abacab"] == list("ABACAB")
    assert made == list("abcb")


def test_while_one_value_is_made_another_key_is_served_and_the_same_one_waits() -> None:
    kept: Recent[str] = Recent(4)
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def slowly() -> str:
        made.append("slow")
        begun.set()
        assert go_on.wait(30)
        return "slow"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(kept.get_or_make, "one", slowly)
        assert begun.wait(30)
        same = pool.submit(kept.get_or_make, "one", slowly)
        assert pool.submit(kept.get_or_make, "other", lambda: "quick").result(30) == "quick"
        assert not first.done()
        assert not same.done()
        go_on.set()
        assert first.result(30) is same.result(30)
    assert made == ["slow"]


def test_what_could_not_be_made_is_tried_again() -> None:
    kept: Recent[int] = Recent(1)
    with pytest.raises(ZeroDivisionError):
        kept.get_or_make("key", lambda: 1 // 0)
    assert kept.get_or_make("key", lambda: 7) == 7


def test_a_value_that_two_threads_make_is_measured_once() -> None:
    kept: Recent[str] = Recent(3, len)
    begun, fail, go_on = (threading.Event() for _ in range(3))

    def fails() -> str:
        begun.set()
        assert fail.wait(30)
        raise KeyError("gone")

    def made(_: int) -> str:
        assert go_on.wait(30)
        return "tw"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(kept.get_or_make, "key", fails)
        assert begun.wait(30)
        waiting = pool.submit(kept.get_or_make, "key", lambda: made(1))
        wait_until(waiting.running)
        time.sleep(0.05)  # it has come to wait for the turn of the first
        fail.set()
        assert isinstance(first.exception(30), KeyError)
        late = pool.submit(kept.get_or_make, "key", lambda: made(2))
        time.sleep(0.05)
        go_on.set()
        assert (waiting.result(30), late.result(30)) == ("tw", "tw")
    again: list[str] = []
    kept.get_or_make("one", lambda: "1")
    kept.get_or_make("key", lambda: again.append("key") or "tw")
    assert again == []


def wait_until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_only_the_value_that_is_meant_is_forgotten() -> None:
    kept: Recent[list[int]] = Recent(2)
    old = kept.get_or_make("key", lambda: [1])
    kept.forget("key", [1])  # equal, and another
    assert kept.get_or_make("key", lambda: [2]) is old
    kept.forget("key", old)
    assert kept.get_or_make("key", lambda: [2]) == [2]
