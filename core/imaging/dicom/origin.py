"""Whom a DICOM film shows and where it came from, and its header as a report refers to it."""

from __future__ import annotations

import re
from dataclasses import fields

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID

from core.domain.origin import FilmOrigin
from core.errors import CorruptFile, RadiographError
from core.imaging.dicom.elements import values_of
from core.imaging.dicom.reader import begin_dataset, check_image_kind, read_elements

_KEYWORDS = {
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "study_instance_uid": "StudyInstanceUID",
    "study_id": "StudyID",
    "study_date": "StudyDate",
    "study_time": "StudyTime",
    "accession_number": "AccessionNumber",
    "modality": "Modality",
    "referring_physician_name": "ReferringPhysicianName",
    "series_instance_uid": "SeriesInstanceUID",
    "sop_class_uid": "SOPClassUID",
    "sop_instance_uid": "SOPInstanceUID",
}
_SHAPES = {
    "patient_birth_date": re.compile(r"\d{8}"),
    "study_date": re.compile(r"\d{8}"),
    "study_time": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
    "patient_sex": re.compile(r"[MFO]"),
    "modality": re.compile(r"[A-Z]{2,16}"),
}
"""What is not of this shape would make a report that archives refuse; it is left out."""

_LONGEST = {"study_id": 16, "accession_number": 16}
_LONGEST_TEXT = 64
_SHOWN_BY = (
    *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
)

NAMED_BY = ("SpecificCharacterSet", *_KEYWORDS.values())
_KIND = ("SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "PixelData")


def read_origin(content: bytes) -> FilmOrigin:
    """Return whom a DICOM film shows and where it came from.

    Raises
    ------
    RadiographError
        If the header cannot be read.
    """
    return origin_of(read_header(content, NAMED_BY))


def origin_of(found: Dataset) -> FilmOrigin:
    """Return what the elements `NAMED_BY` of a dataset say."""
    named = Dataset({Tag(name): found.get_item(name) for name in NAMED_BY if name in found})
    try:
        named.decode()
    except (LookupError, ValueError, TypeError, AttributeError):  # odd letters stay as they are
        named.pop("SpecificCharacterSet", None)
    return FilmOrigin(**{field.name: _text(named, field.name) for field in fields(FilmOrigin)})


def reference_of(content: bytes, origin: FilmOrigin) -> Dataset:
    """Return a film's header as a report refers to it, its patient and study as in ``origin``.

    Parameters
    ----------
    content : bytes
        The DICOM file; what it names itself is left out.

    Raises
    ------
    RadiographError
        If the header cannot be read.
    """
    kept = read_header(content, _SHOWN_BY)
    reference = Dataset()
    for keyword in _SHOWN_BY:
        if keyword in kept:
            reference[keyword] = kept[keyword]
    for name, keyword in _KEYWORDS.items():
        setattr(reference, keyword, getattr(origin, name))
    reference.SpecificCharacterSet = "ISO_IR 192"
    return reference


def read_header(content: bytes, keywords: tuple[str, ...]) -> Dataset:
    """Return these elements of a DICOM file that holds one monochrome film.

    Raises
    ------
    RadiographError
        If the header cannot be read, or holds no such film.
    """
    try:
        syntax, start = begin_dataset(content)
        found = read_elements(content, start, syntax, (*keywords, *_KIND))
        check_image_kind(found)
    except RadiographError:
        raise
    except Exception as exc:  # pydicom raises whatever the bytes lead it to
        raise CorruptFile("The header of the DICOM file cannot be read. Export it again.") from exc
    return found


def _text(found: Dataset, name: str) -> str:
    try:
        first = next(iter(values_of(found, _KEYWORDS[name])), "")
    except CorruptFile:
        return ""
    text = "".join(c for c in str(first) if c.isprintable() and c != "\\").strip()
    if name.endswith("_uid"):
        return text if UID(text).is_valid else ""
    shape = _SHAPES.get(name)
    if shape is not None and not shape.fullmatch(text):
        return ""
    return text[: _LONGEST.get(name, _LONGEST_TEXT)]
