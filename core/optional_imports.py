"""Importing a library without a part that it can do without."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Hidden:
    """A finder that says to one thread, and to no other, that a module is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is hidden from this import", name=fullname)
        return None


@contextmanager
def without_module(name: str) -> Iterator[None]:
    """Let this thread's imports run as if a module were not installed.

    Other threads import it as ever, and so does this one afterwards. A module that is loaded
    already stays in use.

    Parameters
    ----------
    name : str
        Of a top-level module.
    """
    hidden = _Hidden(name)
    # New lists: another thread may be going through the old one.
    sys.meta_path = [hidden, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [finder for finder in sys.meta_path if finder is not hidden]
