"""JPEG files: damage beside the picture costs nothing, damage to it refuses the film."""

import io
import re
import struct

import imagecodecs
import numpy as np
import pytest
from fixtures.film_files import smooth
from PIL import Image

from core.errors import CorruptFile, RadiographError, TooLarge, UnsupportedFormat
from core.imaging.decoding import decode_radiograph
from core.imaging.exif import stated_orientation
from core.imaging.jpeg import decode_jpeg, read_jpeg

RNG = np.random.default_rng(12)
LEVELS = smooth(RNG, 120, 90, 255).astype(np.uint8)
DEEP = smooth(RNG, 120, 90, 4095).astype(np.uint16)


def jpeg(image=LEVELS, **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def with_segment(content, marker, payload):
    return (
        content[:2]
        + b"\xff"
        + bytes([marker])
        + struct.pack(">H", len(payload) + 2)
        + payload
        + content[2:]
    )


def lossless(predictor=1):
    return imagecodecs.jpeg8_encode(DEEP, lossless=True, bitspersample=12, predictor=predictor)


PLAIN = jpeg()
COLOUR = np.stack([LEVELS, LEVELS[::-1], LEVELS], axis=-1)
KINDS = {
    "baseline": PLAIN,
    "progressive": jpeg(progressive=True),
    "colour": jpeg(COLOUR),
    "progressive colour": jpeg(COLOUR, progressive=True),
    "restarts": jpeg(COLOUR, restart_marker_blocks=5),
    "lossless": lossless(),
    "lossless, predictor 4": lossless(4),
    "lossless, predictor 7": lossless(7),
    "12 bits": imagecodecs.jpeg8_encode(DEEP, level=90, bitspersample=12),
}


# --- beside the picture ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0" + bytes(40),
        b"Exif\0\0II*\0\x08\0\0\0\xf4\x01" + bytes(30),
        b"Exif\0\0MM\0*\0\0\xea\x60",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0",
        b"Exif\0\0",
        b"Exif\0\0"
        b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x112, 3, 1, 99) + bytes(4),
        b"Exif\0\0"
        b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x112, 4, 1, 6) + bytes(4),
    ],
)
def test_a_damaged_exif_block_costs_no_pixel(exif):
    pixels = decode_radiograph(with_segment(PLAIN, 0xE1, exif)).pixels
    assert np.array_equal(pixels, decode_radiograph(PLAIN).pixels)


@pytest.mark.parametrize("payload", [b"MPF\0" + bytes(30), b"MPF\0II*\0\xff\xff\xff\xff", b"MPF\0"])
def test_a_damaged_multi_picture_block_costs_no_pixel(payload):
    pixels = decode_radiograph(with_segment(PLAIN, 0xE2, payload)).pixels
    assert np.array_equal(pixels, decode_radiograph(PLAIN).pixels)


@pytest.mark.parametrize(
    "junk", [b"\0", b"\0\0\0\0", b"scanner 3.1", b"\xff\xff\xff", b"\xff\0\xff\0"]
)
def test_junk_between_segments_costs_no_pixel(junk):
    for marker in (b"\xff\xe0", b"\xff\xdb", b"\xff\xc0", b"\xff\xc4", b"\xff\xda"):
        at = PLAIN.index(marker)
        pixels = decode_radiograph(PLAIN[:at] + junk + PLAIN[at:]).pixels
        assert np.array_equal(pixels, decode_radiograph(PLAIN).pixels), marker


def test_a_preview_in_the_exif_block_is_never_taken_for_the_film():
    preview = jpeg(np.full((8, 8), 9, np.uint8))
    content = with_segment(PLAIN, 0xE1, b"Exif\0\0" + preview)
    assert decode_radiograph(content).pixels.shape == LEVELS.shape
    short = content[:4] + struct.pack(">H", 8) + content[6:]  # the segment's length is damaged
    with pytest.raises(CorruptFile, match=r"header is damaged or cut short\. Export"):
        decode_radiograph(short)


def test_a_missing_end_marker_costs_no_pixel():
    for name, content in KINDS.items():
        whole = decode_radiograph(content).pixels
        assert np.array_equal(decode_radiograph(content[:-2]).pixels, whole), name


def test_the_orientation_is_read_in_both_byte_orders():
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entry = struct.pack(order + "HHIHH", 0x112, 3, 1, 6, 0)
        assert stated_orientation(mark + struct.pack(order + "IH", 8, 1) + entry) == 6


# --- the picture ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "end", [b"", b"\xff\xd9", bytes(300)], ids=["cut", "cut and ended", "zeros"]
)
def test_a_codestream_that_is_cut_is_refused(kind, end):
    content = KINDS[kind]
    start = content.index(b"\xff\xda") + 40
    for kept in np.linspace(start, len(content) - 12, 25).astype(int).tolist():
        with pytest.raises(CorruptFile, match=r"Export the film again"):
            decode_radiograph(content[:kept] + end)


def test_a_film_cut_short_says_so():
    with pytest.raises(
        CorruptFile, match=r"^The JPEG is cut short: part of the film is missing\. "
    ):
        decode_radiograph(PLAIN[: len(PLAIN) // 2] + b"\xff\xd9")


def test_a_progressive_film_without_its_last_scans_is_refused():
    content = KINDS["progressive"]
    starts = [found.start() for found in re.finditer(rb"\xff\xda", content)]
    assert len(starts) > 3
    for start in starts[1:]:
        tables = content.rindex(b"\xff\xc4", 0, start)
        with pytest.raises(CorruptFile, match=r"cut short: scans that it needs are missing"):
            decode_radiograph(content[:tables] + b"\xff\xd9")


def test_damage_that_the_decoder_notices_is_refused():
    """Of flipped bits that move more than 1 % of the pixels, libjpeg notices most."""
    whole, silent, moved = decode_radiograph(PLAIN).pixels, 0, 0
    for seed in range(200):
        rng, damaged = np.random.default_rng(seed), bytearray(PLAIN)
        for at in rng.integers(PLAIN.index(b"\xff\xda") + 12, len(PLAIN) - 2, size=3):
            damaged[int(at)] ^= 1 << int(rng.integers(8))
        try:
            pixels = decode_radiograph(bytes(damaged)).pixels
        except RadiographError:
            continue
        silent += 1
        moved += (np.abs(pixels - whole) > 0.02).mean() > 0.01
    assert silent < 150
    assert moved < 100


def test_black_to_the_last_row_is_no_missing_data():
    for levels in (np.zeros_like(DEEP), np.vstack([DEEP, np.zeros_like(DEEP)])):
        for options in ({"lossless": True}, {"level": 90}):
            content = imagecodecs.jpeg8_encode(levels, bitspersample=12, **options)
            assert decode_radiograph(content).pixels.shape == levels.shape


def test_lossless_and_deep_jpeg_files_are_read_by_their_own_depth():
    for name in ("lossless", "lossless, predictor 4", "lossless, predictor 7"):
        radiograph = decode_radiograph(KINDS[name])
        np.testing.assert_allclose(radiograph.pixels, DEEP / 4095, atol=1e-6)
        assert radiograph.bits_stored == 12
    deep = decode_radiograph(KINDS["12 bits"]).pixels
    np.testing.assert_allclose(deep, DEEP / 4095, atol=0.02)


def test_a_jpeg_ls_file_is_read():
    content = imagecodecs.jpegls_encode(DEEP)
    assert np.array_equal(decode_jpeg(read_jpeg(content)), DEEP)


# --- bounds ---------------------------------------------------------------------------------------


def repeated_scans(count, rows=120, columns=90):
    content = bytearray(KINDS["progressive"])
    frame = content.index(b"\xff\xc2")
    content[frame + 5 : frame + 9] = struct.pack(">HH", rows, columns)
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10\x00"
    return bytes(content[:-2]) + scan * count + b"\xff\xd9"


def test_scans_are_bounded_before_any_is_decoded(monkeypatch):
    monkeypatch.setattr("core.imaging.jpeg.simplejpeg.decode_jpeg", None)
    with pytest.raises(CorruptFile, match=r"more than 100 scans of 90 x 120 pixels; no film needs"):
        decode_radiograph(repeated_scans(20_000))


def test_a_large_film_may_have_fewer_scans(monkeypatch):
    monkeypatch.setattr("core.imaging.jpeg.simplejpeg.decode_jpeg", None)
    with pytest.raises(CorruptFile, match=r"more than 25 scans of 6300 x 6300 pixels"):
        decode_radiograph(repeated_scans(20, 6300, 6300))


def test_a_huge_jpeg_is_refused_by_its_header():
    content = bytearray(PLAIN)
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 65000, 65000)
    with pytest.raises(TooLarge, match=r"65000 x 65000 pixels"):
        decode_radiograph(bytes(content))


@pytest.mark.parametrize(
    ("marker", "bits", "sentence"),
    [
        (0xC5, 8, "1 channels of 8 bits, coded by process C5"),
        (0xCB, 8, "coded by process CB, which is not read here. Save the film as"),
    ],
)
def test_a_process_that_is_not_read_is_refused_by_name(marker, bits, sentence):
    content = bytearray(PLAIN)
    frame = content.index(b"\xff\xc0")
    content[frame + 1], content[frame + 4] = marker, bits
    with pytest.raises(UnsupportedFormat, match=sentence):
        decode_radiograph(bytes(content))
