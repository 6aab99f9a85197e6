"""JPEG 2000 codestreams: found in their boxes, measured, and refused where tiles are missing.

OpenJPEG refuses a tile that is cut short, and leaves one that is missing black.

References
----------
.. [1] ISO/IEC 15444-1, A.4.2 (SOT), A.5.1 (SIZ), I.4 (boxes)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from core.errors import CorruptFile
from core.language.words import msg

MAX_BOXES = 100
MAX_TILE_PARTS = 100_000
_CODESTREAM, _JP2 = b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_START_OF_TILE = b"\xff\x90"


@dataclass(frozen=True, slots=True)
class CodestreamSize:
    """What a codestream says of itself."""

    rows: int
    columns: int
    components: int
    tiles: int = 1


def bare_codestream(frame: bytes) -> bytes:
    """Return a codestream without the boxes of a JP2 file, which some DICOM files have.

    Raises
    ------
    CorruptFile
        If there are boxes and no codestream in them.
    """
    if not frame.startswith(_JP2):
        return frame
    position = 0
    for _ in range(MAX_BOXES):
        length, kind = (
            int.from_bytes(frame[position : position + 4], "big"),
            frame[position + 4 :][:4],
        )
        header = 8
        if length == 1:
            length, header = int.from_bytes(frame[position + 8 : position + 16], "big"), 16
        if kind == b"jp2c":
            return frame[position + header : position + length if length else None]
        if length < header:
            break
        position += length
    raise CorruptFile(msg("The JPEG 2000 boxes hold no picture. Export the film again."))


def codestream_size(codestream: bytes) -> CodestreamSize:
    """Return the size that a codestream will decode to.

    Raises
    ------
    CorruptFile
        If the bytes are no JPEG 2000 codestream, or its header is damaged.
    """
    try:
        if codestream[:4] != _CODESTREAM:
            raise CorruptFile(
                msg("The compressed image has no readable header. Export the film again.")
            )
        x1, y1, x0, y0, wide, high, tx0, ty0, components = struct.unpack_from(">8IH", codestream, 8)
        tiles = ceil((x1 - tx0) / wide) * ceil((y1 - ty0) / high)
    except (struct.error, ZeroDivisionError) as exc:
        raise CorruptFile(
            msg("The compressed image's header is cut short. Export the film again.")
        ) from exc
    return CodestreamSize(y1 - y0, x1 - x0, components, tiles)


def check_tiles(codestream: bytes, tiles: int) -> None:
    """Refuse a codestream in which a tile is missing.

    Raises
    ------
    CorruptFile
        If a tile has no part, or a part is longer than what is left.
    """
    sent = set(_tiles_sent(codestream))
    if len(sent) < tiles:
        raise CorruptFile(
            msg(
                "The JPEG 2000 picture holds {sent} of its {tiles} tiles: part of the film is "
                "missing. Export the film again.",
                sent=len(sent),
                tiles=tiles,
            )
        )


def _tiles_sent(codestream: bytes) -> Iterator[int]:
    """Yield the tile of each tile part, from the first one on."""
    position = 4 + int.from_bytes(codestream[4:6], "big")
    while position + 4 <= len(codestream) and codestream[position : position + 2] != _START_OF_TILE:
        position += 2 + int.from_bytes(codestream[position + 2 : position + 4], "big")
    for _ in range(MAX_TILE_PARTS):
        if codestream[position : position + 2] != _START_OF_TILE:
            return
        if position + 12 > len(codestream):
            return
        tile, length = struct.unpack_from(">HI", codestream, position + 4)
        if position + length > len(codestream):
            raise CorruptFile(
                msg(
                    "The JPEG 2000 picture is cut short: part of the film is missing. Export "
                    "the film again."
                )
            )
        yield tile
        if length == 0:  # to the end
            return
        position += length
