"""What was made lately, kept for all visits of this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A small least-recently-used store that threads may share.

    Parameters
    ----------
    kept : int
        Most that all values together may measure.
    size_of : callable
        What a value measures; without it each counts as one.
    """

    def __init__(self, kept: int, size_of: Callable[[Value], int] = lambda _value: 1) -> None:
        self._kept, self._size_of, self._size = kept, size_of, 0
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get_or_make(self, key: str, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made once if it is not there.

        Who asks for the same key meanwhile waits for it; who asks for another does not.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._values:  # another thread had its turn before
                    self._values.move_to_end(key)
                    return self._values[key]
            try:
                value = make()
                with self._lock:
                    self._drop(key)  # made twice, where the first one to make it failed
                    self._values[key] = value
                    self._size += self._size_of(value)
                    while self._size > self._kept:
                        self._size -= self._size_of(self._values.popitem(last=False)[1])
            finally:
                with self._lock:
                    if self._turns.get(key) is turn:
                        del self._turns[key]
            return value

    def _drop(self, key: str) -> None:
        if key in self._values:
            self._size -= self._size_of(self._values.pop(key))

    def forget(self, key: str, value: Value) -> None:
        """Drop this value of a key; another one that has taken its place stays."""
        with self._lock:
            if self._values.get(key) is value:
                self._drop(key)
