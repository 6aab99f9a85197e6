"""The stored pixels of a DICOM file: which encodings are read, by what, and within what bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from core.domain.film import MAX_FILM_PIXELS
from core.errors import (
    CorruptFile,
    RadiographError,
    TooLarge,
    UnsupportedFormat,
    UnsupportedTransferSyntax,
)
from core.imaging.dicom.elements import whole_number
from core.imaging.dicom.lut import StoredImage
from core.imaging.jpeg import Jpeg, decode_jpeg, read_jpeg
from core.imaging.jpeg2000 import CodestreamSize, bare_codestream, check_tiles, codestream_size
from core.imaging.time_limit import extend_limit
from core.language.words import msg

MIN_SIDE_PX = 2
JPEG_2000_S_PER_MEGAPIXEL = 0.25
"""Processor time; 0.14 to 0.16 s were measured on noise of 12 bits, lossless."""

IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
)
DEFLATED = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
RLE = "1.2.840.10008.1.2.5"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})
# Baseline, Extended, progressive (retired), Lossless, JPEG-LS. Not gdcm: it loads
# its own zlib for the whole process, and a process that imports it before Pillow aborts at the
# next PNG.
JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (*range(50, 56), 57, 70, 80, 81))
_LOSSY_JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (*range(50, 56), 81))
# OpenJPEG through pylibjpeg; the last three are High-Throughput JPEG 2000.
JPEG_2000 = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))
# One pydicom plugin, because trying all in turn hides which one gave the pixels. pylibjpeg-rle
# stops at the end of the frame where pydicom's own RLE decoder expands without bound.
_PLUGIN = "pylibjpeg"


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """How the stored pixels lie in the file."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @property
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value that the stored bits can hold."""
        span = 2**self.bits_stored
        return (-span // 2, span // 2 - 1) if self.signed else (0, span - 1)

    @property
    def size_bytes(self) -> int:
        """Bytes of the image when it is not compressed."""
        return self.rows * self.columns * self.bits_allocated // 8


def check_syntax(syntax: UID) -> None:
    """Refuse a transfer syntax that is not read here.

    Raises
    ------
    UnsupportedTransferSyntax
        If the dataset is deflated, or the syntax is none of those above.
    """
    if syntax in DEFLATED:
        raise UnsupportedTransferSyntax(
            msg(
                "The DICOM file is deflated as a whole ({name}), which can hide any amount of "
                "data. Ask for the study uncompressed or in JPEG 2000.",
                name=syntax.name,
            )
        )
    if syntax not in NATIVE | JPEG | JPEG_2000 | {RLE}:
        raise _unsupported(syntax)


def pixel_grid(dataset: Dataset) -> PixelGrid:
    """Return the stored pixels' layout, checked before any is decoded.

    Raises
    ------
    TooLarge
        If Rows x Columns is over 40 megapixels.
    UnsupportedFormat
        If a side is below 2 pixels, or the bits are not 1 to 16 within 8 or 16.
    CorruptFile
        If an element that is needed is absent or unreadable.
    """
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    if rows * columns > MAX_FILM_PIXELS:
        raise TooLarge(
            msg(
                "The DICOM image has {columns} x {rows} pixels ({megapixels} megapixels); the "
                "limit is {most:.0f} megapixels. Export it at a lower resolution.",
                columns=columns,
                rows=rows,
                megapixels=ceil(rows * columns / 1e5) / 10,
                most=MAX_FILM_PIXELS / 1e6,
            )
        )
    if min(rows, columns) < MIN_SIDE_PX:
        raise UnsupportedFormat(
            msg(
                "The DICOM image has {columns} x {rows} pixels; a film has at least {least} on a "
                "side. Export the original film.",
                columns=columns,
                rows=rows,
                least=MIN_SIDE_PX,
            )
        )
    allocated = whole_number(dataset, "BitsAllocated")
    stored = whole_number(dataset, "BitsStored", default=allocated)
    high_bit = whole_number(dataset, "HighBit", default=stored - 1)
    if allocated not in (8, 16) or not 1 <= stored <= high_bit + 1 <= allocated:
        raise UnsupportedFormat(
            msg(
                "The DICOM image stores {stored} of {allocated} bits, the highest at "
                "{high_bit}; up to 16 bits, within 8 or 16, are read here. Export the film "
                "again.",
                stored=stored,
                allocated=allocated,
                high_bit=high_bit,
            )
        )
    signed = whole_number(dataset, "PixelRepresentation", default=0) == 1
    return PixelGrid(rows, columns, allocated, stored, high_bit, signed)


def stored_pixels(dataset: Dataset, grid: PixelGrid, syntax: UID) -> StoredImage:
    """Decode the pixels.

    Returns
    -------
    (H, W) integer ndarray of 8 or 16 bits
        Before the modality LUT, bits above Bits Stored removed.

    Raises
    ------
    CorruptFile
        If the pixels are absent or damaged, or not of the number or size that the header says.
    UnsupportedTransferSyntax
        If the decoder is not installed.
    """
    element = dataset.get_item("PixelData")
    encoded = element.value if isinstance(element, RawDataElement) else None
    if not isinstance(encoded, bytes):
        raise CorruptFile(
            msg("The DICOM file's pixels are empty or damaged. Export the film again.")
        )
    try:
        if syntax in NATIVE:
            swapped = syntax == EXPLICIT_BIG and getattr(element, "VR", "") == "OW"
            stored = _native(encoded, grid, big=syntax == EXPLICIT_BIG, words=swapped)
        elif syntax in JPEG:
            stored = _of_jpeg(_frame(encoded, syntax), grid, lossy=syntax in _LOSSY_JPEG)
        elif syntax in JPEG_2000:
            stored = _of_jpeg_2000(_frame(encoded, syntax), grid, syntax)
        else:
            stored = _by_pydicom(encoded, grid, syntax)
    except (MemoryError, RadiographError):
        raise
    except BaseException as exc:
        # Several decoders, each with its own errors for damaged data; pylibjpeg-rle is Rust, whose
        # panics are no Exceptions.
        if isinstance(exc, Exception) or type(exc).__name__ == "PanicException":
            raise _undecodable(syntax) from exc
        raise
    if stored.shape != (grid.rows, grid.columns):
        raise _undecodable(syntax)
    return stored


def _native(encoded: bytes, grid: PixelGrid, *, big: bool, words: bool) -> StoredImage:
    """Return pixels that are not compressed.

    Parameters
    ----------
    words : bool
        True for big-endian words (OW), in which pairs of 8-bit pixels are exchanged (PS3.5 A.3).
    """
    if words and grid.bits_allocated == 8:
        pairs = np.frombuffer(encoded[: len(encoded) // 2 * 2], np.uint8).reshape(-1, 2)
        encoded = pairs[:, ::-1].tobytes()
    _check_native_length(encoded, grid)
    if grid.bits_allocated == 8:
        stored: StoredImage = np.frombuffer(encoded, np.uint8)
    else:
        stored = np.frombuffer(encoded[: grid.size_bytes], ">u2" if big else "<u2")
    return _used_bits(stored[: grid.rows * grid.columns], grid).reshape(grid.rows, grid.columns)


def _used_bits(words: StoredImage, grid: PixelGrid) -> StoredImage:
    """Remove what lies above and below the stored bits, and restore the sign."""
    bits = grid.bits_allocated
    kinds = {(8, False): np.uint8, (8, True): np.int8, (16, False): np.uint16, (16, True): np.int16}
    whole = words.astype(kinds[bits, False], copy=False)
    if grid.bits_stored == bits:
        return whole.view(kinds[bits, True]) if grid.signed else whole
    shifted = whole << (bits - 1 - grid.high_bit)
    stored: StoredImage = shifted.view(kinds[bits, grid.signed]) >> (bits - grid.bits_stored)
    return stored


def _check_native_length(encoded: bytes, grid: PixelGrid) -> None:
    """Refuse fewer bytes than the header promises, or a surplus that may be part of an image."""
    if len(encoded) < grid.size_bytes:
        raise CorruptFile(
            msg(
                "The DICOM file holds {held} of the {stated} bytes of its image: it is "
                "cut short. Export the film again.",
                held=len(encoded),
                stated=grid.size_bytes,
            )
        )
    surplus = encoded[grid.size_bytes :]
    if len(surplus) >= grid.size_bytes // grid.rows and surplus.strip(surplus[:1]):
        raise CorruptFile(
            msg(
                "The DICOM file holds {held} bytes for an image of {stated}: header and "
                "pixels do not belong together. Export the film again.",
                held=len(encoded),
                stated=grid.size_bytes,
            )
        )


def _frame(encoded: bytes, syntax: UID) -> bytes:
    """Return the one frame's codestream."""
    try:
        return get_frame(encoded, 0, number_of_frames=1)
    except Exception as exc:
        # Damaged item lengths surface as ValueError, struct.error or IndexError.
        raise _undecodable(syntax) from exc


def _check_frame_size(rows: int, columns: int, channels: int, grid: PixelGrid) -> None:
    """Refuse a codestream of another size than the header says, before it is decoded."""
    if (rows, columns, channels) != (grid.rows, grid.columns, 1):
        raise CorruptFile(
            msg(
                "The DICOM header says {columns} x {rows} pixels, the compressed image "
                "{found_columns} x {found_rows} with {channels} channels. Export the film again.",
                columns=grid.columns,
                rows=grid.rows,
                found_columns=columns,
                found_rows=rows,
                channels=channels,
            )
        )


def _of_jpeg(frame: bytes, grid: PixelGrid, *, lossy: bool) -> StoredImage:
    """Decode a JPEG or JPEG-LS frame (ISO/IEC 10918-1, 14495-1), sign and unused bits restored.

    What a lossy codestream overshoots is cut to the stored bits: masked, white would become black.
    """
    jpeg: Jpeg = read_jpeg(frame)
    _check_frame_size(jpeg.rows, jpeg.columns, len(jpeg.components), grid)
    if jpeg.bits > grid.bits_allocated:
        raise CorruptFile(
            msg(
                "The DICOM header says {stated} bits a pixel, the compressed image "
                "{bits}. Export the film again.",
                stated=grid.bits_allocated,
                bits=jpeg.bits,
            )
        )
    words = decode_jpeg(jpeg)
    if lossy and not grid.signed and grid.high_bit == grid.bits_stored - 1:
        words = np.minimum(words, min(grid.bounds[1], np.iinfo(words.dtype).max))
    return _used_bits(words, grid)


def _of_jpeg_2000(frame: bytes, grid: PixelGrid, syntax: UID) -> StoredImage:
    """Decode a JPEG 2000 frame, of which every tile has to be there."""
    codestream = bare_codestream(frame)
    size: CodestreamSize = codestream_size(codestream)
    _check_frame_size(size.rows, size.columns, size.components, grid)
    check_tiles(codestream, size.tiles)
    extend_limit.get()(JPEG_2000_S_PER_MEGAPIXEL * size.rows * size.columns / 1e6)
    return _by_pydicom(encapsulate([codestream]), grid, syntax)


def _by_pydicom(encoded: bytes, grid: PixelGrid, syntax: UID) -> StoredImage:
    """Decode with the one plugin of this syntax."""
    if _PLUGIN not in get_decoder(syntax).available_plugins:
        raise _unsupported(syntax)
    layout: dict[str, Any] = {
        "rows": grid.rows,
        "columns": grid.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",  # polarity is applied after the window
        "bits_allocated": grid.bits_allocated,
        "bits_stored": grid.bits_stored,
        "pixel_representation": int(grid.signed),
        "pixel_keyword": "PixelData",
    }
    stored: StoredImage
    stored, _ = get_decoder(syntax).as_array(encoded, raw=True, decoding_plugin=_PLUGIN, **layout)
    return stored


def _undecodable(syntax: UID) -> CorruptFile:
    """Return the error for pixels that are damaged."""
    return CorruptFile(
        msg(
            "The DICOM file's pixels ({name}) are damaged and cannot be decoded. Export the "
            "film again.",
            name=syntax.name,
        )
    )


def _unsupported(syntax: UID) -> UnsupportedTransferSyntax:
    """Return the error for pixels that no decoder here reads."""
    name = (
        syntax.name
        if syntax.name != syntax
        else msg("unknown, {syntax!r}", syntax=str(syntax)[:64])
    )
    return UnsupportedTransferSyntax(
        msg(
            "The DICOM file's pixels are encoded in a way that is not read here ({name}). Ask "
            "for the study uncompressed or in JPEG 2000.",
            name=name,
        )
    )
