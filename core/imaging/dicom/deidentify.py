"""DICOM files lose what names a patient: only an allow-list of elements stays.

In intent the Basic Application Level Confidentiality Profile (PS3.15 E): what is not listed here
goes, sequences are rebuilt from listed elements, and UIDs are replaced. Kept are the pixels and
what is needed to show and to judge them. Age is coarsened to the bands of `AgeBand`. Writing that
is burned into the picture stays in it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID

from core.domain.film import AgeBand
from core.domain.origin import FilmOrigin
from core.errors import CorruptFile, RadiographError
from core.imaging.dicom.elements import age_band, code, stated_view, values_of
from core.imaging.dicom.origin import NAMED_BY, origin_of
from core.imaging.dicom.pixels import EXPLICIT_BIG
from core.imaging.dicom.reader import WANTED, begin_dataset, check_image_kind, read_elements
from core.language.words import msg

_GOES = ("StudyDate", "PatientBirthDate", "PatientAge", "SeriesDescription", "ViewCodeSequence")
"""Read to be shown or judged, and replaced here by what they say of age and view."""

_STAYS = (*(keyword for keyword in WANTED if keyword not in _GOES), "SOPClassUID")
_IN_SEQUENCES = ("LUTDescriptor", "LUTData", "ModalityLUTType")
_LOOKED_AT = (
    *("PatientID", "IssuerOfPatientID", "StudyDate", "StudyTime", "BurnedInAnnotation"),
    *("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"),
)
_REPLACED_UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_AGES = {
    AgeBand.UNDER_1: "000Y",
    AgeBand.CHILD_1_TO_5: "003Y",
    AgeBand.CHILD_6_TO_17: "012Y",
    AgeBand.ADULT: "040Y",
}
"""The same band again, and no more, for whoever reads the file."""

_NO_NUMBERS = frozenset(
    (
        *("ANON", "ANONYM", "ANONYMOUS", "ANONYMIZED", "ANONYMISED", "DEIDENTIFIED", "REMOVED"),
        *("DE-IDENTIFIED", "UNKNOWN", "UNBEKANNT", "NONE", "NULL", "N/A", "NA", "TEST", "PATIENT"),
        *("123", "1234", "12345", "123456", "1234567", "12345678"),
    )
)
_MOST_DAYS_MOVED = 3650
_DICOM_IMAGE = "1.2.840.10008.5.1.4.1.1.1"  # Computed Radiography Image Storage


@dataclass(frozen=True, slots=True, eq=False)
class Deidentified:
    """A DICOM file without what names its patient; the rest is as in `ArrivingFilm`."""

    content: bytes
    patient: str
    taken_at: datetime | None
    burned_in: bool
    origin: FilmOrigin


def keyed_patient(number: str, issuer: str, secret: bytes) -> str:
    """Return the keyed hash that stands for a patient number; empty for no number.

    Words that stand for no number are none: they would make one patient of many.
    """
    number = number.strip()
    if len(set(number)) < 2 or number.upper() in _NO_NUMBERS:
        return ""
    return _keyed(secret, "patient", issuer.strip(), number).hex()


def deidentify(content: bytes, secret: bytes) -> Deidentified:
    """Return a DICOM file of a film with listed elements only, and what links it to others.

    Parameters
    ----------
    secret : bytes
        Of the site. With it the same file, patient or UID is replaced by the same each time.

    Raises
    ------
    RadiographError
        If the file holds no film that could be decoded.
    """
    try:
        return _deidentify(content, secret)
    except RadiographError:
        raise
    except Exception as exc:  # pydicom raises whatever the bytes lead it to
        raise CorruptFile(
            msg(
                "The DICOM file cannot be read to its end, so what names the patient cannot be "
                "taken out of it. Export the film again."
            )
        ) from exc


def _deidentify(content: bytes, secret: bytes) -> Deidentified:
    syntax, start = begin_dataset(content)
    found = read_elements(content, start, syntax, (*WANTED, *_LOOKED_AT, *NAMED_BY))
    check_image_kind(found)
    patient = keyed_patient(_first(found, "PatientID"), _first(found, "IssuerOfPatientID"), secret)
    kept = Dataset()
    for keyword in _STAYS:
        if keyword in found:
            item = found.get_item(keyword)
            kept[Tag(keyword)] = _cleaned(found, keyword) if _is_sequence(item) else item
    band = age_band(found)
    codes = {
        "ViewPosition": stated_view(found),
        "BodyPartExamined": code(found, "BodyPartExamined"),
    }
    for keyword, word in codes.items():  # free text strays into them
        if word or keyword in kept:
            _put(kept, keyword, "CS", word)
    if band in _AGES:
        _put(kept, "PatientAge", "AS", _AGES[band])
    for keyword in _REPLACED_UIDS:
        number = int.from_bytes(_keyed(secret, keyword, _first(found, keyword) or content)[:16])
        _put(kept, keyword, "UI", f"2.25.{number}")
    _put(kept, "PatientIdentityRemoved", "CS", "YES")
    _put(kept, "DeidentificationMethod", "LO", "First Read: allow-list of elements")
    return Deidentified(
        content=_written(kept, syntax, content, start),
        patient=patient,
        taken_at=_moved(_taken_at(found), patient, secret),
        burned_in=code(found, "BurnedInAnnotation") == "YES",
        origin=origin_of(found),
    )


def _keyed(secret: bytes, purpose: str, *parts: str | bytes) -> bytes:
    message = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hmac.new(secret, purpose.encode() + b"\0" + message, hashlib.sha256).digest()


def _first(dataset: Dataset, keyword: str) -> str:
    try:
        return str(next(iter(values_of(dataset, keyword)), "")).strip()
    except CorruptFile:
        return ""


def _is_sequence(item: object) -> bool:
    return getattr(item, "VR", None) == "SQ" or (
        getattr(item, "VR", None) is None and int(getattr(item, "tag", 0)) in _SEQUENCES
    )


_SEQUENCES = frozenset(int(Tag(keyword)) for keyword in WANTED if keyword.endswith("Sequence"))


def _cleaned(dataset: Dataset, keyword: str) -> DataElement:
    """Return a sequence with the listed elements of its items; empty if it cannot be read."""
    items = []
    try:
        values = values_of(dataset, keyword)
    except CorruptFile:
        values = []
    for value in values:
        item = Dataset()
        if isinstance(value, Dataset):
            for name in _IN_SEQUENCES:
                if name in value:
                    item[Tag(name)] = value.get_item(name)
        items.append(item)
    return DataElement(Tag(keyword), "SQ", Sequence(items))


def _put(dataset: Dataset, keyword: str, vr: str, value: str) -> None:
    dataset[Tag(keyword)] = DataElement(Tag(keyword), vr, value)


def _taken_at(dataset: Dataset) -> datetime | None:
    day = _first(dataset, "StudyDate").replace(".", "")
    hour = _first(dataset, "StudyTime").replace(":", "")[:6].ljust(6, "0")
    for text, form in ((day + hour, "%Y%m%d%H%M%S"), (day, "%Y%m%d")):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _moved(moment: datetime | None, patient: str, secret: bytes) -> datetime | None:
    """Return a time that tells how far two films of a patient are apart, and no more."""
    if moment is None or not patient:
        return None
    days = int.from_bytes(_keyed(secret, "days", patient)[:4]) % _MOST_DAYS_MOVED + 1
    try:
        return moment - timedelta(days=days)
    except OverflowError:
        return None


def _written(dataset: Dataset, syntax: UID, content: bytes, start: int) -> bytes:
    """Write the elements in the file's own encoding: their bytes are those that were read."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = UID(_first(dataset, "SOPClassUID") or _DICOM_IMAGE)
    meta.MediaStorageSOPInstanceUID = UID(_first(dataset, "SOPInstanceUID"))
    head = DicomBytesIO()
    head.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(head, meta)
    body = DicomBytesIO()
    body.is_little_endian = syntax != EXPLICIT_BIG
    body.is_implicit_VR = body.is_little_endian and not content[start + 4 : start + 6].isupper()
    for tag in sorted(dataset.keys()):
        write_data_element(body, dataset.get_item(tag))
    return bytes(head.getvalue()) + bytes(body.getvalue())
