"""Uploaded bytes become a radiograph, or one sentence that says why not."""

import csv
import hashlib
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from fixtures.dicom_films import content_of, film
from PIL import Image

from core.domain.film import MAX_FILM_PIXELS, Turn
from core.errors import CorruptFile, RadiographError, TooLarge, UnsupportedFormat
from core.imaging.decoding import decode_radiograph

GREY = np.array([[0, 51, 102], [153, 204, 255]], dtype=np.uint8)
NOISE = np.random.default_rng(7).integers(0, 256, (64, 48), dtype=np.uint8)


def encoded(picture, picture_format, **options):
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, picture_format, **options)
    return buffer.getvalue()


def oriented(picture, picture_format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, picture_format, exif=exif)


def tiff(raw, width, height, *, bits, photometric=1, order="<", extra=(), next_directory=0):
    """Write an uncompressed one-strip TIFF by hand, so that any header can be had."""
    entries = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1)),
        *((262, 3, 1, photometric), (273, 4, 1, 0), (277, 3, 1, 1), (278, 4, 1, height)),
        *((279, 4, 1, len(raw)), *extra),
    ]
    start = 8 + 2 + 12 * len(entries) + 4
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, count, value in sorted(entries):
        packed = start if tag == 273 else value
        short = kind == 3 and count == 1
        head += struct.pack(order + "HHI", tag, kind, count)
        head += struct.pack(
            order + ("HH" if short else "I"), *((packed, 0) if short else (packed,))
        )
    return head + struct.pack(order + "I", next_directory) + raw


def png_chunk(kind, payload):
    checksum = zlib.crc32(kind + payload)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", checksum)


def png(width, height, *, rows=b"", extra=b""):
    """Write a PNG whose header may claim any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


# --- grey values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF", "BMP"])
def test_eight_bit_grey_is_divided_by_255(picture_format):
    radiograph = decode_radiograph(encoded(GREY, picture_format))
    assert radiograph.pixels.tolist() == (GREY / 255).astype(np.float32).tolist()
    assert (radiograph.source_format, radiograph.bits_stored) == (picture_format, 8)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_its_size_and_greys(progressive):
    ramp = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (64, 1))
    radiograph = decode_radiograph(encoded(ramp, "JPEG", quality=95, progressive=progressive))
    assert radiograph.source_format == "JPEG"
    assert np.abs(radiograph.pixels - ramp / 255).max() < 0.03


def test_pixels_are_read_only_contiguous_float32():
    pixels = decode_radiograph(encoded(GREY, "PNG")).pixels
    assert (pixels.dtype, pixels.flags.c_contiguous, pixels.flags.writeable) == ("f4", True, False)


def test_the_digest_is_that_of_the_uploaded_bytes():
    content = encoded(GREY, "PNG")
    assert decode_radiograph(content).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("brightest", "full_scale", "bits"),
    [(255, 255, 8), (900, 1023, 10), (4000, 4095, 12), (16000, 16383, 14), (60000, 65535, 16)],
)
@pytest.mark.parametrize("picture_format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_divided_by_the_smallest_depth_that_holds_it(
    picture_format, brightest, full_scale, bits
):
    levels = np.array([[0, brightest // 2], [brightest, 1]], dtype=np.uint16)
    radiograph = decode_radiograph(encoded(levels, picture_format))
    np.testing.assert_allclose(radiograph.pixels, levels / full_scale, atol=1e-7)
    assert radiograph.bits_stored == bits


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_tiff_is_read_in_both_byte_orders_and_polarities(order):
    levels = np.array([[0, 13107, 26214], [39321, 52428, 65535]], dtype=order + "u2")
    black = decode_radiograph(tiff(levels.tobytes(), 3, 2, bits=16, order=order))
    white = decode_radiograph(tiff(levels.tobytes(), 3, 2, bits=16, order=order, photometric=0))
    np.testing.assert_allclose(black.pixels, [[0, 0.2, 0.4], [0.6, 0.8, 1]], atol=1e-6)
    np.testing.assert_allclose(white.pixels, [[1, 0.8, 0.6], [0.4, 0.2, 0]], atol=1e-6)


def test_an_eight_bit_white_is_zero_tiff_is_shown_with_black_air():
    content = tiff(GREY.tobytes(), 3, 2, bits=8, photometric=0)
    np.testing.assert_allclose(decode_radiograph(content).pixels, 1 - GREY / 255, atol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_declared_twelve_bit_tiff_is_divided_by_4095_even_if_dark(order):
    packed = bytes([0x00, 0x00, 0xC8, 0x00, 0x00, 0x64])  # rows 0, 200 and 0, 100: 12 bits each
    expected = np.array([[0, 200 / 4095], [0, 100 / 4095]])
    black = decode_radiograph(tiff(packed, 2, 2, bits=12, order=order))
    white = decode_radiograph(tiff(packed, 2, 2, bits=12, order=order, photometric=0))
    np.testing.assert_allclose(black.pixels, expected, atol=1e-6)
    np.testing.assert_allclose(white.pixels, 1 - expected, atol=1e-6)
    assert black.bits_stored == 12


def test_negative_integers_are_stretched_from_minimum_to_maximum():
    levels = np.array([[-1000, 0], [1000, 3000]], dtype=np.int32)
    pixels = decode_radiograph(encoded(levels, "TIFF")).pixels
    np.testing.assert_allclose(pixels, [[0, 0.25], [0.5, 1]], atol=1e-6)


def test_a_float_tiff_is_stretched_from_minimum_to_maximum():
    levels = np.array([[-0.5, 0.0], [0.5, 1.5]], dtype=np.float32)
    pixels = decode_radiograph(encoded(levels, "TIFF")).pixels
    np.testing.assert_allclose(pixels, [[0, 0.25], [0.5, 1]], atol=1e-6)


def test_an_even_float_tiff_is_black_rather_than_a_division_by_zero():
    assert not decode_radiograph(encoded(np.full((4, 4), 3.5, np.float32), "TIFF")).pixels.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_float_tiff_with_values_that_are_no_numbers_is_refused(value):
    levels = np.array([[0, 1], [2, value]], dtype=np.float32)
    with pytest.raises(CorruptFile, match=r"not finite numbers\. Export it with 8 or 16 bits"):
        decode_radiograph(encoded(levels, "TIFF"))


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF", "BMP"])
def test_one_bit_pictures_become_black_and_white(picture_format):
    radiograph = decode_radiograph(encoded(Image.fromarray(GREY > 127), picture_format))
    assert radiograph.pixels.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert radiograph.bits_stored == 1


def test_colour_becomes_luma():
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255] * 3]], dtype=np.uint8)
    radiograph = decode_radiograph(encoded(colours, "PNG"))
    np.testing.assert_allclose(radiograph.pixels, [[0.299, 0.587], [0.114, 1]], atol=0.003)


def test_colourfulness_is_what_channels_differ_by_beside_a_constant_tint():
    rng = np.random.default_rng(3)
    coloured = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert decode_radiograph(encoded(coloured, "PNG")).colourfulness > 0.15
    assert decode_radiograph(encoded(np.stack([NOISE] * 3, -1), "PNG")).colourfulness == 0
    assert decode_radiograph(encoded(NOISE, "PNG")).colourfulness == 0


def test_the_blue_base_of_a_film_is_no_colour():
    tint = np.stack([NOISE * 0.7, NOISE * 0.8 + 10, NOISE * 0.8 + 50], axis=-1).astype(np.uint8)
    assert decode_radiograph(encoded(tint, "PNG")).colourfulness < 0.005


@pytest.mark.parametrize("tint", [(0.7, 0.85, 1.0), (1.0, 0.9, 0.7)], ids=["blue base", "sepia"])
@pytest.mark.parametrize("base", [0, 30])
def test_one_tint_over_a_film_is_no_colour(tint, base):
    ramp = np.tile(np.linspace(0, 200, 128), (128, 1))[..., np.newaxis]
    tinted = np.round(base + ramp * np.array(tint)).astype(np.uint8)
    assert decode_radiograph(encoded(tinted, "PNG")).colourfulness < 0.005


def test_a_palette_is_resolved_before_grey():
    palette = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8), "L").convert("P")
    palette.putpalette([10, 10, 10, 200, 200, 200])
    pixels = decode_radiograph(encoded(palette, "PNG")).pixels
    np.testing.assert_allclose(pixels * 255, [[10, 200], [200, 10]], atol=1e-4)


def test_transparent_parts_are_laid_on_black():
    grey, alpha = np.full((2, 2), 200, np.uint8), np.array([[255, 0], [128, 255]], dtype=np.uint8)
    expected = np.array([[200, 0], [100, 200]]) / 255
    layers = {"LA": [grey, alpha], "RGBA": [grey, grey, grey, alpha]}
    for channels in layers.values():
        pixels = decode_radiograph(encoded(np.stack(channels, -1), "PNG")).pixels
        np.testing.assert_allclose(pixels, expected, atol=0.005)
    palette = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8), "L").convert("P")
    palette.putpalette([90, 90, 90, 200, 200, 200])
    pixels = decode_radiograph(encoded(palette, "PNG", transparency=1)).pixels
    np.testing.assert_allclose(pixels * 255, [[90, 0], [0, 90]], atol=1e-4)


def test_a_cmyk_jpeg_is_shown_with_its_own_polarity():
    grey = np.zeros((16, 16), np.uint8)
    ink = np.full((16, 16), 255, np.uint8)
    ink[:, 8:] = 0
    cmyk = Image.merge("CMYK", [Image.fromarray(channel) for channel in (grey, grey, grey, ink)])
    pixels = decode_radiograph(encoded(cmyk, "JPEG", quality=95)).pixels
    assert pixels[:, :7].max() < 0.1
    assert pixels[:, 9:].min() > 0.9


def test_inversion_is_applied_last_on_request():
    content = encoded(GREY, "PNG")
    inverted = decode_radiograph(content, invert=True)
    np.testing.assert_allclose(inverted.pixels, 1 - GREY / 255, atol=1e-6)
    assert not inverted.pixels.flags.writeable
    assert inverted.sha256 == decode_radiograph(content).sha256


@pytest.mark.parametrize("turn", Turn)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP"])
def test_a_film_that_was_turned_is_turned_back_pixel_by_pixel(turn, file_format):
    stored = np.ascontiguousarray(np.rot90(GREY, -turn.quarters))
    content = encoded(stored, file_format)
    brought_right = decode_radiograph(content, turn=turn)
    upright = decode_radiograph(encoded(GREY, file_format))
    assert np.array_equal(brought_right.pixels, upright.pixels)
    assert brought_right.pixels.flags.c_contiguous
    assert not brought_right.pixels.flags.writeable
    assert brought_right.sha256 == decode_radiograph(content).sha256
    negative = decode_radiograph(content, turn=turn, invert=True)
    assert np.array_equal(negative.pixels, 1 - upright.pixels)


@pytest.mark.parametrize(
    ("turn", "spacing"),
    [
        (Turn.NONE, (0.1, 0.2)),
        (Turn.LEFT, (0.2, 0.1)),
        (Turn.OVER, (0.1, 0.2)),
        (Turn.RIGHT, (0.2, 0.1)),
    ],
)
def test_a_turned_films_pixel_spacing_turns_with_it(turn, spacing):
    content = content_of(film(PixelSpacing=[0.1, 0.2]))
    assert decode_radiograph(content, turn=turn).pixel_spacing_mm == spacing


# --- orientation ----------------------------------------------------------------------------------

# What a viewer shows for the stored rows [a b c], [d e f], by Exif orientation.
SHOWN = {
    1: ["abc", "def"],
    2: ["cba", "fed"],
    3: ["fed", "cba"],
    4: ["def", "abc"],
    5: ["ad", "be", "cf"],
    6: ["da", "eb", "fc"],
    7: ["fc", "eb", "da"],
    8: ["cf", "be", "ad"],
}


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("picture_format", ["PNG", "TIFF"])
def test_the_exif_orientation_is_applied(picture_format, orientation):
    letters = dict(zip("abcdef", (GREY.ravel() / np.float32(255)).tolist(), strict=True))
    expected = [[letters[letter] for letter in row] for row in SHOWN[orientation]]
    pixels = decode_radiograph(oriented(GREY, picture_format, orientation)).pixels
    assert pixels.tolist() == expected


def test_the_exif_orientation_of_a_jpeg_is_applied():
    top_bright = np.zeros((32, 16), np.uint8)
    top_bright[:8] = 255
    pixels = decode_radiograph(oriented(top_bright, "JPEG", 6)).pixels
    assert pixels.shape == (16, 32)
    assert pixels[:, 25:].mean() > 0.95  # 6: the stored top is shown on the right


def test_the_exif_orientation_of_a_sixteen_bit_png_is_applied():
    levels = GREY.astype(np.uint16) * 257
    pixels = decode_radiograph(oriented(levels, "PNG", 8)).pixels
    np.testing.assert_allclose(pixels, np.rot90(GREY / 255), atol=1e-6)


def test_an_orientation_outside_1_to_8_is_ignored():
    assert decode_radiograph(oriented(GREY, "PNG", 9)).pixels.shape == (2, 3)


# --- what the bytes are ---------------------------------------------------------------------------


def test_the_name_never_decides_the_format():
    assert decode_radiograph(encoded(GREY, "PNG"), file_name="film.dcm").source_format == "PNG"


def test_bytes_after_the_end_of_a_picture_are_ignored():
    for picture_format in ("JPEG", "PNG"):
        content = encoded(NOISE, picture_format)
        trailing = decode_radiograph(content + b"scanner footer" * 9)
        assert np.array_equal(trailing.pixels, decode_radiograph(content).pixels)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"A letter about a film, saved with the wrong name.", "something else"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (encoded(GREY, "GIF"), "a GIF picture"),
        (b"<html><body>Please log in</body></html>", "a web page"),
        (b"\x00", "something else"),
    ],
)
def test_a_wrong_type_behind_a_right_name_is_refused(content, kind):
    with pytest.raises(UnsupportedFormat, match=rf"^film\.png is not .* its content is {kind}"):
        decode_radiograph(content, file_name="film.png")


def test_an_empty_file_is_refused():
    with pytest.raises(CorruptFile, match=r"^film\.png is empty \(0 bytes\)\. Export"):
        decode_radiograph(b"", file_name="film.png")


@pytest.mark.parametrize("limit_mb", [64, 2])
def test_a_file_over_the_sites_limit_is_refused_before_it_is_opened(monkeypatch, limit_mb):
    monkeypatch.setenv("FIRSTREAD_MAX_FILM_MB", str(limit_mb))
    with pytest.raises(TooLarge, match=rf"has {limit_mb}\.1 MB; the limit is {limit_mb} MB\. Exp"):
        decode_radiograph(b"\xff\xd8\xff".ljust(limit_mb * 1_000_000 + 1, b"\0"))


@pytest.mark.parametrize("content", [png(50_000, 50_000), png(15_000, 15_000), png(10_000, 9_000)])
def test_a_small_file_that_declares_a_huge_picture_is_refused_without_memory(content):
    tracemalloc.start()
    with pytest.raises(TooLarge, match=r"limit is 40 megapixels\. Export"):
        decode_radiograph(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_picture_just_over_40_megapixels_is_refused_with_its_size():
    assert MAX_FILM_PIXELS < 6_250 * 6_401
    with pytest.raises(TooLarge, match=r"6250 x 6401 pixels \(40\.1 megapixels\); the limit is 40"):
        decode_radiograph(png(6_250, 6_401))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (300, 1)])
def test_a_line_of_pixels_is_refused(width, height):
    with pytest.raises(UnsupportedFormat, match=rf"{width} x {height} pixels; a film has at least"):
        decode_radiograph(encoded(np.zeros((height, width), np.uint8), "PNG"))


def test_a_tiff_with_two_pages_is_refused():
    page = Image.fromarray(NOISE)
    content = encoded(page, "TIFF", save_all=True, append_images=[page])
    with pytest.raises(UnsupportedFormat, match=r"more than one page; a film is one page\. Save"):
        decode_radiograph(content)


def test_an_animated_png_is_refused():
    frame = Image.fromarray(NOISE)
    content = encoded(frame, "PNG", save_all=True, append_images=[Image.fromarray(255 - NOISE)])
    with pytest.raises(UnsupportedFormat, match=r"holds 2 images; a film is one image\. Save"):
        decode_radiograph(content)


def test_the_first_picture_of_a_camera_jpeg_is_read():
    content = encoded(NOISE, "MPO", save_all=True, append_images=[Image.fromarray(255 - NOISE)])
    assert np.array_equal(
        decode_radiograph(content).pixels, decode_radiograph(encoded(NOISE, "JPEG")).pixels
    )


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("kept", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
def test_a_truncated_picture_is_refused_with_a_sentence(picture_format, kept):
    content = encoded(NOISE, picture_format)
    with pytest.raises(CorruptFile, match=r"Export the film again"):
        decode_radiograph(content[: int(len(content) * kept)])


def test_a_truncated_picture_is_refused_even_if_another_library_allowed_it(monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    content = encoded(NOISE, "BMP")
    with pytest.raises(CorruptFile, match=r"cannot be read to its end"):
        decode_radiograph(content[: len(content) // 2])


def test_a_png_with_one_changed_bit_is_refused():
    content = bytearray(encoded(NOISE, "PNG"))
    content[len(content) // 2] ^= 1
    with pytest.raises(CorruptFile, match=r"PNG file is damaged: a checksum differs\. Export"):
        decode_radiograph(bytes(content))


def test_a_png_in_a_million_chunks_is_refused():
    content = png(8, 8, rows=bytes(72), extra=png_chunk(b"teSt", b"") * 50_001)
    with pytest.raises(CorruptFile, match=r"more than 50000 chunks"):
        decode_radiograph(content)


def test_a_jpeg_in_a_million_segments_is_refused():
    content = encoded(NOISE, "JPEG")
    with pytest.raises(CorruptFile, match=r"more than 10000 segments"):
        decode_radiograph(content[:2] + b"\xff\xfe\x00\x02" * 10_001 + content[2:])


def test_a_tiff_whose_entries_share_one_value_is_refused_without_memory():
    shared = tuple((1000 + index, 1, 100_000, 200) for index in range(2000))
    content = tiff(bytes(100_000), 4, 4, bits=8, extra=shared)
    tracemalloc.start()
    with pytest.raises(CorruptFile, match=r"claims more data than the file holds"):
        decode_radiograph(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_exif_block_whose_entries_share_one_value_costs_nothing():
    shared = b"".join(struct.pack("<HHII", 1000 + i, 1, 60_000, 0) for i in range(1000))
    exif = b"II*\0" + struct.pack("<IH", 8, 1000) + shared + bytes(4) + bytes(60_000)
    content = png(8, 8, rows=bytes(72), extra=png_chunk(b"eXIf", exif))
    tracemalloc.start()
    assert decode_radiograph(content).pixels.shape == (8, 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_tiff_in_too_many_strips_is_refused():
    content = tiff(bytes(800_000), 4, 4, bits=8, extra=((325, 4, 100_001, 200),))
    with pytest.raises(CorruptFile, match=r"cut into 100001 strips; the limit is 100000\. Save"):
        decode_radiograph(content)


def test_a_tiff_with_a_huge_tile_is_refused():
    content = tiff(bytes(16), 4, 4, bits=8, extra=((322, 4, 1, 60_000), (323, 4, 1, 60_000)))
    with pytest.raises(CorruptFile, match=r"tiles of 3600000000 pixels; the limit is 40000000"):
        decode_radiograph(content)


@pytest.mark.parametrize(
    ("raised", "expected", "sentence"),
    [
        (MemoryError(), TooLarge, "unpacks to far more than a film; the limit is 40 megapixels"),
        (RecursionError(), CorruptFile, "cannot be read to its end"),
        (KeyError("mode"), CorruptFile, "cannot be read to its end"),
        (struct.error("short"), CorruptFile, "cannot be read to its end"),
    ],
)
def test_whatever_a_library_raises_becomes_one_sentence(monkeypatch, raised, expected, sentence):
    def failing(*_arguments, **_options):
        raise raised

    monkeypatch.setattr("core.imaging.decoding.Image.open", failing)
    with pytest.raises(expected, match=sentence) as caught:
        decode_radiograph(encoded(NOISE, "BMP"), file_name="film.bmp")
    assert caught.value.__cause__ is raised
    assert "film.bmp" in str(caught.value)


def test_one_bad_file_does_not_spoil_the_next():
    good = encoded(GREY, "PNG")
    with pytest.raises(RadiographError, match="cut short"):
        decode_radiograph(good[:-20])
    assert decode_radiograph(good).pixels.shape == (2, 3)


@pytest.mark.real_films
def test_the_untouched_originals_decode_at_their_stated_size(real_data):
    folder = real_data / "kermany_fullres"
    with (folder / "manifest.csv").open(newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    assert len(rows) == 39
    for row in rows:
        radiograph = decode_radiograph((folder / row["file"]).read_bytes())
        stated = (int(row["orig_h"]), int(row["orig_w"]))
        assert (radiograph.pixels.shape, radiograph.source_format) == (stated, "JPEG")
        assert 0.05 < radiograph.pixels.mean() < 0.95
