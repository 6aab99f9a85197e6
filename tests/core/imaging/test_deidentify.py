"""What stays of a DICOM file that is kept, and what does not."""

import dataclasses
import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from fixtures.dicom_films import NOISE, compressed, content_of, film, lut
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.domain.film import AgeBand
from core.errors import CorruptFile, FirstReadError, RadiographError
from core.imaging.dicom.deidentify import deidentify, keyed_patient
from core.imaging.dicom.reader import decode_dicom, looks_like_dicom

SECRET = b"s" * 32
NAMES = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-778899",
    "PatientBirthDate": "20210403",
    "StudyDate": "20240611",
    "StudyTime": "101530",
    "InstitutionName": "St. Mary",
    "ReferringPhysicianName": "House^Gregory",
    "AccessionNumber": "ACC-5",
    "PatientAddress": "1 Main Street",
    "StudyDescription": "Chest of Jane",
    "SeriesDescription": "Thorax a.p. Jane",
    "PatientComments": "mother called",
    "DeviceSerialNumber": "SN-12",
    "StationName": "ROOM-7",
    "SOPInstanceUID": "1.2.3.4",
    "StudyInstanceUID": "1.2.3.5",
    "SeriesInstanceUID": "1.2.3.6",
}
WORDS = (*NAMES.values(), "Jane", "MRN", "House", "SECRET")


def same_film(before: bytes, after: bytes) -> None:
    one, other = (decode_dicom(content, "x") for content in (before, after))
    for field in dataclasses.fields(one):
        values = getattr(one, field.name), getattr(other, field.name)
        if field.name == "pixels":
            np.testing.assert_array_equal(*values)
        else:
            assert values[0] == values[1], field.name


def private(dataset):
    block = dataset.private_block(0x0011, "ACME", create=True)
    block.add_new(0x01, "LO", "SECRET of Jane")
    return dataset


def test_nothing_that_names_a_person_stays_in_the_file():
    dataset = private(film(NOISE, **NAMES, ViewPosition="AP", BodyPartExamined="CHEST"))
    item = Dataset()
    item.PatientName = "Doe^Jane"
    dataset.RequestAttributesSequence = Sequence([item])
    kept = deidentify(content_of(dataset), SECRET).content
    for word in WORDS:
        assert word.encode() not in kept, word
    read = pydicom.dcmread(io.BytesIO(kept))
    assert read.PatientIdentityRemoved == "YES"
    assert read.PatientAge == "003Y"
    assert "ACME" not in str(read)


def test_an_overlay_a_thumbnail_and_a_dose_report_go_too():
    dataset = film(NOISE)
    dataset.add_new((0x6000, 0x3000), "OW", b"SECRET" * 20)
    dataset.IconImageSequence = Sequence([film()])
    kept = deidentify(content_of(dataset), SECRET).content
    assert b"SECRET" not in kept
    assert "IconImageSequence" not in pydicom.dcmread(io.BytesIO(kept))


def test_free_text_inside_of_kept_elements_goes():
    table = lut(range(256), first=0, bits=8)
    table[0].LUTExplanation = "for Jane"
    dataset = film(NOISE, VOILUTSequence=table)
    dataset.add_new("BodyPartExamined", "LO", "Chest, of Jane")
    kept = deidentify(content_of(dataset), SECRET).content
    assert b"Jane" not in kept
    assert b"JANE" not in kept
    same_film(content_of(dataset), kept)


@pytest.mark.parametrize(
    "content",
    [
        content_of(film(NOISE, **NAMES)),
        content_of(film(NOISE, syntax=uid.ImplicitVRLittleEndian, WindowCenter=900, WindowWidth=9)),
        content_of(
            film(NOISE, syntax=uid.ExplicitVRBigEndian, PhotometricInterpretation="MONOCHROME1")
        ),
        content_of(film(NOISE, PatientAge="030M", PixelSpacing=[0.14, 0.15])),
        compressed(NOISE, uid.RLELossless),
        compressed(NOISE, uid.JPEG2000Lossless),
    ],
    ids=["plain", "implicit", "big", "age", "rle", "jpeg 2000"],
)
def test_the_film_is_shown_and_judged_as_before(content):
    same_film(content, deidentify(content, SECRET).content)


@pytest.mark.real_films
def test_every_shared_file_is_the_same_film_afterwards(real_data):
    cases = Path(real_data).parent / "cases"
    files = [path for folder in (real_data, cases) for path in folder.rglob("*.dcm")]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        try:
            decode_dicom(content, "x")
        except FirstReadError:
            continue
        assert looks_like_dicom(content)
        same_film(content, deidentify(content, SECRET).content)


def test_the_same_file_is_the_same_again_and_another_site_links_nothing():
    content = content_of(film(NOISE, **NAMES))
    one, again = deidentify(content, SECRET), deidentify(content, SECRET)
    other = deidentify(content, b"t" * 32)
    assert one.content == again.content
    assert one.patient == again.patient != other.patient
    uids = [pydicom.dcmread(io.BytesIO(each.content)).SOPInstanceUID for each in (one, other)]
    assert uids[0] != uids[1]
    assert all(each.startswith("2.25.") and len(each) <= 64 for each in uids)


def test_two_films_of_a_patient_are_linked_and_as_far_apart_as_they_were():
    def of(**changes):
        return deidentify(content_of(film(NOISE, **(NAMES | changes))), SECRET)

    first, later, stranger = (
        of(),
        of(StudyDate="20240911", SOPInstanceUID="1.2.3.9"),
        of(PatientID="MRN-1"),
    )
    assert first.patient == later.patient == keyed_patient("MRN-778899", "", SECRET)
    assert (later.taken_at - first.taken_at).days == 92
    assert first.taken_at.year != 2024 or first.taken_at.month != 6
    assert stranger.patient != first.patient


def test_a_file_without_a_patient_is_linked_to_nobody():
    kept = deidentify(content_of(film(NOISE, PatientID=None, StudyDate="20240611")), SECRET)
    assert (kept.patient, kept.taken_at) == ("", None)


@pytest.mark.parametrize(("stated", "warned"), [("YES", True), ("NO", False), (None, False)])
def test_writing_that_is_burned_in_is_told(stated, warned):
    content = content_of(film(NOISE, BurnedInAnnotation=stated))
    assert deidentify(content, SECRET).burned_in is warned


@pytest.mark.parametrize("date", ["", "2024", "00000000", "20249999", "nobody knows"])
def test_a_date_that_is_none_costs_nothing(date):
    dataset = film(NOISE)
    dataset.add_new("StudyDate", "LO", date)  # so that pydicom writes anything
    assert deidentify(content_of(dataset), SECRET).taken_at is None


def test_an_age_is_kept_by_its_band_only():
    for age, band in (("005M", AgeBand.UNDER_1), ("016Y", AgeBand.CHILD_6_TO_17)):
        kept = deidentify(content_of(film(NOISE, PatientAge=age)), SECRET).content
        assert decode_dicom(kept, "x").age_band is band
        assert age.encode() not in kept


def test_what_holds_no_film_is_refused():
    dataset = film(NOISE)
    del dataset.PixelData
    with pytest.raises(CorruptFile, match="no image"):
        deidentify(content_of(dataset), SECRET)


@given(data=st.data())
def test_whatever_the_bytes_are_it_is_a_sentence_or_a_film(data) -> None:
    content = bytearray(content_of(film(NOISE, **NAMES)))
    content = content[: data.draw(st.integers(133, len(content)))]
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(132, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(RadiographError):
        deidentify(bytes(content), SECRET)


@pytest.mark.parametrize("number", ["ANONYMOUS", "anonymous ", "0", "000000", "123456", "-", "N/A"])
def test_a_word_that_stands_for_no_number_makes_no_patient(number) -> None:
    assert keyed_patient(number, "", SECRET) == ""
