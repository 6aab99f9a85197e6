"""Keeping the process small: how the C library hands memory back."""

from __future__ import annotations

import ctypes
import sys

# From malloc.h: glibc's names of what mallopt sets.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
LARGE_BYTES = 1 << 20
ARENAS = 2


def keep_heap_small() -> bool:
    """Ask glibc to give the memory of decoded films back to the system as soon as it is free.

    Left alone it keeps a heap for every thread, and a page's script runs in a new thread each time.

    Returns
    -------
    bool
        False where the C library is not glibc; nothing is changed there.

    References
    ----------
    .. [1] mallopt(3).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    settings = (
        (_M_MMAP_THRESHOLD, LARGE_BYTES),
        (_M_TRIM_THRESHOLD, LARGE_BYTES),
        (_M_ARENA_MAX, ARENAS),
    )
    accepted = [bool(mallopt(name, value)) for name, value in settings]
    return all(accepted)
