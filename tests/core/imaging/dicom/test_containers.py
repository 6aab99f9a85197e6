"""DICOM files as other software writes them: stray parts, surplus bytes, boxes, other layouts."""

import struct

import imagecodecs
import numpy as np
import pytest
from fixtures.dicom_films import NOISE, RAMP, content_of, decoded, film
from fixtures.film_files import encapsulated, smooth
from pydicom import uid

from core.errors import CorruptFile, UnsupportedTransferSyntax
from core.imaging.decoding import decode_radiograph

FULL_RANGE = RAMP / 15
LEVELS = smooth(np.random.default_rng(8), 96, 64, 4095).astype(np.uint16)
STRAY = {
    "item": (0xE000, 0),
    "item delimiter": (0xE00D, 0),
    "sequence delimiter": (0xE0DD, 0),
}


def jpeg_2000(levels, kind="j2k"):
    return imagecodecs.jpeg2k_encode(
        levels, level=0, reversible=True, codecformat=kind, bitspersample=12
    )


def compressed(codestream, syntax, levels=LEVELS, bits=12, **elements):
    return content_of(encapsulated(levels, codestream, syntax, bits, elements))


def before(content, tag, inserted, order="<"):
    at = content.index(struct.pack(order + "HH", *tag))
    return content[:at] + inserted + content[at:]


# --- file meta ------------------------------------------------------------------------------------


def meta_group(syntax):
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    element = struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(element))
    return length + element


def test_of_two_meta_groups_the_first_holds():
    content = compressed(jpeg_2000(LEVELS), uid.JPEG2000Lossless)
    twice = before(content, (0x08, 0x16), meta_group(uid.ExplicitVRLittleEndian))
    assert np.array_equal(decode_radiograph(twice).pixels, decode_radiograph(content).pixels)


def test_a_second_meta_group_cannot_smuggle_in_a_deflated_dataset():
    content = content_of(film())
    deflated = before(content, (0x02, 0x02), meta_group(uid.DeflatedExplicitVRLittleEndian))
    with pytest.raises(UnsupportedTransferSyntax, match=r"is deflated as a whole"):
        decode_radiograph(deflated)


@pytest.mark.parametrize("stated", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
@pytest.mark.parametrize("written", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
def test_a_dataset_in_the_other_value_representation_than_stated_is_read(stated, written):
    content = content_of(film(syntax=written))
    start = content.index(b"\x08\x00\x16\x00")
    pixels = decode_radiograph(bytes(128) + b"DICM" + meta_group(stated) + content[start:]).pixels
    np.testing.assert_allclose(pixels, FULL_RANGE, atol=1e-6)


# --- stray parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("tag", [(0x08, 0x60), (0x28, 0x10), (0x28, 0x100), (0x7FE0, 0x10)])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_stray_delimiter_or_item_ends_nothing(stray, tag, syntax):
    inserted = struct.pack("<HHI", 0xFFFE, *STRAY[stray])
    content = before(content_of(film(syntax=syntax)), tag, inserted)
    np.testing.assert_allclose(decode_radiograph(content).pixels, FULL_RANGE, atol=1e-6)


def test_of_an_element_that_is_stated_twice_the_first_holds():
    again = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 9)
    content = before(content_of(film()), (0x7FE0, 0x10), again)
    np.testing.assert_allclose(decode_radiograph(content).pixels, FULL_RANGE, atol=1e-6)


def test_an_odd_length_is_read():
    odd = struct.pack("<HH2sH", 0x18, 0x15, b"CS", 5) + b"CHEST"
    content = before(content_of(film()), (0x28, 0x02), odd)
    assert decode_radiograph(content).body_part == "CHEST"


# --- surplus --------------------------------------------------------------------------------------


@pytest.mark.parametrize("surplus", [bytes(2), bytes(6), bytes(512), b"\xff" * 4096])
def test_padding_behind_the_pixels_is_left_out(surplus):
    pixels = decoded(PixelData=RAMP.tobytes() + surplus).pixels
    np.testing.assert_allclose(pixels, FULL_RANGE, atol=1e-6)


def test_a_surplus_that_may_be_part_of_an_image_is_refused():
    with pytest.raises(CorruptFile, match=r"64 bytes for an image of 32: header and pixels do not"):
        decoded(PixelData=RAMP.tobytes() * 2)


@pytest.mark.parametrize("surplus", [b"\0", bytes(2), bytes(700)])
def test_zeros_behind_a_codestream_are_left_out(surplus):
    for codestream, syntax in (
        (imagecodecs.jpeg8_encode(LEVELS, lossless=True, bitspersample=12), uid.JPEGLosslessSV1),
        (imagecodecs.jpegls_encode(LEVELS), uid.JPEGLSLossless),
        (jpeg_2000(LEVELS), uid.JPEG2000Lossless),
    ):
        pixels = decode_radiograph(compressed(codestream + surplus, syntax)).pixels
        np.testing.assert_allclose(pixels, LEVELS / 4095, atol=1e-6, err_msg=syntax.name)


# --- layouts of stored pixels ---------------------------------------------------------------------


@pytest.mark.parametrize("vr", ["OB", "OW"])
@pytest.mark.parametrize("columns", [4, 3])
def test_big_endian_8_bit_pixels_are_read_as_bytes_or_as_words(vr, columns):
    stored = (np.arange(4 * columns) * 7).astype(np.uint8).reshape(4, columns)
    raw = stored.tobytes() + b"\0" * (stored.size % 2)
    if vr == "OW":
        raw = np.frombuffer(raw, ">u2").astype("<u2").tobytes()
    dataset = film(stored, syntax=uid.ExplicitVRBigEndian, PixelData=raw)
    dataset["PixelData"].VR = vr
    pixels = decode_radiograph(content_of(dataset)).pixels
    np.testing.assert_allclose(pixels, stored / stored.max(), atol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [11, 13, 15])
def test_the_high_bit_says_where_the_pixel_lies(high_bit, signed):
    stored = RAMP.astype(np.int32) - (8 if signed else 0)
    words = ((stored & 0xFFF) << (high_bit - 11)).astype(np.uint16) | (1 if high_bit > 11 else 0)
    pixels = decoded(
        words, HighBit=high_bit, PixelRepresentation=int(signed), PixelData=words.tobytes()
    ).pixels
    np.testing.assert_allclose(pixels, FULL_RANGE, atol=1e-6)


# --- codestreams ----------------------------------------------------------------------------------


def test_a_jp2_file_inside_dicom_is_read():
    plain = decode_radiograph(compressed(jpeg_2000(LEVELS), uid.JPEG2000Lossless)).pixels
    boxed = decode_radiograph(compressed(jpeg_2000(LEVELS, "jp2"), uid.JPEG2000Lossless)).pixels
    assert np.array_equal(plain, boxed)


def test_jp2_boxes_without_a_picture_are_refused():
    boxed = jpeg_2000(LEVELS, "jp2").replace(b"jp2c", b"free")
    with pytest.raises(CorruptFile, match=r"boxes hold no picture"):
        decode_radiograph(compressed(boxed, uid.JPEG2000Lossless))


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEGLSNearLossless])
def test_jpeg_ls_is_read(syntax):
    content = compressed(imagecodecs.jpegls_encode(LEVELS), syntax)
    np.testing.assert_allclose(decode_radiograph(content).pixels, LEVELS / 4095, atol=1e-6)


def test_12_bit_jpeg_is_read():
    codestream = imagecodecs.jpeg8_encode(LEVELS, level=95, bitspersample=12)
    radiograph = decode_radiograph(compressed(codestream, uid.JPEGExtended12Bit))
    assert np.abs(radiograph.pixels - LEVELS / 4095).max() < 0.02
    assert radiograph.bits_stored == 12


def two_tiles(levels):
    """Join two one-tile codestreams of the same coding, side by side."""
    left, right = (jpeg_2000(half) for half in np.split(levels, 2, axis=1))
    rows, columns = levels.shape[0], levels.shape[1] // 2
    head, body = left[: left.index(b"\xff\x90")], left[left.index(b"\xff\x90") : -2]
    other = bytearray(right[right.index(b"\xff\x90") : -2])
    other[4:6] = struct.pack(">H", 1)
    sizes = struct.pack(">8I", 2 * columns, rows, 0, 0, columns, rows, 0, 0)
    return head[:8] + sizes + head[40:], body, bytes(other)


def test_a_jpeg_2000_film_in_tiles_is_whole_or_refused():
    head, first, second = two_tiles(LEVELS)
    whole = decode_radiograph(compressed(head + first + second + b"\xff\xd9", uid.JPEG2000Lossless))
    np.testing.assert_allclose(whole.pixels, LEVELS / 4095, atol=1e-6)
    for tile in (first, second):
        with pytest.raises(CorruptFile, match=r"holds 1 of its 2 tiles: part of the film"):
            decode_radiograph(compressed(head + tile + b"\xff\xd9", uid.JPEG2000Lossless))


@pytest.mark.parametrize("ended", [False, True])
def test_a_codestream_that_is_cut_is_refused_in_every_encoding(ended):
    deep = LEVELS
    for codestream, syntax in (
        (imagecodecs.jpeg8_encode(deep, lossless=True, bitspersample=12), uid.JPEGLosslessSV1),
        (imagecodecs.jpeg8_encode(deep, level=90, bitspersample=12), uid.JPEGExtended12Bit),
        (imagecodecs.jpegls_encode(deep), uid.JPEGLSLossless),
        (jpeg_2000(deep), uid.JPEG2000Lossless),
    ):
        for kept in (
            np.linspace(len(codestream) // 3, len(codestream) - 12, 12).astype(int).tolist()
        ):
            cut = codestream[:kept] + (b"\xff\xd9" if ended else b"")
            with pytest.raises(CorruptFile, match=r"Export the film again"):
                decode_radiograph(compressed(cut, syntax))


def test_the_same_pixels_come_out_of_every_lossless_encoding():
    plain = decode_radiograph(content_of(film(NOISE))).pixels
    for codestream, syntax in (
        (imagecodecs.jpeg8_encode(NOISE, lossless=True, bitspersample=12), uid.JPEGLossless),
        (imagecodecs.jpegls_encode(NOISE), uid.JPEGLSLossless),
        (jpeg_2000(NOISE, "jp2"), uid.JPEG2000),
    ):
        pixels = decode_radiograph(compressed(codestream, syntax, NOISE)).pixels
        assert np.array_equal(pixels, plain), syntax.name


def test_what_a_lossy_codestream_overshoots_stays_white():
    edges = np.kron(np.indices((12, 8)).sum(axis=0) % 2, np.ones((5, 5))) * 1023
    levels = edges.astype(np.uint16)
    for codestream, syntax in (
        (imagecodecs.jpeg8_encode(levels, level=60, bitspersample=12), uid.JPEGExtended12Bit),
        (imagecodecs.jpegls_encode(levels, level=9), uid.JPEGLSNearLossless),
    ):
        content = compressed(codestream, syntax, levels, 10, WindowCenter=512, WindowWidth=1024)
        pixels = decode_radiograph(content).pixels
        assert np.abs(pixels - levels / 1023).max() < 0.35, syntax.name
