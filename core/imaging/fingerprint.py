"""A film's fingerprint: 256 bits by which copies of it are found, and no film can be drawn again.

The film becomes a square of 64 x 64 means. Of its cosine transform the 16 x 16 lowest frequencies
stay, and of each only whether it is above their median [1]_. Size, proportions, compression and
exposure change few bits; another film changes about half of them. `python -m bench copies` measures
both: of validation films no two differ in fewer than 42 bits.

References
----------
.. [1] Zauner, Implementation and benchmarking of perceptual image hash functions (2010), 3.2.1
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

FINGERPRINT_BYTES = 32
WORDS = FINGERPRINT_BYTES // 8
"""Of 64 bits, in which fingerprints are compared."""
COPY_BITS = 32
"""Films that differ in at most so many bits of 256 are copies. Chosen on validation films."""
_SQUARE_PX, _FREQUENCIES = 64, 16

Fingerprints = npt.NDArray[np.uint64]
"""(N, 4): a row a film."""


def fingerprint_of(levels: npt.NDArray[Any]) -> bytes:
    """Return the fingerprint of a film, `FINGERPRINT_BYTES` long.

    Parameters
    ----------
    levels : (H, W) ndarray
        Of any range: brightness and contrast do not matter.
    """
    film = Image.fromarray(np.ascontiguousarray(levels, np.float32))
    square = np.asarray(film.resize((_SQUARE_PX, _SQUARE_PX), Image.Resampling.BOX))
    lowest = dctn(square)[:_FREQUENCIES, :_FREQUENCIES].ravel()
    return np.packbits(lowest > np.median(lowest)).tobytes()


def stack_fingerprints(fingerprints: list[bytes]) -> Fingerprints:
    """Return N fingerprints as a (N, 4) array, which `count_differences` takes."""
    return np.frombuffer(b"".join(fingerprints), np.uint64).reshape(-1, WORDS)


def count_differences(fingerprint: bytes, others: Fingerprints) -> npt.NDArray[np.int64]:
    """Return in how many bits a fingerprint differs from each of N others, (N,)."""
    own = np.frombuffer(fingerprint, np.uint64)
    differing: npt.NDArray[np.int64] = np.bitwise_count(others ^ own).sum(axis=1, dtype=np.int64)
    return differing


def find_copy(fingerprint: bytes, others: Fingerprints) -> int | None:
    """Return the row of the film that is a copy, the most alike one; None if none is.

    A film with black and white exchanged differs in nearly all bits, and is a copy too.
    """
    if not len(others):
        return None
    differences = count_differences(fingerprint, others)
    nearest = np.minimum(differences, 8 * FINGERPRINT_BYTES - differences)
    row = int(np.argmin(nearest))
    return row if nearest[row] <= COPY_BITS else None
