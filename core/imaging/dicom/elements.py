"""Single values out of a DICOM dataset: checked, bounded, and never identifying."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from core.domain.film import AgeBand
from core.errors import CorruptFile
from core.imaging.dicom.lut import LookupTable
from core.language.words import msg

MAX_VALUE_BYTES = 512_000
MIN_SPACING_MM, MAX_SPACING_MM = 0.01, 5.0

# PS3.5 6.2, CS: what a code may consist of. A name that strayed into a code element rarely fits.
_CODE = re.compile(r"[A-Z0-9_ ]{0,16}")
# Three digits behind a comma may be thousands.
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,(?:\d{1,2}|\d{4,})")
_AGE = re.compile(r"\s*(\d{1,3})\s*([DWMY]?)\s*", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0, "": 1.0}
"""What a unit is in years; files that leave it out mean years."""

# PS3.16 CID 4010, CR and DX view: SNOMED codes of the old and of the present form.
_VIEW_CODES = {
    **dict.fromkeys(("R-10206", "399348003"), "AP"),
    **dict.fromkeys(("R-10214", "272479007"), "PA"),
    **dict.fromkeys(("R-10236", "399173006", "R-10232", "399198007"), "LATERAL"),
}
_FRONTAL_WORDS = {
    **dict.fromkeys(("AP", "ANTEROPOSTERIOR", "ANTERO-POSTERIOR"), "AP"),
    **dict.fromkeys(("PA", "POSTEROANTERIOR", "POSTERO-ANTERIOR"), "PA"),
}
_SIDE_WORDS = {
    **dict.fromkeys(("LAT", "LATERAL", "LLAT", "RLAT", "LL", "RL", "PROFIL", "PERFIL"), "LATERAL"),
    **dict.fromkeys(("LATERALE", "LATEROLATERAL", "SEITLICH", "XTABLE", "PROFILE"), "LATERAL"),
    **dict.fromkeys(("OBL", "OBLIQUE", "LAO", "RAO", "LPO", "RPO", "OBLICUA"), "OBLIQUE"),
    **dict.fromkeys(("OBLIQUA", "SCHRAG"), "OBLIQUE"),
}
"""Words of a free text that name a view; nothing else of the text leaves this module."""


def values_of(dataset: Dataset, keyword: str) -> list[object]:
    """Return an element's values, empty if it is absent or empty.

    Raises
    ------
    CorruptFile
        If the element is over 512 KB, or its bytes are not what its type allows.
    """
    raw = dataset.get_item(keyword) if keyword in dataset else None
    if isinstance(raw, RawDataElement) and len(raw.value or b"") > MAX_VALUE_BYTES:
        raise _unreadable(keyword)
    try:
        value = dataset.get(keyword)
    except Exception as exc:
        # pydicom's converters raise whatever the bytes lead them to.
        raise _unreadable(keyword) from exc
    if value is None or value == "":
        return []
    several = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    return list(value) if several else [value]


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return an element's first value as a finite number, None if it is absent.

    A decimal comma, which some sites' computers write against the standard, is read as a point.

    Raises
    ------
    CorruptFile
        If the value is not a finite number.
    """
    values = values_of(dataset, keyword)
    if not values:
        return None
    text = str(values[0]).strip()
    try:
        first = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError as exc:
        raise _unreadable(keyword) from exc
    if not math.isfinite(first):
        raise _unreadable(keyword)
    return first


def whole_number(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """Return an element's first value as a whole number.

    Raises
    ------
    CorruptFile
        If the value is absent and has no default, or is not a whole number.
    """
    value = number(dataset, keyword)
    if value is None and default is not None:
        return default
    if value is None:
        raise CorruptFile(
            msg(
                "The DICOM file does not state {keyword}, without which its pixels cannot be "
                "read. Export the film again.",
                keyword=keyword,
            )
        )
    if value != int(value):
        raise _unreadable(keyword)
    return int(value)


def code(dataset: Dataset, keyword: str) -> str:
    """Return an element's first value if it looks like a DICOM code, otherwise an empty string."""
    try:
        text = str(next(iter(values_of(dataset, keyword)), "")).strip().upper()
    except CorruptFile:
        return ""  # descriptive only: an odd description must not cost the read
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return plain if _CODE.fullmatch(plain) else ""


def stated_view(dataset: Dataset) -> str:
    """Return the view that a file states: View Position, View Code Sequence, or its description.

    Of a description only the view's name is returned, and nothing where it names two.
    """
    position = code(dataset, "ViewPosition")
    if position:
        return position
    try:
        items = values_of(dataset, "ViewCodeSequence")
    except CorruptFile:
        items = []
    for item in items:
        if isinstance(item, Dataset):
            known = _VIEW_CODES.get(_text(item, "CodeValue"), "")
            named = _view_in(_text(item, "CodeMeaning")) or known
            if named:
                return named
    return _view_in(_text(dataset, "SeriesDescription"))


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        return str(next(iter(values_of(dataset, keyword)), "")).strip().upper()
    except CorruptFile:
        return ""


def _view_in(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    words = re.split(r"[^A-Z-]+", plain)
    words += [part for word in words for part in word.split("-")]
    named = {
        known[word] for word in words for known in (_FRONTAL_WORDS, _SIDE_WORDS) if word in known
    }
    return named.pop() if len(named) == 1 else ""


def age_years(dataset: Dataset) -> float | None:
    """Return the age from Patient's Age, or else from birth and study dates; None if not stated."""
    years = _stated_years(dataset)
    if years is None:
        years = _years_between(dataset, "PatientBirthDate", "StudyDate")
    return years if years is not None and 0 <= years <= 120 else None


def age_band(dataset: Dataset) -> AgeBand:
    """Return the coarse age."""
    years = age_years(dataset)
    if years is None:
        return AgeBand.UNKNOWN
    bands = ((1, AgeBand.UNDER_1), (6, AgeBand.CHILD_1_TO_5), (18, AgeBand.CHILD_6_TO_17))
    return next((band for limit, band in bands if years < limit), AgeBand.ADULT)


def pixel_spacing_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Return row and column spacing, None unless both are between 0.01 and 5 mm."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        try:
            row, column = (float(str(value)) for value in values_of(dataset, keyword))
        except (CorruptFile, ValueError):
            continue
        if all(MIN_SPACING_MM <= spacing <= MAX_SPACING_MM for spacing in (row, column)):
            return row, column
    return None


def stored_words(dataset: Dataset, keyword: str, *, signed: bool) -> npt.NDArray[np.int64]:
    """Return an element's bytes as 16-bit numbers, whatever type the file gives it.

    Raises
    ------
    CorruptFile
        If the element is not plain bytes or is over 512 KB.
    """
    element = _raw_element(dataset, keyword)
    raw = element.value or b""
    kind = ("<" if element.is_little_endian else ">") + ("i2" if signed else "u2")
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype=kind).astype(np.int64)


def decimal_texts(dataset: Dataset, keyword: str) -> list[str]:
    """Return the texts between the backslashes of a number element, whatever they are.

    Nothing is converted here, so that one value that is no number does not cost the others.
    """
    raw = dataset.get_item(keyword) if keyword in dataset else None
    if isinstance(raw, RawDataElement) and raw.VR in (None, "DS", "IS", "UN", "LO", "SH"):
        value = raw.value or b""
        if len(value) > MAX_VALUE_BYTES:
            return []
        return value.decode("latin-1").strip(" \0").split("\\") if value.strip(b" \0") else []
    try:
        return [str(value) for value in values_of(dataset, keyword)]
    except CorruptFile:
        return []


def lookup_tables(dataset: Dataset, keyword: str, *, signed: bool) -> tuple[list[LookupTable], int]:
    """Return the LUTs of a sequence that can be used, and how many of its items cannot.

    An item without descriptor or data, or with less data than it states, is no LUT.

    Parameters
    ----------
    signed : bool
        True if the LUT's input may be negative, which decides how its first input is read.

    References
    ----------
    .. [1] DICOM PS3.3 C.11.1.1.1, C.11.2.1.1
    """
    try:
        items = values_of(dataset, keyword)
    except CorruptFile:
        return [], 1
    tables = []
    for item in items:
        table = _lookup_table(item, signed=signed) if isinstance(item, Dataset) else None
        if table is not None:
            tables.append(table)
    return tables, len(items) - len(tables)


def _lookup_table(item: Dataset, *, signed: bool) -> LookupTable | None:
    """Return one item's LUT, None if it is empty or does not hold together."""
    try:
        descriptor = stored_words(item, "LUTDescriptor", signed=False)
        if len(descriptor) < 3:
            return None
        count, first, bits = int(descriptor[0]) or 65536, int(descriptor[1]), int(descriptor[2])
        entries = _lut_entries(item, count)
    except CorruptFile:
        return None
    if entries is None or not entries.any():
        return None
    first -= 65536 if signed and first >= 32768 else 0
    return LookupTable(first, bits, entries)


def _lut_entries(item: Dataset, count: int) -> npt.NDArray[np.float64] | None:
    """Return a LUT's entries, 16 bits each or packed as bytes; None if there are too few."""
    element = _raw_element(item, "LUTData")
    raw = element.value or b""
    if len(raw) in (count, count + 1) and count > 1:
        packed = np.frombuffer(raw, dtype=np.uint8)
        if not element.is_little_endian and element.VR != "OB" and len(raw) % 2 == 0:
            packed = packed.reshape(-1, 2)[:, ::-1].ravel()
        return packed[:count].astype(np.float64)
    words = stored_words(item, "LUTData", signed=False)
    return words[:count].astype(np.float64) if len(words) >= count else None


def _raw_element(dataset: Dataset, keyword: str) -> RawDataElement:
    """Return an element whose bytes are not converted yet, and are not too many."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    if not isinstance(element, RawDataElement) or len(element.value or b"") > MAX_VALUE_BYTES:
        raise _unreadable(keyword)
    return element


def _stated_years(dataset: Dataset) -> float | None:
    """Return Patient's Age in years (PS3.5 6.2, AS), None if it is absent or odd."""
    try:
        age = _AGE.fullmatch(str(next(iter(values_of(dataset, "PatientAge")), "")))
    except CorruptFile:
        return None
    return int(age[1]) * _YEARS[age[2].upper()] if age else None


def _years_between(dataset: Dataset, earlier: str, later: str) -> float | None:
    """Return the years between two date elements, None if one is absent or odd."""
    days = []
    for keyword in (earlier, later):
        try:
            parts = _DATE.match(str(next(iter(values_of(dataset, keyword)), "")))
            days.append(date(*map(int, parts.groups())) if parts else None)
        except (CorruptFile, ValueError):
            return None
    birth, study = days
    if birth is None or study is None:
        return None
    whole = study.year - birth.year - ((study.month, study.day) < (birth.month, birth.day))
    return float(whole)


def _unreadable(keyword: str) -> CorruptFile:
    """Return the error for one element, which never quotes the value."""
    tag = tag_for_keyword(keyword) or 0
    return CorruptFile(
        msg(
            "The DICOM element {keyword} ({group:04X},{element:04X}) cannot be read. Export "
            "the film again.",
            keyword=keyword,
            group=tag >> 16,
            element=tag & 0xFFFF,
        )
    )
