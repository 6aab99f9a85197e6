"""DICOM files that cannot be read: one sentence for each reason."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from fixtures.dicom_films import NOISE, RAMP, compressed, content_of, decoded, film
from pydicom import uid
from pydicom.encaps import encapsulate

from core.errors import (
    CorruptFile,
    TooLarge,
    UnsupportedFormat,
    UnsupportedTransferSyntax,
)
from core.imaging.decoding import decode_radiograph

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
        ({"HighBit": 16}, UnsupportedFormat, "stores 12 of 16 bits, the highest at 16"),
        ({"HighBit": 10}, UnsupportedFormat, "stores 12 of 16 bits, the highest at 10"),
        ({"PixelData": RAMP.tobytes()[:-2]}, CorruptFile, "holds 30 of the 32 bytes of its image"),
        ({"Rows": 2}, CorruptFile, "32 bytes for an image of 16: header and pixels do not belong"),
        ({"PixelData": b""}, CorruptFile, "pixels are empty or damaged"),
        ({"RescaleSlope": 0, "RescaleIntercept": 1}, CorruptFile, "RescaleSlope of 0"),
        ({"RescaleSlope": "1e305", "WindowCenter": 1, "WindowWidth": "1e307"}, None, None),
        ({"RescaleSlope": "1e308"}, CorruptFile, "so large that no grey is left"),
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


def test_a_narrow_exact_window_is_allowed():
    pixels = decoded(WindowCenter=8, WindowWidth=0.5, VOILUTFunction="LINEAR_EXACT").pixels
    assert pixels.ravel()[7:10].tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("garbage", [b"wide  ", b"NaN   ", b"1,024 ", b"\xff\xfe\x00\x01  "])
def test_a_number_that_is_none_is_refused_by_element(garbage):
    content = content_of(film(RescaleIntercept=8, RescaleSlope="102.25"))
    with pytest.raises(CorruptFile, match=r"element RescaleSlope \(0028,1053\) cannot be read"):
        decode_radiograph(content.replace(b"102.25", garbage))


def test_an_oversized_value_is_refused_before_it_is_converted():
    values = b"1\\" * 400_000
    element = struct.pack("<HH2sHI", 0x28, 0x1052, b"UN", 0, len(values)) + values
    content = content_of(film())
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    with pytest.raises(CorruptFile, match=r"element RescaleIntercept \(0028,1052\) cannot be read"):
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
    frame = struct.pack("<16I", 2, 64, 66, *[0] * 13) + b"\x00\x01\x00\x01"
    dataset = film(NOISE, syntax=uid.RLELossless, PixelData=encapsulate([frame]))
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(CorruptFile, match=r"pixels \(RLE Lossless\) are damaged"):
        decode_radiograph(content_of(dataset))
