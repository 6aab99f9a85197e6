"""Whom a DICOM film names, read for its report."""

from contextlib import suppress

import pytest
from fixtures.dicom_films import STUDY, content_of, film
from hypothesis import given
from hypothesis import strategies as st

from core.domain.origin import FilmOrigin
from core.errors import RadiographError
from core.imaging.dicom.origin import read_origin, reference_of

STATED = STUDY | {"IssuerOfPatientID": "St. Mary", "Modality": "DX"}


def test_all_that_a_report_needs_is_read() -> None:
    origin = read_origin(content_of(film(**STATED)))

    assert origin == FilmOrigin(
        patient_id="MRN-778899",
        issuer_of_patient_id="St. Mary",
        patient_name="Müller^Jürgen",
        patient_birth_date="20210403",
        patient_sex="F",
        study_instance_uid="1.2.3.5",
        study_id="77",
        study_date="20240611",
        study_time="101530",
        accession_number="ACC-5",
        modality="DX",
        referring_physician_name="House^Gregory",
        series_instance_uid="1.2.3.6",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        sop_instance_uid="1.2.3.4",
    )
    assert origin.is_whole
    assert FilmOrigin.from_json(origin.to_json()) == origin


@pytest.mark.filterwarnings("ignore:Invalid value", "ignore:The value length")
def test_what_no_archive_would_take_is_left_out() -> None:
    odd = {
        "PatientBirthDate": "3.4.2021",
        "StudyDate": "today",
        "StudyInstanceUID": "no uid",
        "PatientSex": "X",
        "StudyID": "a study with a very long number",
    }
    origin = read_origin(content_of(film(**(STATED | odd))))

    assert (origin.patient_birth_date, origin.study_date, origin.patient_sex) == ("", "", "")
    assert origin.study_instance_uid == ""
    assert not origin.is_whole
    assert origin.study_id == "a study with a v"


def test_a_reference_shows_the_film_and_names_whom_it_is_told_to() -> None:
    content = content_of(film(**STATED, WindowCenter=7, WindowWidth=9))
    other = FilmOrigin(patient_id="Z", study_instance_uid="1.9", sop_instance_uid="1.8")

    reference = reference_of(content, other)

    assert (reference.Rows, reference.Columns, reference.WindowCenter) == (4, 4, 7)
    assert (reference.PatientID, reference.StudyInstanceUID) == ("Z", "1.9")
    assert reference.PatientName == ""
    assert "PixelData" not in reference


@given(st.binary(max_size=300))
def test_any_bytes_are_an_origin_or_a_sentence(content: bytes) -> None:
    origin = None
    with suppress(RadiographError):
        origin = read_origin(b"\0" * 128 + b"DICM" + content)
    assert origin is None or isinstance(origin, FilmOrigin)
