"""What a DICOM file says of itself, by which films of an archive are chosen."""

from __future__ import annotations

from dataclasses import dataclass

from core.imaging.dicom.elements import age_years, code
from core.imaging.dicom.origin import read_header
from core.imaging.dicom.reader import looks_like_dicom

_STATED = ("Modality", "BodyPartExamined", "PatientAge", "PatientBirthDate", "StudyDate")


@dataclass(frozen=True, slots=True)
class StatedKind:
    """A film's modality, body part and age; empty or None where the file states none."""

    modality: str
    body_part: str
    years: float | None
    instance_uid: str


def read_kind(content: bytes) -> StatedKind | None:
    """Return what a file says of itself; None for one that is no DICOM file.

    Raises
    ------
    RadiographError
        If the header cannot be read, or holds no monochrome film.
    """
    if not looks_like_dicom(content):
        return None
    found = read_header(content, (*_STATED, "SOPInstanceUID"))
    uid = str(found.get("SOPInstanceUID", ""))
    return StatedKind(
        code(found, "Modality"), code(found, "BodyPartExamined"), age_years(found), uid
    )
