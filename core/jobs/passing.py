"""Large bytes between two processes, through memory that both have open.

A socket takes them in pieces of 200 KB: on a busy machine both sides wait for each other 90 times
for a film of 18 MB.
"""

from __future__ import annotations

import os
import tempfile

import numpy as np
import numpy.typing as npt

KEPT_BYTES = 4_000_000
"""A file of no more than this keeps its memory for the next: a system takes long to clear pages."""


def open_memory_file() -> int:
    """Return the descriptor of an empty file that lies in memory.

    Where the system has none, it is a temporary file without a name.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create("firstread-film")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def put(descriptor: int, content: bytes | memoryview) -> None:
    """Write bytes to the beginning of a memory file."""
    left, at = memoryview(content), 0
    while left.nbytes:
        written = os.pwrite(descriptor, left, at)
        left, at = left[written:], at + written


def take(descriptor: int, size: int) -> npt.NDArray[np.uint8]:
    """Return the first bytes of a memory file, and let go of its memory if it is large."""
    taken = np.empty(size, np.uint8)
    at = 0
    while at < size:
        read = os.preadv(descriptor, [taken[at:].data], at)
        if not read:
            raise EOFError(f"{at} of {size} bytes were passed on")
        at += read
    if os.fstat(descriptor).st_size > KEPT_BYTES:
        os.ftruncate(descriptor, 0)
    return taken
