"""The stored pixels of a DICOM file: which encodings are read, by what, and within what bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import imagecodecs
import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from core.domain.film import MAX_FILM_PIXELS
from core.errors import CorruptFile, TooLarge, UnsupportedFormat, UnsupportedTransferSyntax
from core.imaging.dicom.elements import whole_number
from core.imaging.dicom.lut import StoredImage
from core.imaging.header_checks import CodestreamSize, codestream_size

MIN_SIDE_PX = 2

IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)
RLE, JPEG_EXTENDED = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.51"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})
# libjpeg-turbo 3 through imagecodecs. Not gdcm: it loads its own zlib for the whole process, and a
# process that imports it before Pillow aborts at the next PNG.
JPEG_LOSSLESS = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
# One pydicom plugin each, because trying all in turn hides which one gave the pixels. pylibjpeg-rle
# stops at the end of the frame where pydicom's own RLE decoder expands without bound.
PLUGINS = {
    RLE: "pylibjpeg",
    "1.2.840.10008.1.2.4.50": "pillow",
    JPEG_EXTENDED: "pillow",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
    "1.2.840.10008.1.2.4.201": "pylibjpeg",
    "1.2.840.10008.1.2.4.202": "pylibjpeg",
    "1.2.840.10008.1.2.4.203": "pylibjpeg",
}


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """How the stored pixels lie in the file."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
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
    if syntax == DEFLATED:
        raise UnsupportedTransferSyntax(
            "The DICOM file is deflated as a whole (Deflated Explicit VR Little Endian), which can "
            "hide any amount of data. Ask for the study uncompressed or in JPEG 2000."
        )
    if syntax not in NATIVE | JPEG_LOSSLESS | PLUGINS.keys():
        raise _unsupported(syntax)


def pixel_grid(dataset: Dataset) -> PixelGrid:
    """Return the stored pixels' layout, checked before any is decoded.

    Raises
    ------
    TooLarge
        If Rows x Columns is over 40 megapixels.
    UnsupportedFormat
        If a side is below 2 pixels, or the bits are not 1 to 16 in 8 or 16, lowest first.
    CorruptFile
        If an element that is needed is absent or unreadable.
    """
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    size = f"The DICOM image has {columns} x {rows} pixels"
    if rows * columns > MAX_FILM_PIXELS:
        raise TooLarge(
            f"{size} ({ceil(rows * columns / 1e5) / 10} megapixels); the limit is "
            f"{MAX_FILM_PIXELS / 1e6:.0f} megapixels. Export it at a lower resolution."
        )
    if min(rows, columns) < MIN_SIDE_PX:
        raise UnsupportedFormat(
            f"{size}; a film has at least {MIN_SIDE_PX} on a side. Export the original film."
        )
    allocated = whole_number(dataset, "BitsAllocated")
    stored = whole_number(dataset, "BitsStored", default=allocated)
    high_bit = whole_number(dataset, "HighBit", default=stored - 1)
    if allocated not in (8, 16) or not 1 <= stored <= allocated or high_bit != stored - 1:
        raise UnsupportedFormat(
            f"The DICOM image stores {stored} of {allocated} bits, the highest at {high_bit}; up "
            "to 16 bits, lowest first, are read here. Export the film again."
        )
    signed = whole_number(dataset, "PixelRepresentation", default=0) == 1
    return PixelGrid(rows, columns, allocated, stored, signed)


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
        If they are 12-bit JPEG, or the decoder is not installed.
    """
    element = dataset.get_item("PixelData")
    encoded = element.value if isinstance(element, RawDataElement) else None
    if not isinstance(encoded, bytes):
        raise CorruptFile("The DICOM file's pixels are empty or damaged. Export the film again.")
    if syntax in NATIVE:
        _check_native_length(encoded, grid)
        encoded = encoded[: grid.size_bytes]  # pydicom takes a surplus for more frames
    else:
        _check_encoding(grid, syntax)
        frame = _single_frame(encoded, grid, syntax)
    try:
        if syntax in JPEG_LOSSLESS:
            stored = _decoded_lossless_jpeg(frame, grid)
        else:
            stored = _decoded_by_pydicom(encoded, grid, syntax)
    except MemoryError:
        raise
    except BaseException as exc:
        # Five decoders, each with its own errors for damaged data; pylibjpeg-rle is Rust, whose
        # panics are no Exceptions.
        if isinstance(exc, Exception) or type(exc).__name__ == "PanicException":
            raise _undecodable(syntax) from exc
        raise
    if stored.shape != (grid.rows, grid.columns):
        raise _undecodable(syntax)
    return stored


def _check_native_length(encoded: bytes, grid: PixelGrid) -> None:
    """Refuse fewer bytes than the header promises, or a row more."""
    if len(encoded) < grid.size_bytes:
        raise CorruptFile(
            f"The DICOM file holds {len(encoded)} of the {grid.size_bytes} bytes of its image: it "
            "is cut short. Export the film again."
        )
    if len(encoded) >= grid.size_bytes + grid.size_bytes // grid.rows:
        raise CorruptFile(
            f"The DICOM file holds {len(encoded)} bytes for an image of {grid.size_bytes}: header "
            "and pixels do not belong together. Export the film again."
        )


def _check_encoding(grid: PixelGrid, syntax: UID) -> None:
    """Refuse compressed pixels for which there is no decoder."""
    if syntax == JPEG_EXTENDED and grid.bits_stored != 8:
        raise _unsupported(syntax)
    if syntax in PLUGINS and PLUGINS[syntax] not in get_decoder(syntax).available_plugins:
        raise _unsupported(syntax)


def _single_frame(encoded: bytes, grid: PixelGrid, syntax: UID) -> bytes:
    """Return the codestream, refusing one of another size than the header says."""
    try:
        frame = get_frame(encoded, 0, number_of_frames=1)
    except Exception as exc:
        # Damaged item lengths surface as ValueError, struct.error or IndexError.
        raise _undecodable(syntax) from exc
    if syntax == RLE:  # states no size, and its decoder stops at that of the header
        return frame
    size = codestream_size(frame)
    if size != CodestreamSize(grid.rows, grid.columns, 1):
        raise CorruptFile(
            f"The DICOM header says {grid.columns} x {grid.rows} pixels, the compressed image "
            f"{size.columns} x {size.rows} with {size.components} channels. Export the film again."
        )
    return frame


def _decoded_lossless_jpeg(frame: bytes, grid: PixelGrid) -> StoredImage:
    """Decode JPEG Lossless (ISO/IEC 10918-1, process 14), sign and unused bits restored."""
    unused_bits = 16 - grid.bits_stored
    words = imagecodecs.jpeg8_decode(frame).astype(np.uint16) << unused_bits
    stored: StoredImage = words.view(np.int16 if grid.signed else np.uint16) >> unused_bits
    return stored


def _decoded_by_pydicom(encoded: bytes, grid: PixelGrid, syntax: UID) -> StoredImage:
    """Decode with the one plugin of this syntax."""
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
    stored, _ = get_decoder(syntax).as_array(
        encoded, raw=True, decoding_plugin=PLUGINS.get(syntax, ""), **layout
    )
    return stored


def _undecodable(syntax: UID) -> CorruptFile:
    """Return the error for pixels that are damaged."""
    return CorruptFile(
        f"The DICOM file's pixels ({syntax.name}) are damaged and cannot be decoded. "
        "Export the film again."
    )


def _unsupported(syntax: UID) -> UnsupportedTransferSyntax:
    """Return the error for pixels that no decoder here reads."""
    name = syntax.name if syntax.name != syntax else f"unknown, {str(syntax)[:64]!r}"
    return UnsupportedTransferSyntax(
        f"The DICOM file's pixels are encoded in a way that is not read here ({name}). "
        "Ask for the study uncompressed or in JPEG 2000."
    )
