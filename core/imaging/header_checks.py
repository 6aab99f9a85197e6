"""Bounded looks into a PNG's or TIFF's header, before a library parses it.

A library copies every value of a TIFF directory, so that entries which share one value turn 200 KB
into gigabytes, and Pillow takes a PNG whose data ends early for a whole one. Both are settled here
with plain reads that allocate nothing of note.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from core.domain.film import MAX_FILM_PIXELS
from core.errors import CorruptFile, UnsupportedFormat
from core.language.words import msg

MAX_PNG_CHUNKS = 50_000
MAX_TEXTS = 100
MAX_TIFF_STRIPS = 100_000
MAX_TIFF_DIRECTORIES = 100
# Editors that strip a maker note leave its entry behind: small overclaims are harmless.
MAX_LOOSE_DIRECTORY_BYTES = 16_000_000
_INFLATED_AT_ONCE = 1 << 20

_TIFF_TYPE_BYTES = dict(zip(range(1, 14), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), strict=True))
_STRIP_TAGS = (273, 279, 324, 325)
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _SUB_DIRECTORIES = 254, 255, 330
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2

# Adam7 (PNG, 8.2): first column and row, and steps between, of each pass.
_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class TiffEntry:
    """One directory entry; ``value`` is the number inside the entry, or the values' offset."""

    size_bytes: int
    count: int
    value: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class TiffDirectory:
    """One picture's entries by tag; of a tag that is stated twice the first holds, as in libtiff.

    ``order`` is that of :mod:`struct`; ``following`` is the offset of the next directory, or 0.
    """

    order: str
    entries: dict[int, TiffEntry]
    following: int

    def number(self, tag: int, default: int) -> int:
        """Return the number inside an entry, or a default."""
        return self.entries[tag].value if tag in self.entries else default

    @property
    def is_secondary(self) -> bool:
        """True for a smaller version of another picture, or a mask on it."""
        if self.number(_NEW_SUBFILE_TYPE, 0) & (_REDUCED | _MASK):
            return True
        return self.number(_SUBFILE_TYPE, 0) == _OLD_REDUCED


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What a PNG's chunks state beside its pixels.

    ``has_transparency`` tells of a level or colours that are transparent, not of an alpha channel;
    ``keywords`` are those of its texts.
    """

    width: int
    height: int
    bits: int
    colour_type: int
    interlaced: bool
    has_transparency: bool = False
    exif: bytes = b""
    keywords: tuple[bytes, ...] = ()


def film_directory(content: bytes) -> TiffDirectory:
    """Return the directory of a TIFF file's one picture, checked.

    Previews and masks are no pages. A file whose first directory is a preview may hold the picture
    itself in a directory below it.

    Raises
    ------
    UnsupportedFormat
        If the file holds more than one page.
    CorruptFile
        If a directory is damaged, claims more bytes than the file has, or states absurd strips or
        tiles.
    """
    directories = list(_directories(content))
    pages = [directory for directory in directories if not directory.is_secondary]
    if not pages and _SUB_DIRECTORIES in directories[0].entries:
        pages = [
            below
            for offset in _sub_offsets(content, directories[0])
            if not (below := _directory(content, offset)).is_secondary
        ]
    if len(pages) > 1:
        raise UnsupportedFormat(
            msg(
                "The TIFF file holds more than one page; a film is one page. Save the page "
                "with the film as a file of its own."
            )
        )
    directory = pages[0] if pages else directories[0]
    _check_directory(directory)
    return directory


def _directories(content: bytes) -> Iterator[TiffDirectory]:
    """Yield the chain of directories, ended where it runs in a circle."""
    seen: set[int] = set()
    order = "<" if content[:2] == b"II" else ">"
    offset = int(struct.unpack_from(order + "I", content.ljust(8, b"\0"), 4)[0])
    while offset not in seen and len(seen) < MAX_TIFF_DIRECTORIES:
        seen.add(offset)
        directory = _directory(content, offset)
        yield directory
        offset = directory.following
        if not offset:
            return


def _sub_offsets(content: bytes, directory: TiffDirectory) -> list[int]:
    """Return where the directories below one lie."""
    entry = directory.entries[_SUB_DIRECTORIES]
    if entry.count == 1:
        return [entry.value]
    count = min(entry.count, MAX_TIFF_DIRECTORIES)
    offsets = content[entry.value : entry.value + 4 * count]
    return list(
        struct.unpack(f"{directory.order}{len(offsets) // 4}I", offsets[: len(offsets) // 4 * 4])
    )


def _check_directory(directory: TiffDirectory) -> None:
    """Refuse a picture that is cheap to send and expensive to open."""
    entries = directory.entries
    strips = max((entries[tag].count for tag in _STRIP_TAGS if tag in entries), default=0)
    if strips > MAX_TIFF_STRIPS:
        raise CorruptFile(
            msg(
                "The TIFF file is cut into {strips} strips; the limit is {most}. "
                "Save it again, or as PNG.",
                strips=strips,
                most=MAX_TIFF_STRIPS,
            )
        )
    if _TILE_WIDTH in entries and _TILE_LENGTH in entries:
        tile_px = entries[_TILE_WIDTH].value * entries[_TILE_LENGTH].value
        if tile_px > MAX_FILM_PIXELS:
            raise CorruptFile(
                msg(
                    "The TIFF file states tiles of {tile_px} pixels; the limit is "
                    "{most}. Save it again, or as PNG.",
                    tile_px=tile_px,
                    most=MAX_FILM_PIXELS,
                )
            )


def check_png(content: bytes) -> PngHeader:
    """Refuse a PNG file that does not arrive whole: Pillow decodes without comparing checksums.

    Raises
    ------
    CorruptFile
        If a chunk is cut short or its checksum differs, if the end is missing, or if there are more
        than 50,000 chunks.

    References
    ----------
    .. [1] W3C PNG (third edition), 5.3 chunk layout, 5.5 CRC, 11.2.1 image header
    """
    position, view = 8, memoryview(content)
    header: PngHeader | None = None
    for _ in range(MAX_PNG_CHUNKS):
        end = position + 8 + int.from_bytes(view[position : position + 4], "big")
        checksum = int.from_bytes(view[end : end + 4], "big")
        if end + 4 > len(content):
            raise CorruptFile(msg("The PNG file is cut short. Export the film again."))
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise CorruptFile(
                msg("The PNG file is damaged: a checksum differs. Export the film again.")
            )
        kind, body = content[position + 4 : position + 8], view[position + 8 : end]
        if header is None:
            header = _png_header(kind, bytes(body[:13]))
        elif kind == b"tRNS":
            header = replace(header, has_transparency=True)
        elif kind == b"eXIf":
            header = replace(header, exif=bytes(body))
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword = bytes(body[:80]).split(b"\0")[0]
            header = replace(header, keywords=(*header.keywords[:MAX_TEXTS], keyword))
        elif kind == b"IEND":
            return header
        position = end + 4
    raise CorruptFile(
        msg(
            "The PNG file has more than {most} chunks; no film's has. Save it again.",
            most=MAX_PNG_CHUNKS,
        )
    )


def _png_header(kind: bytes, body: bytes) -> PngHeader:
    """Return what the first chunk states (11.2.1)."""
    if kind != b"IHDR" or len(body) < 13:
        raise CorruptFile(msg("The PNG file has no header. Export the film again."))
    width, height, bits, colour_type, _, _, interlace = struct.unpack(">IIBBBBB", body)
    return PngHeader(width, height, bits, colour_type, interlace == 1)


def check_png_data(content: bytes, header: PngHeader) -> None:
    """Refuse a PNG whose compressed data ends before its last row, though all chunks are sound.

    Raises
    ------
    CorruptFile
        If the data is damaged, or is less than the header states.
    """
    expected = _png_bytes(header)
    inflater, inflated, position = zlib.decompressobj(), 0, 8
    try:
        while inflated < expected and not inflater.eof and position < len(content):
            end = position + 8 + int.from_bytes(content[position : position + 4], "big")
            rest = (
                content[position + 8 : end]
                if content[position + 4 : position + 8] == b"IDAT"
                else b""
            )
            while rest and inflated < expected and not inflater.eof:
                inflated += len(inflater.decompress(rest, _INFLATED_AT_ONCE))
                rest = inflater.unconsumed_tail
            position = end + 4
        inflated += len(inflater.flush(1)) if inflated < expected else 0
    except zlib.error as exc:
        raise CorruptFile(msg("The PNG file's data is damaged. Export the film again.")) from exc
    if inflated < expected:
        raise CorruptFile(
            msg(
                "The PNG file holds {inflated} of the {expected} bytes of its picture: part of "
                "the film is missing. Export the film again.",
                inflated=inflated,
                expected=expected,
            )
        )


def _png_bytes(header: PngHeader) -> int:
    """Return the size of the filtered rows, one byte a row for the filter (PNG, 9.2)."""
    bits = header.bits * PNG_CHANNELS.get(header.colour_type, 1)
    total = 0
    for left, top, across, down in _PASSES if header.interlaced else ((0, 0, 1, 1),):
        columns, rows = ceil((header.width - left) / across), ceil((header.height - top) / down)
        if columns > 0 and rows > 0:
            total += rows * (1 + ceil(columns * bits / 8))
    return total


def _directory(tiff: bytes, start: int) -> TiffDirectory:
    """Return the directory at an offset."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            raise CorruptFile(msg("The TIFF header states no byte order. Export the film again."))
        count = struct.unpack_from(order + "H", tiff, start)[0]
        entries = [_tiff_entry(order, tiff, start + 2 + 12 * index) for index in range(count)]
        after = tiff[start + 2 + 12 * count :][:4]
    except struct.error as exc:
        raise CorruptFile(msg("A TIFF directory is cut short. Export the film again.")) from exc
    if sum(entry.size_bytes for _, entry in entries) > max(len(tiff), MAX_LOOSE_DIRECTORY_BYTES):
        raise CorruptFile(
            msg("A TIFF directory claims more data than the file holds. Export the film again.")
        )
    following = struct.unpack(order + "I", after)[0] if len(after) == 4 else 0
    return TiffDirectory(order, dict(reversed(entries)), following)


def _tiff_entry(order: str, tiff: bytes, position: int) -> tuple[int, TiffEntry]:
    """Return the entry at a position, under its tag."""
    tag, kind, count = struct.unpack_from(order + "HHI", tiff, position)
    size_bytes = count * _TIFF_TYPE_BYTES.get(kind, 0)
    within = {1: "B", 3: "H"}.get(kind, "I") if size_bytes <= 4 else "I"
    (value,) = struct.unpack_from(order + within, tiff, position + 8)
    return tag, TiffEntry(size_bytes, count, value, tiff[position : position + 12])
