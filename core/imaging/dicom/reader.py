"""DICOM files become radiographs: modality LUT, then VOI LUT or window, then polarity.

The parse is bounded. The dataset is read through a stream that stops after 100,000 reads, values
of elements that are not needed are skipped, and each needed one (pixels apart) may hold 512 KB, so
that a parse costs at most about 150 MB beside the file; a deflated dataset is refused before it is
inflated. A 40 megapixel film then costs its stored pixels twice (2 x 80 MB) and its float32 pixels
(160 MB).

Presentation LUT Shape is not applied: in the modules that carry it, INVERSE restates MONOCHROME1
and IDENTITY restates MONOCHROME2 (PS3.3 C.8.11.3.1.2), so that obeying both would invert twice.
Nothing that identifies a person leaves this module: a date of birth only makes an age band.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from io import BytesIO
from itertools import zip_longest

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

from core.domain.arrays import read_only
from core.domain.film import Radiograph, Window
from core.errors import CorruptFile, UnsupportedFormat
from core.imaging.dicom.elements import (
    age_band,
    code,
    decimal_texts,
    lookup_tables,
    number,
    pixel_spacing_mm,
    stated_view,
    stored_words,
    whole_number,
)
from core.imaging.dicom.lut import FUNCTIONS, Tones, apply_tones, window_fault
from core.imaging.dicom.pixels import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    PixelGrid,
    check_syntax,
    pixel_grid,
    stored_pixels,
)
from core.language.words import msg

MAX_READS = 100_000
MAX_META_ELEMENTS = 1_000
MAX_WINDOWS = 100
_META_GROUP, _FIRST_GROUP = 0x0002, 0x0008
_SYNTAX_ELEMENT = 0x0010
_LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_PIXEL_DATA = 0x7FE00010
WANTED = (
    *("StudyDate", "Modality", "PatientBirthDate", "PatientAge", "BodyPartExamined"),
    *("ImagerPixelSpacing", "ViewPosition", "PixelSpacing"),
    *("ViewCodeSequence", "SeriesDescription"),
    *("SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleIntercept", "RescaleSlope", "ModalityLUTSequence"),
    "PixelData",
)

# pydicom logs the values that it finds odd, and a value may be a name.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)


class _BoundedStream(BytesIO):
    """A stream for parsing: every element and item takes a read, so reads bound what is built."""

    reads_left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads_left -= 1
        if self.reads_left < 0:
            raise CorruptFile(
                msg(
                    "The DICOM header takes more than {most} reads; no film's does. "
                    "Export the film again.",
                    most=MAX_READS,
                )
            )
        return super().read(size)


def looks_like_dicom(content: bytes) -> bool:
    """Return True for a DICOM file: ``DICM`` after the preamble, or a plausible first element."""
    if content[128:132] == b"DICM":
        return True
    group, element = (int.from_bytes(content[at : at + 2], "little") for at in (0, 2))
    if len(content) < 132 or group not in (_META_GROUP, _FIRST_GROUP) or element > 0x0100:
        return False
    return _states_vr(content, 0) or int.from_bytes(content[4:8], "little") <= 1024


def decode_dicom(content: bytes, sha256: str) -> Radiograph:
    """Decode a DICOM file with one monochrome image.

    Parameters
    ----------
    content : bytes
        The whole file, with or without preamble.
    sha256 : str
        Of the content.

    Returns
    -------
    Radiograph
        Pixels (H, W) float32 in [0, 1], MONOCHROME2 sense, after the file's first VOI LUT or window
        that can be used, or, without either, from the smallest to the largest value that is not
        padding. ``display_note`` says where that is not what the file asks.

    Raises
    ------
    UnsupportedTransferSyntax
        If the dataset is deflated, or the pixels are encoded in a way that is not read here.
    UnsupportedFormat
        If the image is in colour, has several frames, or has an unusual depth.
    TooLarge
        If Rows x Columns is over 40 megapixels.
    CorruptFile
        If there are no pixels, or not as many as the header says, or the header cannot be read.
    """
    syntax, start = begin_dataset(content)
    dataset = read_elements(content, start, syntax)
    check_image_kind(dataset)
    grid = pixel_grid(dataset)
    stored = stored_pixels(dataset, grid, syntax)
    view = apply_tones(stored, _tones(dataset, grid))
    return Radiograph(
        pixels=read_only(view.grey),
        sha256=sha256,
        source_format="DICOM",
        bits_stored=grid.bits_stored,
        modality=code(dataset, "Modality"),
        body_part=code(dataset, "BodyPartExamined"),
        view_position=stated_view(dataset),
        age_band=age_band(dataset),
        pixel_spacing_mm=pixel_spacing_mm(dataset),
        window=view.window,
        display_note=view.note,
    )


def _states_vr(content: bytes, position: int) -> bool:
    """Return True if the element at a position is written with its type (explicit VR)."""
    vr = content[position + 4 : position + 6]
    return len(vr) == 2 and vr.isalpha() and vr.isupper()


def begin_dataset(content: bytes) -> tuple[UID, int]:
    """Return the transfer syntax and where the dataset starts.

    Raises
    ------
    UnsupportedTransferSyntax
        If the syntax is not read here; nothing of the dataset has been read by then.
    """
    position = 132 if content[128:132] == b"DICM" else 0
    stated = ""
    # Walked here rather than by pydicom, which lets a second group 2 overrule the first; to
    # dcmtk, and to DICOM, the first holds.
    for _ in range(MAX_META_ELEMENTS):
        group, element, vr, length = struct.unpack_from(
            "<HH2sH", content[position : position + 8].ljust(8, b"\xff")
        )
        if group != _META_GROUP or not _states_vr(content, position):
            break
        position += 8
        if vr in _LONG_VRS:
            length = int.from_bytes(content[position : position + 4], "little")
            position += 4
        if element == _SYNTAX_ELEMENT and not stated:
            stated = content[position : position + min(length, 64)].decode("latin-1").strip(" \0")
        position += length
    guess = EXPLICIT_LITTLE if _states_vr(content, position) else IMPLICIT_LITTLE
    syntax = UID(stated or guess)
    check_syntax(syntax)
    return syntax, position


def read_elements(
    content: bytes, start: int, syntax: UID, keywords: Sequence[str] = WANTED
) -> Dataset:
    """Return the elements of these keywords, pixels included and still encoded.

    Of an element that is stated twice the first holds, as in dcmtk. A stray item delimiter ends
    pydicom's reading, and not the file.
    """
    stream = _BoundedStream(content)
    stream.seek(start)
    implicit = syntax != EXPLICIT_BIG and not _states_vr(content, start)
    wanted = {int(Tag(keyword)) for keyword in keywords}
    first: dict[BaseTag, RawDataElement | DataElement] = {}
    seen: set[int] = set()
    while stream.tell() < len(content):
        for element in data_element_generator(
            stream,
            is_implicit_VR=implicit,
            is_little_endian=syntax != EXPLICIT_BIG,
            specific_tags=[*wanted],
        ):
            tag = int(element.tag)  # pydicom's own tags are slow to compare
            if tag in wanted and tag not in seen:
                seen.add(tag)
                first[element.tag] = element
            if tag == _PIXEL_DATA:
                return Dataset(first)
    return Dataset(first)


def check_image_kind(dataset: Dataset) -> None:
    """Refuse what is not one monochrome image."""
    if "PixelData" not in dataset:
        raise CorruptFile(
            msg(
                "The DICOM file holds no image that can be read: it is a report or a "
                "directory, or it is cut short. Export the film itself."
            )
        )
    frames = whole_number(dataset, "NumberOfFrames", default=1)
    if frames > 1:
        raise UnsupportedFormat(
            msg(
                "The DICOM file holds {frames} frames; a film is one frame. Export the film alone.",
                frames=frames,
            )
        )
    samples = whole_number(dataset, "SamplesPerPixel", default=1)
    photometric = code(dataset, "PhotometricInterpretation")
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnsupportedFormat(
            msg(
                "The DICOM image is stored as {kind} with {samples} samples a pixel; "
                "MONOCHROME1 and MONOCHROME2 are read here. Export the original film.",
                kind=photometric or msg("an unstated kind"),
                samples=samples,
            )
        )


def _tones(dataset: Dataset, grid: PixelGrid) -> Tones:
    """Collect what the header says about showing the stored values."""
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    slope, intercept = 1.0 if slope is None else slope, 0.0 if intercept is None else intercept
    if slope == 0:
        raise CorruptFile(
            msg(
                "The DICOM file states a RescaleSlope of 0, which makes every pixel equal. "
                "Export the film again."
            )
        )
    modality_luts, no_modality = lookup_tables(dataset, "ModalityLUTSequence", signed=grid.signed)
    lowest = min(bound * slope + intercept for bound in grid.bounds)
    voi_signed = not modality_luts and lowest < 0
    voi_luts, no_voi = lookup_tables(dataset, "VOILUTSequence", signed=voi_signed)
    function = code(dataset, "VOILUTFunction") or "LINEAR"
    windows, unusable = _windows(dataset, function if function in FUNCTIONS else "LINEAR")
    if function not in FUNCTIONS and windows:
        unusable.append(msg("window function is unknown, and LINEAR is taken"))
    if no_voi and not voi_luts:
        unusable.insert(0, msg("VOI LUT is empty or incomplete"))
    if no_modality and not modality_luts:
        unusable.insert(0, msg("modality LUT is empty or incomplete, and is left out"))
    return Tones(
        slope=slope,
        intercept=intercept,
        modality_lut=modality_luts[0] if modality_luts else None,
        views=(*voi_luts, *windows),
        unusable=tuple(unusable),
        window_function=function if function in FUNCTIONS else "LINEAR",
        inverted=code(dataset, "PhotometricInterpretation") == "MONOCHROME1",
        padding=_padding(dataset, grid),
    )


def _windows(dataset: Dataset, function: str) -> tuple[list[Window], list[str]]:
    """Return the windows that can be used, and a clause for each that cannot."""
    centers, widths = (decimal_texts(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    windows: list[Window] = []
    unusable: list[str] = []
    for center, width in zip_longest(centers[:MAX_WINDOWS], widths[:MAX_WINDOWS], fillvalue=""):
        try:
            window = Window(float(center), float(width))
        except ValueError:  # never quoted: what is no number may be anything
            if not windows:
                unusable.append(msg("window is not a pair of numbers"))
            continue
        fault = window_fault(window, function)
        if not fault:
            windows.append(window)
        elif not windows:  # those after one that can be used are not asked for
            unusable.append(fault)
    return windows, unusable


def _padding(dataset: Dataset, grid: PixelGrid) -> tuple[int, int] | None:
    """Return the range of stored values that mark the area around the film (PS3.3 C.7.5.1.1.2)."""
    ends = [
        int(word)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if keyword in dataset
        for word in stored_words(dataset, keyword, signed=grid.signed)[:1]
    ]
    return (ends[0], ends[-1]) if ends else None
