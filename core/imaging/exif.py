"""How a picture is to be turned, out of its Exif block; damage there costs nothing but that."""

from __future__ import annotations

import struct

from core.domain.arrays import FloatImage

_ORIENTATION = 0x0112
_SHORT = 3


def stated_orientation(exif: bytes) -> int:
    """Return the orientation that an Exif block states, 1 where it states none that can be read.

    Parameters
    ----------
    exif : bytes
        With or without the six bytes ``Exif`` and two zeros in front.

    References
    ----------
    .. [1] Exif 2.32 (CIPA DC-008), 4.6.2 (directories), tag 0112H
    """
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, at)
            if tag == _ORIENTATION:
                return int(value) if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        pass  # cut short: no orientation is known
    return 1


def upright(pixels: FloatImage, orientation: int) -> FloatImage:
    """Turn and mirror as Exif asks.

    References
    ----------
    .. [1] Exif 2.32 (CIPA DC-008), tag 0112H: the stored row 0 and column 0 lie at these sides.
    """
    if 5 <= orientation <= 8:
        pixels = pixels.T
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
