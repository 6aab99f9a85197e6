"""Keeping the process small: how the C library hands memory back."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

# From malloc.h: glibc's names of what mallopt sets.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
LARGE_BYTES = 1 << 20
ARENAS = 2


def _from_libc(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)


def keep_heap_small() -> bool:
    """Ask glibc to keep few heaps, and large arrays outside of them.

    Left alone it keeps a heap for every thread, and a page's script runs in a new thread each time.

    Returns
    -------
    bool
        False where the C library is not glibc; nothing is changed there.

    References
    ----------
    .. [1] mallopt(3).
    """
    mallopt = _from_libc("mallopt")
    if mallopt is None:
        return False
    settings = (
        (_M_MMAP_THRESHOLD, LARGE_BYTES),
        (_M_TRIM_THRESHOLD, LARGE_BYTES),
        (_M_ARENA_MAX, ARENAS),
    )
    accepted = [bool(mallopt(name, value)) for name, value in settings]
    return all(accepted)


def give_memory_back() -> bool:
    """Ask glibc to return what is free in the middle of its heaps, as after a large batch.

    Returns
    -------
    bool
        True if anything was returned.

    References
    ----------
    .. [1] malloc_trim(3).
    """
    malloc_trim = _from_libc("malloc_trim")
    return malloc_trim is not None and bool(malloc_trim(0))
