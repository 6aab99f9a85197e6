"""DICOM containers and encodings, what travels with a film, and the real files."""

import csv
import dataclasses
import io
import struct

import imagecodecs
import numpy as np
import pytest
from fixtures.dicom_films import NOISE, RAMP, compressed, content_of, decoded, film, lut
from PIL import Image
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

from core.domain.film import AgeBand, Window
from core.imaging.decoding import decode_radiograph

# --- containers and encodings ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]
)
def test_every_uncompressed_encoding_gives_the_same_film(syntax):
    elements = {"PixelPaddingValue": 3, "VOILUTSequence": lut([0, 170, 255], first=5, bits=8)}
    radiograph = decode_radiograph(content_of(film(RAMP, syntax=syntax, **elements)))
    expected = np.r_[np.zeros(6), 170 / 255, np.ones(9)]
    np.testing.assert_allclose(radiograph.pixels.ravel(), expected, atol=1e-6)


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
def test_a_film_without_preamble_or_file_meta_is_read(syntax):
    whole = content_of(film(NOISE, syntax=syntax))
    bare = whole[whole.index(b"\x08\x00\x16\x00") :]
    for content in (whole[132:], bare):
        assert np.array_equal(decode_radiograph(content).pixels, decode_radiograph(whole).pixels)


def test_an_eight_bit_film_with_an_odd_number_of_pixels_is_read():
    stored = np.arange(9, dtype=np.uint8).reshape(3, 3)
    radiograph = decoded(stored, PixelData=stored.tobytes() + b"\0")
    np.testing.assert_allclose(radiograph.pixels, stored / 8, atol=1e-6)
    assert radiograph.bits_stored == 8


@pytest.mark.parametrize(
    "syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless], ids=lambda u: u.name
)
def test_lossless_encodings_give_back_the_same_pixels(syntax):
    plain = decode_radiograph(content_of(film(NOISE)))
    assert np.array_equal(decode_radiograph(compressed(NOISE, syntax)).pixels, plain.pixels)


def lossless_jpeg(stored, syntax, **elements):
    codestream = imagecodecs.jpeg8_encode(stored, lossless=True, bitspersample=12)
    dataset = film(stored, syntax=syntax, **elements)
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return content_of(dataset)


@pytest.mark.parametrize("syntax", [uid.JPEGLossless, uid.JPEGLosslessSV1])
def test_lossless_jpeg_gives_back_the_same_pixels(syntax):
    plain = decode_radiograph(content_of(film(NOISE)))
    assert np.array_equal(decode_radiograph(lossless_jpeg(NOISE, syntax)).pixels, plain.pixels)


def test_signed_lossless_jpeg_keeps_its_sign():
    signed = NOISE.astype(np.int16) - 2048
    plain = decode_radiograph(content_of(film(signed, WindowCenter=0, WindowWidth=2000)))
    content = lossless_jpeg(
        (signed & 0x0FFF).astype(np.uint16),
        uid.JPEGLosslessSV1,
        PixelRepresentation=1,
        WindowCenter=0,
        WindowWidth=2000,
    )
    assert np.array_equal(decode_radiograph(content).pixels, plain.pixels)


@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit])
def test_an_eight_bit_jpeg_inside_dicom_is_read(syntax):
    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (16, 1))
    jpeg = io.BytesIO()
    Image.fromarray(ramp).save(jpeg, "JPEG", quality=95)
    dataset = film(ramp, syntax=syntax, PixelData=encapsulate([jpeg.getvalue()]))
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    pixels = decode_radiograph(content_of(dataset)).pixels
    assert np.abs(pixels - ramp / 255).max() < 0.03


def test_padding_shorter_than_a_row_is_cut_off():
    padded = decoded(PixelData=RAMP.tobytes() + bytes(6))
    assert np.array_equal(padded.pixels, decoded().pixels)


def test_the_element_after_the_pixels_is_not_needed():
    content = content_of(film())
    trailing = content + struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 4_000_000)
    assert np.array_equal(decode_radiograph(trailing).pixels, decode_radiograph(content).pixels)


# --- what travels with a film ---------------------------------------------------------------------


def test_the_description_travels_and_the_person_does_not():
    radiograph = decoded(
        BodyPartExamined="CHEST",
        ViewPosition="PA",
        PatientBirthDate="20190704",
        StudyDate="20240101",
    )
    described = {f.name: getattr(radiograph, f.name) for f in dataclasses.fields(radiograph)}
    assert (radiograph.modality, radiograph.body_part, radiograph.view_position) == (
        *("DX", "CHEST", "PA"),
    )
    for identifying in ("Doe", "Jane", "MRN", "778899", "2019", "2024"):
        assert identifying not in str(described | {"pixels": None, "sha256": None})


@pytest.mark.filterwarnings("ignore:Invalid value")  # pydicom's, while the test writes it
@pytest.mark.parametrize(
    ("age", "band"),
    [
        ("012D", AgeBand.UNDER_1),
        ("051W", AgeBand.UNDER_1),
        ("011M", AgeBand.UNDER_1),
        ("018M", AgeBand.CHILD_1_TO_5),
        ("003Y", AgeBand.CHILD_1_TO_5),
        ("5Y", AgeBand.CHILD_1_TO_5),
        ("006Y", AgeBand.CHILD_6_TO_17),
        ("017Y", AgeBand.CHILD_6_TO_17),
        ("018Y", AgeBand.ADULT),
        ("047Y", AgeBand.ADULT),
        ("62", AgeBand.ADULT),
        ("004", AgeBand.CHILD_1_TO_5),
        ("999Y", AgeBand.UNKNOWN),
        ("", AgeBand.UNKNOWN),
    ],
)
def test_the_stated_age_becomes_a_band(age, band):
    assert decoded(PatientAge=age).age_band is band


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize(
    ("birth", "study", "band"),
    [
        ("20180615", "20240614", AgeBand.CHILD_1_TO_5),
        ("20180615", "20240615", AgeBand.CHILD_6_TO_17),
        ("20231201", "20240101", AgeBand.UNDER_1),
        ("20240102", "20240101", AgeBand.UNKNOWN),
        ("18000101", "20240101", AgeBand.UNKNOWN),
        ("20241399", "20240101", AgeBand.UNKNOWN),
        ("", "20240101", AgeBand.UNKNOWN),
    ],
)
def test_the_age_band_falls_back_on_the_dates(birth, study, band):
    assert decoded(PatientBirthDate=birth, StudyDate=study).age_band is band


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": [0.2, 0.15], "ImagerPixelSpacing": [0.3, 0.3]}, (0.2, 0.15)),
        ({"ImagerPixelSpacing": [0.14, 0.14]}, (0.14, 0.14)),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.3, 0.3]}, (0.3, 0.3)),
        ({"PixelSpacing": [900, 900]}, None),
        ({"PixelSpacing": 0.2}, None),
        ({}, None),
    ],
)
def test_a_sane_pixel_spacing_is_kept(elements, spacing):
    assert decoded(**elements).pixel_spacing_mm == spacing


def test_a_description_that_is_no_code_is_dropped():
    content = content_of(film(BodyPartExamined="CHESTXDOE"))
    radiograph = decode_radiograph(content.replace(b"CHESTXDOE", b"chest\x1bdoe"))
    assert radiograph.body_part == ""


def view_code(value="", meaning=""):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SRT", meaning
    return [item]


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewPosition": "LLAT", "SeriesDescription": "CHEST PA"}, "LLAT"),
        ({"ViewCodeSequence": view_code("R-10236", "left lateral")}, "LATERAL"),
        ({"ViewCodeSequence": view_code("399198007")}, "LATERAL"),
        ({"ViewCodeSequence": view_code("R-10206", "antero-posterior")}, "AP"),
        ({"ViewCodeSequence": view_code("272479007", "postero-anterior")}, "PA"),
        ({"ViewCodeSequence": view_code("X-1", "Lateral")}, "LATERAL"),
        ({"SeriesDescription": "Chest X-table Lateral"}, "LATERAL"),
        ({"SeriesDescription": "TORACE LL"}, "LATERAL"),
        ({"SeriesDescription": "Thorax seitlich"}, "LATERAL"),
        ({"SeriesDescription": "Thorax p.a."}, ""),
        ({"SeriesDescription": "W033 Chest AP"}, "AP"),
        ({"SeriesDescription": "CHEST PA AND LATERAL"}, ""),
        ({"SeriesDescription": "BILATERAL RIBS"}, ""),
        ({}, ""),
    ],
)
def test_the_view_is_read_where_files_state_it(elements, view):
    assert decoded(**elements).view_position == view


def test_of_a_series_description_only_the_view_travels():
    assert decoded(SeriesDescription="Jane Doe lateral").view_position == "LATERAL"


def test_accents_do_not_cost_a_body_part():
    content = content_of(film(BodyPartExamined="TORAX "))
    accented = content.replace(b"TORAX ", "T\u00d3RAX ".encode("latin-1"))
    assert decode_radiograph(accented).body_part == "TORAX"


# --- real files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_dicom(real_data):
    folder = real_data / "dicom_cr"
    with (folder / "manifest.csv").open(newline="") as manifest:
        rows = {row["file"].rsplit("/")[-1]: row for row in csv.DictReader(manifest)}
    return folder, rows


@pytest.mark.real_films
def test_the_real_files_decode_as_their_manifest_says(real_dicom):
    folder, rows = real_dicom
    read = 0
    for row in rows.values():
        content = (folder / row["file"]).read_bytes()
        radiograph = decode_radiograph(content)
        assert radiograph.pixels.shape == (int(row["rows"]), int(row["cols"]))
        assert (radiograph.modality, radiograph.source_format) == (row["modality"], "DICOM")
        assert str(radiograph.bits_stored) == row["bits_stored"]
        center, _, width = row["window"].partition("/")
        stated = Window(float(center), float(width)) if center else None
        assert radiograph.window == stated
        read += 1
    assert read == len(rows) >= 10


@pytest.mark.real_films
def test_one_film_in_four_encodings_is_one_film(real_dicom):
    folder, _ = real_dicom
    pixels = {
        name: decode_radiograph((folder / "files" / f"RG3_{name}.dcm").read_bytes()).pixels
        for name in ("RLE", "JPLL", "J2KR", "JLSN")
    }
    assert np.array_equal(pixels["RLE"], pixels["JPLL"])
    assert np.array_equal(pixels["RLE"], pixels["J2KR"])
    difference = np.abs(pixels["RLE"] - pixels["JLSN"]).max()
    assert 0 < difference < 6 / 1023
