"""Bounded looks into a file's header, before a library parses it.

Pillow copies every value of a TIFF directory, so that entries which share one value turn 200 KB
into gigabytes, and a decoder believes the size in its own codestream rather than the one in the
DICOM header. Both are settled here with plain reads that allocate nothing of note.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.film import MAX_FILM_PIXELS
from core.errors import CorruptFile, UnsupportedFormat

MAX_JPEG_SEGMENTS = 10_000
MAX_PNG_CHUNKS = 50_000
MAX_TIFF_STRIPS = 100_000
# Editors that strip a maker note leave its entry behind: small overclaims are harmless.
MAX_LOOSE_DIRECTORY_BYTES = 16_000_000

_TIFF_TYPE_BYTES = dict(zip(range(1, 14), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), strict=True))
_STRIP_TAGS = (273, 279, 324, 325)
_TILE_WIDTH, _TILE_LENGTH = 322, 323

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# ISO/IEC 10918-1 table B.1, and SOF55 of JPEG-LS (ISO/IEC 14495-1).
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class TiffEntry:
    """One directory entry; ``value`` is the number inside the entry, or the values' offset."""

    size_bytes: int
    count: int
    value: int


@dataclass(frozen=True, slots=True)
class CodestreamSize:
    """What a codestream says of itself."""

    rows: int
    columns: int
    components: int


def check_tiff(content: bytes) -> None:
    """Refuse a TIFF file that is cheap to send and expensive to open.

    Raises
    ------
    UnsupportedFormat
        If the file holds more than one page.
    CorruptFile
        If its directory claims more bytes than the file has, or absurd strips or tiles.
    """
    entries, next_directory = _tiff_directory(content)
    if next_directory:
        raise UnsupportedFormat(
            "The TIFF file holds more than one page; a film is one page. Save the page with the "
            "film as a file of its own."
        )
    strips = max((entries[tag].count for tag in _STRIP_TAGS if tag in entries), default=0)
    if strips > MAX_TIFF_STRIPS:
        raise CorruptFile(
            f"The TIFF file is cut into {strips} strips; the limit is {MAX_TIFF_STRIPS}. "
            "Save it again, or as PNG."
        )
    if _TILE_WIDTH in entries and _TILE_LENGTH in entries:
        tile_px = entries[_TILE_WIDTH].value * entries[_TILE_LENGTH].value
        if tile_px > MAX_FILM_PIXELS:
            raise CorruptFile(
                f"The TIFF file states tiles of {tile_px} pixels; the limit is {MAX_FILM_PIXELS}. "
                "Save it again, or as PNG."
            )


def check_exif(exif: bytes) -> None:
    """Refuse an Exif block whose directory claims more bytes than the block has.

    Parameters
    ----------
    exif : bytes
        With or without the six bytes ``Exif`` and two zeros in front.

    Raises
    ------
    CorruptFile
        If the directory is damaged or claims more bytes than the block has.
    """
    _tiff_directory(exif.removeprefix(b"Exif\x00\x00"))


def check_jpeg(content: bytes) -> None:
    """Refuse a JPEG file whose header segments are damaged or cost more than they are worth.

    Raises
    ------
    CorruptFile
        If a segment has no marker or runs past the end, if there are more than 10,000 segments, or
        if an Exif or multi-picture directory claims more bytes than it has.
    """
    exif = bytearray()
    for marker, payload in _jpeg_segments(content):
        if marker == 0xE1 and payload[:6] == b"Exif\x00\x00":
            exif += payload[6:]  # Pillow joins them before it parses
        if marker == 0xE2 and payload[:4] == b"MPF\x00":
            _tiff_directory(payload[4:])
    if exif:
        _tiff_directory(bytes(exif))


def check_png(content: bytes) -> None:
    """Refuse a PNG file that does not arrive whole: Pillow decodes without comparing checksums.

    Raises
    ------
    CorruptFile
        If a chunk is cut short or its checksum differs, if the end is missing, or if there are more
        than 50,000 chunks.

    References
    ----------
    .. [1] W3C PNG (third edition), 5.3 chunk layout, 5.5 CRC
    """
    position, view = 8, memoryview(content)
    for _ in range(MAX_PNG_CHUNKS):
        end = position + 8 + int.from_bytes(view[position : position + 4], "big")
        checksum = int.from_bytes(view[end : end + 4], "big")
        if end + 4 > len(content):
            raise CorruptFile("The PNG file is cut short. Export the film again.")
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise CorruptFile("The PNG file is damaged: a checksum differs. Export the film again.")
        if content[position + 4 : position + 8] == b"IEND":
            return
        position = end + 4
    raise CorruptFile(
        f"The PNG file has more than {MAX_PNG_CHUNKS} chunks; no film's has. Save it again."
    )


def codestream_size(frame: bytes) -> CodestreamSize:
    """Return the size that a JPEG, JPEG-LS or JPEG 2000 codestream will decode to.

    Raises
    ------
    CorruptFile
        If the bytes are none of these, or their header is damaged.

    References
    ----------
    .. [1] ISO/IEC 10918-1 B.2.2 (frame header), ISO/IEC 15444-1 A.5.1 (SIZ)
    """
    try:
        if frame[:4] == b"\xff\x4f\xff\x51":
            x1, y1, x0, y0 = struct.unpack_from(">4I", frame, 8)
            (components,) = struct.unpack_from(">H", frame, 40)
            return CodestreamSize(y1 - y0, x1 - x0, components)
        if frame[:2] == b"\xff\xd8":
            for marker, payload in _jpeg_segments(frame):
                if marker in _START_OF_FRAME:
                    rows, columns, components = struct.unpack_from(">HHB", payload, 1)
                    return CodestreamSize(rows, columns, components)
    except struct.error as exc:
        raise CorruptFile("The compressed image's header is cut short.") from exc
    raise CorruptFile("The compressed image has no readable header. Export the film again.")


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, payload) of the segments up to the first scan."""
    position = 2
    for _ in range(MAX_JPEG_SEGMENTS):
        while content[position : position + 2] == b"\xff\xff":  # fill bytes, B.1.1.2
            position += 1
        head = content[position : position + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0:
            raise CorruptFile("The JPEG header is damaged or cut short. Export the film again.")
        marker, length = head[1], int.from_bytes(head[2:], "big")
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        if marker in _WITHOUT_LENGTH:
            position += 2
            continue
        payload = content[position + 4 : position + 2 + length]
        if len(payload) != length - 2:
            raise CorruptFile("A segment of the JPEG header is cut short. Export the film again.")
        yield marker, payload
        position += 2 + length
    raise CorruptFile(
        f"The JPEG header has more than {MAX_JPEG_SEGMENTS} segments. Export the film again."
    )


def _tiff_directory(tiff: bytes) -> tuple[dict[int, TiffEntry], int]:
    """Return the first directory by tag, and the offset of the next one (0: none)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            raise CorruptFile("A TIFF or Exif header states no byte order. Export the film again.")
        start = struct.unpack_from(order + "I", tiff, 4)[0]
        count = struct.unpack_from(order + "H", tiff, start)[0]
        entries = [_tiff_entry(order, tiff, start + 2 + 12 * index) for index in range(count)]
        after = tiff[start + 2 + 12 * count :][:4]
    except struct.error as exc:
        raise CorruptFile("A TIFF or Exif directory is cut short. Export the film again.") from exc
    if sum(entry.size_bytes for _, entry in entries) > max(len(tiff), MAX_LOOSE_DIRECTORY_BYTES):
        raise CorruptFile(
            "A TIFF or Exif directory claims more data than the file holds. Export the film again."
        )
    return dict(entries), struct.unpack(order + "I", after)[0] if len(after) == 4 else 0


def _tiff_entry(order: str, tiff: bytes, position: int) -> tuple[int, TiffEntry]:
    """Return the entry at a position, under its tag."""
    tag, kind, count = struct.unpack_from(order + "HHI", tiff, position)
    size_bytes = count * _TIFF_TYPE_BYTES.get(kind, 0)
    short = kind == 3 and count == 1
    (value,) = struct.unpack_from(order + ("H" if short else "I"), tiff, position + 8)
    return tag, TiffEntry(size_bytes, count, value)
