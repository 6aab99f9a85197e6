"""DICOM: modality LUT, then VOI LUT or window, then polarity; and one sentence for each refusal."""

import csv
import dataclasses
import io
import struct
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

from core.decoding import decode_radiograph
from core.dicom_tones import Tones, apply_tones
from core.domain import AgeBand, Window
from core.errors import (
    CorruptFile,
    InvalidWindow,
    TooLarge,
    UnsupportedFormat,
    UnsupportedTransferSyntax,
)

RAMP = np.arange(16, dtype=np.uint16).reshape(4, 4)
NOISE = np.random.default_rng(11).integers(0, 4096, (32, 48)).astype(np.uint16)


def film(stored=RAMP, *, syntax=uid.ExplicitVRLittleEndian, **elements):
    """Return a small uncompressed film as a dataset; None removes an element."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    stated = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": "1.2.3.4",
        "PatientName": "Doe^Jane",
        "PatientID": "MRN-778899",
        "Modality": "DX",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": stored.dtype.itemsize * 8,
        "BitsStored": 12 if stored.dtype.itemsize == 2 else 8,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "PixelData": stored.astype(stored.dtype.newbyteorder(order)).tobytes(),
    } | elements
    stated.setdefault("HighBit", stated["BitsStored"] - 1 if stated["BitsStored"] else None)
    for keyword, value in stated.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OW" if "PixelData" in dataset else None
    return dataset


def content_of(dataset):
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


def decoded(stored=RAMP, **elements):
    return decode_radiograph(content_of(film(stored, **elements)))


def lut(entries, *, first, bits, vr="US"):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    packed = np.asarray(entries, dtype="<u2").tobytes() if vr == "OW" else list(entries)
    item.add_new("LUTData", vr, packed)
    return Sequence([item])


def compressed(stored, syntax, **elements):
    dataset = film(stored, **elements)
    dataset.compress(syntax, generate_instance_uid=False)
    return content_of(dataset)


# --- the order of the grey scale steps ------------------------------------------------------------

# stored s -> 2 s - 10 -> window 3.5/11: ((v - 3) / 10 + 0.5) clipped -> 1 - that.
RESCALED_WINDOWED_INVERTED = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 0.8, 0.6, 0.4],
    [0.2, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0],
]
STEPS = {"RescaleSlope": 2, "RescaleIntercept": -10, "WindowCenter": 3.5, "WindowWidth": 11}


def test_rescale_then_window_then_polarity_by_hand():
    radiograph = decoded(**STEPS, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(radiograph.pixels, RESCALED_WINDOWED_INVERTED, atol=1e-6)
    assert radiograph.window == Window(3.5, 11.0)


def test_the_hand_computed_case_tells_the_right_order_from_the_wrong_ones():
    window_first = np.clip((RAMP - 3) / 10 + 0.5, 0, 1)
    inverted_first = np.clip((2.0 * (15 - RAMP) - 10 - 3) / 10 + 0.5, 0, 1)
    for wrong in (1 - window_first, inverted_first):
        assert np.abs(wrong - RESCALED_WINDOWED_INVERTED).max() > 0.15


def test_monochrome2_is_the_same_without_the_inversion():
    pixels = decoded(**STEPS).pixels
    np.testing.assert_allclose(pixels, 1 - np.array(RESCALED_WINDOWED_INVERTED), atol=1e-6)


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_voi_lut_maps_its_inputs_and_clamps_outside(vr):
    table = lut([0, 1365, 2730, 4095], first=6, bits=12, vr=vr)
    expected = np.zeros(16)
    expected[7:10] = [1 / 3, 2 / 3, 1]
    expected[10:] = 1
    pixels = decoded(VOILUTSequence=table).pixels
    np.testing.assert_allclose(pixels.ravel(), expected, atol=1e-6)


def test_an_eight_bit_voi_lut_packed_in_bytes_is_read():
    item = Dataset()
    item.LUTDescriptor = [4, 6, 8]
    item.add_new("LUTData", "OW", bytes([0, 51, 102, 255]))
    pixels = decoded(VOILUTSequence=Sequence([item])).pixels
    np.testing.assert_allclose(pixels.ravel()[6:10], [0, 0.2, 0.4, 1], atol=1e-6)


def test_a_voi_lut_with_a_negative_first_input_after_rescale_is_read():
    table = lut([0, 51, 102, 255], first=65534, bits=8)  # -2 as the 16 bits of a signed number
    pixels = decoded(RescaleSlope=1, RescaleIntercept=-4, VOILUTSequence=table).pixels
    np.testing.assert_allclose(pixels.ravel()[1:7], [0, 0, 0.2, 0.4, 1, 1], atol=1e-6)


def test_a_voi_lut_wins_over_a_window_and_no_window_is_reported():
    table = lut([0, 255], first=7, bits=8)
    radiograph = decoded(VOILUTSequence=table, WindowCenter=2, WindowWidth=2)
    assert radiograph.pixels.ravel().tolist() == [0.0] * 8 + [1.0] * 8
    assert radiograph.window is None


def test_a_modality_lut_comes_before_the_window():
    table = lut([100 * level for level in range(16)], first=0, bits=16)
    pixels = decoded(ModalityLUTSequence=table, WindowCenter=500.5, WindowWidth=1001).pixels
    np.testing.assert_allclose(pixels.ravel(), np.clip(np.arange(16) / 10, 0, 1), atol=1e-6)


def test_the_first_of_several_windows_is_applied():
    radiograph = decoded(WindowCenter=[8, 100], WindowWidth=[17, 200])
    assert radiograph.window == Window(8.0, 17.0)
    np.testing.assert_allclose(radiograph.pixels, np.clip((RAMP - 7.5) / 16 + 0.5, 0, 1), atol=1e-6)


def test_the_window_functions_follow_their_formulas():
    window = {"WindowCenter": 8, "WindowWidth": 4}
    exact = decoded(**window, VOILUTFunction="LINEAR_EXACT").pixels
    sigmoid = decoded(**window, VOILUTFunction="SIGMOID").pixels
    np.testing.assert_allclose(exact, np.clip((RAMP - 8.0) / 4 + 0.5, 0, 1), atol=1e-6)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-4 * (RAMP - 8.0) / 4)), atol=1e-6)


def test_a_window_of_width_one_is_a_step():
    pixels = decoded(WindowCenter=8, WindowWidth=1).pixels
    assert pixels.ravel().tolist() == [0.0] * 8 + [1.0] * 8


def test_a_center_without_a_width_is_no_window():
    radiograph = decoded(WindowCenter=4)
    assert radiograph.window is None
    np.testing.assert_allclose(radiograph.pixels, RAMP / 15, atol=1e-6)


def test_without_a_window_the_occurring_values_span_black_to_white():
    pixels = decoded(RAMP * 10 + 300).pixels
    np.testing.assert_allclose(pixels, RAMP / 15, atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_outside_the_range(photometric):
    stored = RAMP + 100
    stored[0] = 4000
    pixels = decoded(stored, PixelPaddingValue=4000, PhotometricInterpretation=photometric).pixels
    span = np.linspace(0, 1, 12)
    expected = span if photometric == "MONOCHROME2" else 1 - span
    assert pixels[0].tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(pixels[1:].ravel(), expected, atol=1e-6)


def test_a_padding_range_of_signed_values_is_left_out():
    stored = RAMP.astype(np.int16)
    stored[0] = [-2000, -1500, -1000, 4]
    pixels = decoded(
        stored, BitsStored=16, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1000
    ).pixels
    assert pixels[0].tolist() == [0, 0, 0, 0]
    assert pixels[3, 3] == 1
    np.testing.assert_allclose(pixels[1, 1], 1 / 11, atol=1e-6)


def test_a_film_of_padding_alone_is_black():
    assert not decoded(np.full((4, 4), 7, np.uint16), PixelPaddingValue=7).pixels.any()


def test_signed_values_keep_their_order():
    stored = (RAMP.astype(np.int16) - 8) * 100
    pixels = decoded(stored, BitsStored=16).pixels
    np.testing.assert_allclose(pixels, RAMP / 15, atol=1e-6)


def test_bits_above_bits_stored_are_ignored():
    overlay = RAMP.copy()
    overlay[0] |= 0x8000
    assert np.array_equal(decoded(overlay).pixels, decoded(RAMP).pixels)


def test_a_presentation_lut_shape_does_not_invert_a_second_time():
    inverse = decoded(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    np.testing.assert_allclose(inverse.pixels, 1 - RAMP / 15, atol=1e-6)


def test_a_tall_film_is_mapped_whole():
    stored = np.arange(700 * 3, dtype=np.uint16).reshape(700, 3)
    pixels = apply_tones(stored, Tones())
    np.testing.assert_allclose(pixels, stored / 2099, atol=1e-6)


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


# --- refusals -------------------------------------------------------------------------------------


def with_syntax(syntax):
    """Return a film whose meta names a syntax, whatever its pixels are."""
    dataset = film(syntax=uid.ExplicitVRLittleEndian)
    content = content_of(dataset)
    stated = uid.ExplicitVRLittleEndian.encode() + b"\0"
    element = struct.pack("<HH2sH", 2, 0x10, b"UI", len(stated)) + stated
    padded = syntax.encode() + b"\0" * (len(syntax) % 2)
    assert content.count(element) == 1
    changed = struct.pack("<HH2sH", 2, 0x10, b"UI", len(padded)) + padded
    return content.replace(element, changed)


def test_a_deflated_dataset_is_refused_before_it_is_inflated():
    content = with_syntax(uid.DeflatedExplicitVRLittleEndian)
    start = content.index(b"\x08\x00\x16\x00")
    packer = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(50)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(UnsupportedTransferSyntax, match=r"deflated .* Ask for .* uncompressed"):
        decode_radiograph(content[:start] + bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        (uid.MPEG2MPML, "MPEG2 Main Profile"),
        ("1.2.840.10008.1.2.4.94", "JPIP Referenced"),
        ("1.2.3.4.5.6", "unknown, '1.2.3.4.5.6'"),
    ],
)
def test_an_encoding_that_is_not_read_is_refused_by_name(syntax, name):
    with pytest.raises(UnsupportedTransferSyntax, match=rf"\({name}.*uncompressed or in JPEG 2000"):
        decode_radiograph(with_syntax(syntax))


def test_twelve_bit_jpeg_is_refused_by_name():
    with pytest.raises(UnsupportedTransferSyntax, match=r"JPEG Extended .* in JPEG 2000"):
        decode_radiograph(with_syntax(uid.JPEGExtended12Bit))


@pytest.mark.parametrize(
    ("elements", "error", "sentence"),
    [
        ({"NumberOfFrames": 3}, UnsupportedFormat, "holds 3 frames; a film is one frame. Export"),
        ({"SamplesPerPixel": 3}, UnsupportedFormat, "MONOCHROME2 with 3 samples a pixel"),
        ({"PhotometricInterpretation": "RGB"}, UnsupportedFormat, "stored as RGB with 1 samples"),
        (
            {"PhotometricInterpretation": "PALETTE COLOR"},
            UnsupportedFormat,
            "stored as PALETTE COLOR .* MONOCHROME1 and MONOCHROME2 are read",
        ),
        ({"PhotometricInterpretation": None}, UnsupportedFormat, "stored as an unstated kind"),
        ({"Rows": 7000, "Columns": 6000}, TooLarge, r"6000 x 7000 pixels \(42.0 megapix.* is 40"),
        ({"Rows": 1}, UnsupportedFormat, "4 x 1 pixels; a film has at least 2 on a side"),
        ({"Rows": 0}, UnsupportedFormat, "4 x 0 pixels; a film has at least 2 on a side"),
        ({"Rows": None}, CorruptFile, "does not state Rows, without which"),
        ({"BitsAllocated": None}, CorruptFile, "does not state BitsAllocated, without which"),
        ({"BitsAllocated": 32}, UnsupportedFormat, "stores 12 of 32 bits, the highest at 11"),
        ({"BitsStored": 0}, UnsupportedFormat, "stores 0 of 16 bits"),
        ({"HighBit": 15}, UnsupportedFormat, "stores 12 of 16 bits, the highest at 15"),
        ({"PixelData": RAMP.tobytes()[:-2]}, CorruptFile, "holds 30 of the 32 bytes of its image"),
        ({"Rows": 2}, CorruptFile, "32 bytes for an image of 16: header and pixels do not belong"),
        ({"PixelData": b""}, CorruptFile, "pixels are empty or damaged"),
        ({"RescaleSlope": 0, "RescaleIntercept": 1}, CorruptFile, "RescaleSlope of 0"),
        ({"RescaleSlope": "1e305", "WindowCenter": 1, "WindowWidth": "1e307"}, None, None),
        ({"RescaleSlope": "1e308"}, CorruptFile, "so large that no grey is left"),
        ({"VOILUTSequence": lut([1, 2], first=0, bits=40)}, CorruptFile, "40 bits an entry; 8 to"),
    ],
)
def test_what_cannot_be_a_film_is_refused_with_a_sentence(elements, error, sentence):
    content = content_of(film(**elements))
    if error is None:
        assert np.isfinite(decode_radiograph(content).pixels).all()
        return
    with pytest.raises(error, match=sentence):
        decode_radiograph(content)


def test_a_file_without_pixels_is_refused():
    dataset = film()
    del dataset.PixelData
    with pytest.raises(CorruptFile, match=r"holds no image .* Export the film itself"):
        decode_radiograph(content_of(dataset))


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"WindowWidth": 0.5}, "width 0.5; for LINEAR it must be at least 1"),
        ({"WindowWidth": 0}, "width 0; for LINEAR it must be at least 1"),
        ({"WindowWidth": -5, "VOILUTFunction": "SIGMOID"}, "for SIGMOID it must be above 0"),
        ({"WindowWidth": 5, "VOILUTFunction": "LOG"}, "window function LOG; LINEAR, LINEAR_EXACT"),
    ],
)
def test_a_window_that_dicom_does_not_allow_is_refused(elements, sentence):
    with pytest.raises(InvalidWindow, match=sentence):
        decoded(WindowCenter=8, **elements)


def test_a_narrow_exact_window_is_allowed():
    pixels = decoded(WindowCenter=8, WindowWidth=0.5, VOILUTFunction="LINEAR_EXACT").pixels
    assert pixels.ravel()[7:10].tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("garbage", [b"wide  ", b"NaN   ", b"1,024 ", b"\xff\xfe\x00\x01  "])
def test_a_number_that_is_none_is_refused_by_element(garbage):
    content = content_of(film(WindowCenter=8, WindowWidth="102.25"))
    with pytest.raises(CorruptFile, match=r"element WindowWidth \(0028,1051\) cannot be read"):
        decode_radiograph(content.replace(b"102.25", garbage))


def test_an_oversized_value_is_refused_before_it_is_converted():
    values = b"1\\" * 400_000
    element = struct.pack("<HH2sHI", 0x28, 0x1050, b"UN", 0, len(values)) + values
    content = content_of(film())
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    with pytest.raises(CorruptFile, match=r"element WindowCenter \(0028,1050\) cannot be read"):
        decode_radiograph(content[:at] + element + content[at:])


def test_a_sequence_of_a_hundred_thousand_empty_items_is_refused():
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 100_000
    element = struct.pack("<HH2sHI", 0x28, 0x3010, b"SQ", 0, 0xFFFFFFFF) + items
    content = content_of(film())
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    with pytest.raises(CorruptFile, match=r"more than 100000 reads; no film's does"):
        decode_radiograph(content[:at] + element + content[at:])


def test_sequences_nested_beyond_all_reason_are_refused():
    item = struct.pack("<HH2sHI", 0x08, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    content = content_of(film())
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    with pytest.raises(CorruptFile, match=r"cannot be read to its end"):
        decode_radiograph(content[:at] + item * 2000 + content[at:])


def test_a_codestream_of_another_size_than_the_header_is_refused():
    large = compressed(NOISE, uid.JPEG2000Lossless)
    rows = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 32)
    assert large.count(rows) == 1
    small = large.replace(rows, struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 16))
    with pytest.raises(CorruptFile, match=r"header says 48 x 16 pixels, the compressed image 48 x"):
        decode_radiograph(small)


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_a_truncated_compressed_film_is_refused(syntax):
    content = compressed(NOISE, syntax)
    for kept in (0.3, 0.6, 0.9):
        with pytest.raises(CorruptFile, match=r"Export the film"):
            decode_radiograph(content[: int(len(content) * kept)])


@pytest.mark.parametrize("kept", [140, 300, 500, 700, 740])
def test_a_truncated_uncompressed_film_is_refused(kept):
    content = content_of(film(NOISE))
    assert len(content) > 740
    with pytest.raises(CorruptFile, match=r"Export the film|cannot be read"):
        decode_radiograph(content[:kept])


def test_a_damaged_codestream_is_refused_by_the_name_of_its_encoding():
    dataset = film(NOISE, syntax=uid.JPEGBaseline8Bit, BitsAllocated=8, BitsStored=8)
    header = b"\xff\xd8\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 32, 48) + b"\x01\x01\x11\x00"
    dataset.PixelData = encapsulate([header + b"\xff\xda" + bytes(40)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(CorruptFile, match=r"pixels \(JPEG Baseline .* are damaged"):
        decode_radiograph(content_of(dataset))


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
        if row["decode_check"].startswith("FAIL"):
            with pytest.raises(UnsupportedTransferSyntax, match="JPEG Extended"):
                decode_radiograph(content)
            continue
        radiograph = decode_radiograph(content)
        assert radiograph.pixels.shape == (int(row["rows"]), int(row["cols"]))
        assert (radiograph.modality, radiograph.source_format) == (row["modality"], "DICOM")
        assert str(radiograph.bits_stored) == row["bits_stored"]
        center, _, width = row["window"].partition("/")
        stated = Window(float(center), float(width)) if center else None
        assert radiograph.window == stated
        read += 1
    assert read == len(rows) - 1 >= 9


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
