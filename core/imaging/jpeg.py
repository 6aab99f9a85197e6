"""JPEG files and codestreams: what they hold, and whether all of it arrived.

A file is first reduced to what decoding needs: tables, frame header and scans. Exif, previews and
junk between segments are left out, so that damage there costs no pixel, and no library parses
them. What then warns while it is decoded is damage to the pixels, and refuses the film:
simplejpeg reports each of libjpeg's warnings. libjpeg's lossless and 12-bit decoders are reached
through imagecodecs, which does not report them; there the end of the data is checked.

References
----------
.. [1] ISO/IEC 10918-1, B.1 (markers), B.2 (headers), G.1.1.1 (scans of a progressive JPEG), H.1.2
   (prediction of lossless JPEG)
.. [2] ISO/IEC 14495-1 (JPEG-LS)
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from math import ceil

import imagecodecs
import numpy as np
import numpy.typing as npt
import simplejpeg

from core.errors import CorruptFile, UnsupportedFormat
from core.language.words import msg

MAX_SEGMENTS = 10_000
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 1_000_000_000
"""Scans times pixels: each scan of a progressive JPEG visits every block, however few its bytes."""

MAX_SURPLUS_BYTES = 2
"""Behind the data of a lossless picture; encoders fill up to a word."""

MIN_ZEROS = 16
"""Fewer zeros at the end of the data may be data."""

_START, _END, _SCAN, _RESTART_INTERVAL, _HUFFMAN = 0xD8, 0xD9, 0xDA, 0xDD, 0xC4
_EXIF, _ADOBE, _COMMENT = 0xE1, 0xEE, 0xFE
_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS = 0xC0, 0xC1, 0xC2, 0xC3
_ARITHMETIC, _ARITHMETIC_PROGRESSIVE, _JPEG_LS = 0xC9, 0xCA, 0xF7
# Table B.1, and SOF55 of JPEG-LS.
_FRAMES = frozenset({*range(0xC0, 0xD0), _JPEG_LS}) - {0xC4, 0xC8, 0xCC}
_DCT = frozenset({_BASELINE, _EXTENDED, _PROGRESSIVE, _ARITHMETIC, _ARITHMETIC_PROGRESSIVE})
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xef\xf7\xf8\xfe]")
_SCAN_END = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_RESTARTS = re.compile(rb"\xff([\xd0-\xd7])")
_FILLER = bytes(range(1, 255)) * 16
_ROWS_A_BLOCK = 256
_CUT_SHORT = msg("The JPEG is cut short: part of the film is missing. Export the film again.")


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan: its components, first and last coefficient, and the bit that it ends at.

    ``first`` is the predictor of a lossless scan, ``table`` the Huffman table of its component.
    """

    components: tuple[int, ...]
    table: int
    first: int
    last: int
    low_bit: int


@dataclass(slots=True)
class Jpeg:
    """A JPEG file's frame, and the codestream without anything that decoding does not need.

    Attributes
    ----------
    process : int
        The frame's marker, such as C0 for baseline.
    bits : int
        Sample precision.
    components : tuple of int
        Their identifiers, one a channel.
    exif : bytes
        The Exif block, empty if there is none; nothing in it has been looked at.
    code_bits : dict of int to list of int
        By Huffman table, the bits of the code of each size of a difference.
    coded_from : int
        Where in the codestream the first scan's data begins.
    """

    process: int = 0
    bits: int = 0
    rows: int = 0
    columns: int = 0
    components: tuple[int, ...] = ()
    exif: bytes = b""
    codestream: bytes = b""
    restart_interval: int = 0
    code_bits: dict[int, list[int]] = field(default_factory=dict)
    coded_from: int = 0
    scans: list[_Scan] = field(default_factory=list)


def read_jpeg(content: bytes) -> Jpeg:
    """Walk through a JPEG's markers; nothing is decoded.

    Raises
    ------
    CorruptFile
        If the header is damaged or cut short, scans are missing, or there are more segments or
        scans than any film has.
    """
    jpeg, kept, position, scans_start = Jpeg(), [content[:2]], 2, -1
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(content, position)
        marker = content[found.start() + 1] if found else _END
        if marker == _END:
            end = found.start() if found else _end_of_data(content)
            break
        assert found is not None
        start, position = found.span()
        length = int.from_bytes(content[position : position + 2], "big")
        payload = content[position + 2 : position + length]
        if marker == _START or length < 2 or len(payload) != length - 2:
            raise CorruptFile(
                msg("The JPEG header is damaged or cut short. Export the film again.")
            )
        position += length
        if marker == _EXIF and payload[:6] == b"Exif\x00\x00":
            jpeg.exif += payload[6:]
        decodes = not (0xE0 <= marker < 0xF0 or marker == _COMMENT) or marker in (0xE0, _ADOBE)
        if decodes and scans_start < 0 and marker != _SCAN:
            kept.append(content[start:position])
        _note(jpeg, marker, payload)
        if jpeg.process == _JPEG_LS:  # its coded data is stuffed in another way
            jpeg.codestream = content
            return jpeg
        if marker == _SCAN:
            scans_start = start if scans_start < 0 else scans_start
            after = _SCAN_END.search(content, position)
            position = after.start() if after else len(content)
    else:
        raise CorruptFile(
            msg(
                "The JPEG has more than {most} segments; no film's has. Save it again.",
                most=MAX_SEGMENTS,
            )
        )
    if not jpeg.process or scans_start < 0:
        raise CorruptFile(
            msg(
                "The JPEG holds no picture: its header is damaged or cut short. Export the "
                "film again."
            )
        )
    _check_scans(jpeg)
    head = b"".join(kept)
    jpeg.codestream = head + content[scans_start:end] + b"\xff\xd9"
    header_bytes = int.from_bytes(content[scans_start + 2 : scans_start + 4], "big")
    jpeg.coded_from = len(head) + 2 + header_bytes
    return jpeg


def _end_of_data(content: bytes) -> int:
    """Return where a file without end marker ends; a transfer that broke off may leave zeros."""
    end = len(content.rstrip(b"\0"))
    return end if len(content) - end >= MIN_ZEROS else len(content)


def _note(jpeg: Jpeg, marker: int, payload: bytes) -> None:
    """Keep what a segment says of frame and scans."""
    try:
        if marker in _FRAMES:
            if jpeg.process:
                raise CorruptFile(msg("The JPEG holds two frame headers. Export the film again."))
            jpeg.process = marker
            jpeg.bits, jpeg.rows, jpeg.columns, count = struct.unpack_from(">BHHB", payload)
            jpeg.components = tuple(payload[6 + 3 * index] for index in range(count))
        elif marker == _HUFFMAN:
            _note_codes(jpeg, payload)
        elif marker == _RESTART_INTERVAL:
            (jpeg.restart_interval,) = struct.unpack_from(">H", payload)
        elif marker == _SCAN:
            count = payload[0]
            first, last, bits = payload[1 + 2 * count : 4 + 2 * count]
            components = tuple(payload[1 + 2 * index] for index in range(count))
            table = payload[2] >> 4
            jpeg.scans.append(_Scan(components, table, first, last, bits & 15))
            _check_cost(jpeg)
    except (struct.error, IndexError, ValueError) as exc:
        raise CorruptFile(
            msg("A segment of the JPEG header is cut short. Export the film again.")
        ) from exc


def _note_codes(jpeg: Jpeg, payload: bytes) -> None:
    """Keep the length of each symbol's code (B.2.4.2)."""
    position = 0
    while position + 17 <= len(payload):
        counts = payload[position + 1 : position + 17]
        symbols = payload[position + 17 : position + 17 + sum(counts)]
        lengths = [length for length, count in enumerate(counts, 1) for _ in range(count)]
        codes = [0] * 17
        for symbol, length in zip(symbols, lengths, strict=False):
            if symbol <= 16:
                codes[symbol] = length
        jpeg.code_bits[payload[position]] = codes
        position += 17 + sum(counts)


def _check_cost(jpeg: Jpeg) -> None:
    """Refuse more scans than any film needs; a standard progressive JPEG has at most ten."""
    scans, pixels = len(jpeg.scans), max(1, jpeg.rows * jpeg.columns)
    limit = min(MAX_SCANS, max(1, MAX_SCANNED_PIXELS // pixels))
    if scans > limit:
        raise CorruptFile(
            msg(
                "The JPEG is sent in more than {limit} scans of {columns} x {rows} pixels; no "
                "film needs so many. Save it again as a plain JPEG or as PNG.",
                limit=limit,
                columns=jpeg.columns,
                rows=jpeg.rows,
            )
        )


def _check_scans(jpeg: Jpeg) -> None:
    """Refuse a JPEG whose last scans are missing: what is there decodes without a warning."""
    sent = {component for scan in jpeg.scans for component in scan.components}
    whole = sent == set(jpeg.components)
    if jpeg.process in (_PROGRESSIVE, _ARITHMETIC_PROGRESSIVE):
        lowest = {component: [99] * 64 for component in jpeg.components}
        for scan in jpeg.scans:
            for component in scan.components:
                for coefficient in range(scan.first, min(scan.last, 63) + 1):
                    lowest.get(component, [99] * 64)[coefficient] = scan.low_bit
        whole = whole and not any(any(bits) for bits in lowest.values())
    if not whole:
        raise CorruptFile(
            msg("The JPEG is cut short: scans that it needs are missing. Export the film again.")
        )


def decode_jpeg(jpeg: Jpeg) -> npt.NDArray[np.unsignedinteger]:
    """Decode all of it, or refuse.

    Returns
    -------
    (H, W) or (H, W, C) ndarray of uint8 or uint16
        Grey, red green blue, or cyan magenta yellow black as stored.

    Raises
    ------
    CorruptFile
        If coded data is missing, or the decoder finds it damaged.
    UnsupportedFormat
        If the process or number of channels is not read here.
    """
    channels = len(jpeg.components)
    if jpeg.process in _DCT and jpeg.bits == 8 and channels in (1, 3, 4):
        return _decode_dct(jpeg)
    decoders = {_LOSSLESS: imagecodecs.jpeg8_decode, _JPEG_LS: imagecodecs.jpegls_decode}
    decode = decoders.get(jpeg.process, imagecodecs.jpeg8_decode if jpeg.bits == 12 else None)
    if decode is None or jpeg.process not in _DCT | decoders.keys() or channels != 1:
        raise UnsupportedFormat(
            msg(
                "The JPEG has {channels} channels of {bits} bits, coded by process "
                "{process:02X}, which is not read here. Save the film as a plain JPEG or as "
                "PNG.",
                channels=channels,
                bits=jpeg.bits,
                process=jpeg.process,
            )
        )
    try:
        pixels: npt.NDArray[np.unsignedinteger] = decode(_ended(jpeg.codestream))
    except MemoryError:
        raise
    except Exception as exc:
        # imagecodecs has an error class a codec, and all derive from RuntimeError or ValueError.
        raise _damaged() from exc
    if jpeg.process != _JPEG_LS:
        _check_end(jpeg, pixels)
    return pixels


def _decode_dct(jpeg: Jpeg) -> npt.NDArray[np.unsignedinteger]:
    """Decode 8 bits a sample, and take any warning for what it is."""
    kind = {1: "GRAY", 3: "RGB", 4: "CMYK"}[len(jpeg.components)]
    try:
        pixels: npt.NDArray[np.unsignedinteger] = simplejpeg.decode_jpeg(
            jpeg.codestream, colorspace=kind, strict=True
        )
    except ValueError as exc:
        said = str(exc).lower()
        if "premature end" in said:
            raise CorruptFile(_CUT_SHORT) from exc
        if "arithmetic" in said or "not supported" in said or "unsupported" in said:
            raise UnsupportedFormat(
                msg(
                    "The JPEG is of a kind that is not read here ({process:02X}). Save the "
                    "film as a plain JPEG or as PNG.",
                    process=jpeg.process,
                )
            ) from exc
        raise _damaged() from exc
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _damaged() -> CorruptFile:
    return CorruptFile(
        msg(
            "The JPEG's picture is damaged: part of the film would be shown wrong. Export the "
            "film again."
        )
    )


def _ended(codestream: bytes) -> bytes:
    """Add the end marker where it is missing: it holds no pixels."""
    bare = codestream.rstrip(b"\0")
    return codestream if bare.endswith(b"\xff\xd9") else bare + b"\xff\xd9"


def _check_end(jpeg: Jpeg, pixels: npt.NDArray[np.unsignedinteger]) -> None:
    """Refuse a codestream that ends before its last pixel, which libjpeg fills up in silence.

    The bits of a lossless picture are counted. Any other is decoded once more with more data behind
    it: one that was whole stays the same.
    """
    if jpeg.process == _LOSSLESS and not jpeg.restart_interval:
        _check_bits(jpeg, pixels)
        return
    unit = 1 if jpeg.process == _LOSSLESS else 8
    units = ceil(jpeg.rows / unit) * ceil(jpeg.columns / unit)
    # A byte FF at the end is half of what it was cut from, and would make a marker of the filler.
    longer = jpeg.codestream[:-2].rstrip(b"\xff") + _FILLER + jpeg.codestream[-2:]
    sent = len(_RESTARTS.findall(jpeg.codestream))
    if (jpeg.restart_interval and sent != ceil(units / jpeg.restart_interval) - 1) or (
        not np.array_equal(imagecodecs.jpeg8_decode(longer), pixels)
    ):
        raise CorruptFile(_CUT_SHORT)


def _check_bits(jpeg: Jpeg, pixels: npt.NDArray[np.unsignedinteger]) -> None:
    """Refuse a lossless picture that takes more or fewer bits to code than were sent.

    Flipped bits make the decoder lose its place, so that the count differs, too.
    """
    table = jpeg.code_bits.get(jpeg.scans[-1].table)
    if table is None:
        raise _damaged()
    # H.1.2.2: a difference of n bits is sent as the code of n, and its n bits; 32,768 without.
    sizes = np.array([0, *np.repeat(np.arange(1, 17), 2 ** np.arange(16))], dtype=np.int64)
    cost = np.array(table, dtype=np.uint8)[sizes] + np.where(sizes < 16, sizes, 0).astype(np.uint8)
    costs = np.concatenate([cost[:32769], cost[32767:0:-1]])
    needed = 0
    samples = pixels >> np.uint8(jpeg.scans[-1].low_bit)
    for start in range(0, jpeg.rows, _ROWS_A_BLOCK):
        block = samples[max(0, start - 1) : start + _ROWS_A_BLOCK].astype(np.uint16)
        if start == 0:
            block = np.concatenate([_row_before(jpeg, block), block])
        needed += int(costs[_differences(block, jpeg.scans[-1].first, first=start == 0)].sum())
    coded = jpeg.codestream[jpeg.coded_from : -2].rstrip(b"\xff")
    sent = 8 * (len(coded) - coded.count(b"\xff\x00"))
    if needed > sent + 7:
        raise CorruptFile(_CUT_SHORT)
    if sent - needed >= 8 * (1 + MAX_SURPLUS_BYTES):
        raise _damaged()


def _row_before(jpeg: Jpeg, block: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Return a row to stand above the first, which has none."""
    return np.full_like(block[:1], 2 ** (jpeg.bits - jpeg.scans[-1].low_bit - 1))


def _differences(
    rows: npt.NDArray[np.uint16], selection: int, *, first: bool
) -> npt.NDArray[np.uint16]:
    """Return what each row but the topmost was coded as (H.1.2.1, table H.1), modulo 65,536."""
    above, current = rows[:-1], rows[1:]
    predicted = np.empty_like(current)
    predicted[:, 0] = above[:, 0]
    left, up, corner = current[:, :-1], above[:, 1:], above[:, :-1]
    if selection == 1:
        predicted[:, 1:] = left
    elif selection == 2:
        predicted[:, 1:] = up
    elif selection == 3:
        predicted[:, 1:] = corner
    elif selection == 4:
        predicted[:, 1:] = left + up - corner
    else:
        a, b, c = (part.astype(np.int32) for part in (left, up, corner))
        halves = {5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}
        predicted[:, 1:] = halves.get(selection, a).astype(np.uint16)
    if first:
        predicted[0, 1:] = current[0, :-1]
    return current - predicted
