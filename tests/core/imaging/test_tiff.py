"""TIFF files: each right, or refused by the name of what it holds."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from fixtures.film_files import smooth
from fixtures.tiff_files import (
    DEFLATE,
    LZW,
    PACKBITS,
    SHORT,
    Layout,
    finish,
    small_directory,
    tiff_file,
)
from PIL import Image

from core.errors import CorruptFile, TooLarge, UnsupportedFormat
from core.imaging.decoding import decode_radiograph

RNG = np.random.default_rng(6)
LEVELS = smooth(RNG, 60, 50, 255).astype(np.uint8)


def scaled(levels):
    levels = levels.astype(float)
    return (levels - levels.min()) / np.ptp(levels)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, LZW, DEFLATE, PACKBITS])
@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "u4", "f4", "f8", "u8"])
def test_every_sample_format_reads_as_tifffile_reads_it(kind, compression, order):
    spread = {"u4": 2**32 - 1, "u8": 2**52, "i4": 2**31 - 1}.get(kind, 100)
    levels = np.rint((scaled(LEVELS) - (kind[0] != "u") * 0.5) * spread).astype(kind)
    code = {"u": 1, "i": 2, "f": 3}[kind[0]]
    content = tiff_file(levels, Layout(int(kind[1]) * 8, code, order, compression, segment=16))
    assert np.array_equal(tifffile.imread(io.BytesIO(content)), levels)
    np.testing.assert_allclose(decode_radiograph(content).pixels, scaled(levels), atol=1e-6)


def test_signed_8_bit_has_its_darkest_at_minus_128():
    content = tiff_file((LEVELS.astype(int) - 128).astype(np.int8), Layout(kind=2))
    np.testing.assert_allclose(decode_radiograph(content).pixels, scaled(LEVELS), atol=1e-6)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("segment", [1 << 16, 7, (16, 32)])
def test_colour_in_planes_is_colour(planes, bits, segment):
    colour = np.stack([LEVELS, LEVELS[::-1], LEVELS[:, ::-1]], axis=-1).astype(int)
    colour = colour * (257 if bits == 16 else 1)
    layout = Layout(bits, planes=planes, segment=segment, photometric=2, compression=LZW)
    pixels = decode_radiograph(tiff_file(colour, layout)).pixels
    luma = colour @ [0.299, 0.587, 0.114] / (2**bits - 1)
    np.testing.assert_allclose(pixels, luma, atol=0.003)


@pytest.mark.parametrize("deep", [False, True], ids=["8-bit map", "16-bit map"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_colour_map_is_read_by_its_own_depth(bits, deep):
    greys = np.linspace(250, 3, 2**bits).astype(int)
    indices = LEVELS >> (8 - bits)
    stored = np.tile(greys * 257 if deep else greys, 3).tolist()
    content = tiff_file(indices, Layout(bits=bits, photometric=3), colour_map=stored)
    np.testing.assert_allclose(decode_radiograph(content).pixels, greys[indices] / 255, atol=1e-6)


def test_a_colour_map_that_is_too_short_is_refused():
    content = tiff_file(LEVELS, Layout(photometric=3), colour_map=[9] * 300)
    with pytest.raises(CorruptFile, match=r"colour map does not have the 768 entries that 8 bits"):
        decode_radiograph(content)


@pytest.mark.parametrize("kind", [0, 1])
def test_an_alpha_channel_of_zero_or_without_a_meaning_hides_nothing(kind):
    alpha = np.zeros_like(LEVELS) if kind == 0 else LEVELS
    content = tiff_file(
        np.stack([LEVELS, alpha], axis=-1), tags=[(338, SHORT, [2 if kind == 0 else 0])]
    )
    np.testing.assert_allclose(decode_radiograph(content).pixels, LEVELS / 255, atol=0.003)


# --- directories ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("subfile_type", [1, 4, 5])
def test_a_preview_or_mask_behind_the_film_is_no_second_page(order, subfile_type):
    following = small_directory(order, subfile_type=subfile_type)
    content = tiff_file(LEVELS, Layout(order=order), next_directory=following)
    np.testing.assert_allclose(decode_radiograph(content).pixels, LEVELS / 255, atol=1e-6)


def test_a_preview_in_front_of_the_film_is_passed_over():
    whole = tiff_file(LEVELS)
    at = struct.unpack_from("<I", whole, 4)[0]
    preview = small_directory("<")(len(whole))
    link = 2 + 12 * 10
    preview = preview[:link] + struct.pack("<I", at) + preview[link + 4 :]
    content = whole[:4] + struct.pack("<I", len(whole)) + whole[8:] + preview
    np.testing.assert_allclose(decode_radiograph(content).pixels, LEVELS / 255, atol=1e-6)


@pytest.mark.parametrize("subfile_type", [0, 2])
def test_a_second_page_is_refused(subfile_type):
    following = small_directory("<", subfile_type=subfile_type)
    with pytest.raises(UnsupportedFormat, match=r"more than one page; a film is one page\. Save"):
        decode_radiograph(tiff_file(LEVELS, next_directory=following))


def test_directories_in_a_circle_end():
    whole = bytearray(tiff_file(LEVELS, tags=[(254, 4, [1])]))
    start = struct.unpack_from("<I", whole, 4)[0]
    (count,) = struct.unpack_from("<H", whole, start)
    struct.pack_into("<I", whole, start + 2 + 12 * count, start)
    assert decode_radiograph(bytes(whole)).pixels.shape == LEVELS.shape


def test_of_a_tag_that_is_stated_twice_the_first_holds():
    content = tiff_file(LEVELS, twice=[(256, [3]), (257, [40_000])])
    np.testing.assert_allclose(decode_radiograph(content).pixels, LEVELS / 255, atol=1e-6)


def test_a_huge_tile_in_front_of_its_duplicate_is_refused_without_memory():
    tags = [(322, 4, [46_336]), (323, 4, [46_336])]
    content = tiff_file(
        LEVELS, Layout(segment=(64, 64)), tags=tags, twice=[(322, [64]), (323, [64])]
    )
    tracemalloc.start()
    with pytest.raises(CorruptFile, match=r"states tiles of 2147024896 pixels; the limit is"):
        decode_radiograph(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


# --- what did not arrive --------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [1, LZW, DEFLATE, PACKBITS])
@pytest.mark.parametrize("segment", [8, (16, 16)], ids=["strips", "tiles"])
@pytest.mark.parametrize("fault", ["no offset", "no bytes", "beyond the end"])
def test_a_missing_strip_or_tile_is_refused(compression, segment, fault):
    tiled = isinstance(segment, tuple)
    layout = Layout(compression=compression, segment=segment)
    whole = tiff_file(LEVELS, layout)
    tag = {"no bytes": 325 if tiled else 279}.get(fault, 324 if tiled else 273)
    with tifffile.TiffFile(io.BytesIO(whole)) as file:
        values = list(file.pages[0].tags[tag].value)
    values[2] = {"beyond the end": 10**8}.get(fault, 0)
    content = tiff_file(LEVELS, layout, tags=[(tag, 4, values)])
    with pytest.raises(
        CorruptFile, match=rf"lacks (1|some) of its \d+ {'tiles' if tiled else 'str'}"
    ):
        decode_radiograph(content)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_overstated_last_strip_loses_no_pixel(order):
    """Twenty rows a strip: the last has all of them stated, and five in the file."""
    levels, row = LEVELS[:45], LEVELS.shape[1]
    body = levels.tobytes()
    entries = [
        *((256, (SHORT, [row])), (257, (SHORT, [45])), (258, (SHORT, [8])), (259, (SHORT, [1]))),
        *((262, (SHORT, [1])), (273, (4, [8, 8 + 20 * row, 8 + 40 * row])), (277, (SHORT, [1]))),
        *((278, (SHORT, [20])), (279, (4, [20 * row, 20 * row, 10**6]))),
    ]
    content = finish(body, entries, order, b"")
    np.testing.assert_allclose(decode_radiograph(content).pixels, levels / 255, atol=1e-6)


@pytest.mark.parametrize("compression", [LZW, DEFLATE, PACKBITS])
def test_a_strip_whose_data_ends_early_is_refused(compression):
    layout = Layout(compression=compression, segment=16)
    short = tiff_file(LEVELS[:56], layout, tags=[(257, 4, [60])])
    with pytest.raises(CorruptFile, match=r"strip or tile .* cut short or damaged"):
        decode_radiograph(short)


def test_a_damaged_jpeg_in_a_tiff_is_refused():
    buffer = io.BytesIO()
    Image.fromarray(LEVELS).save(buffer, "TIFF", compression="jpeg")
    content = buffer.getvalue()
    assert np.abs(decode_radiograph(content).pixels - LEVELS / 255).max() < 0.1
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        at, count = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    half = at + count // 2
    damaged = content[:half] + b"\xff\xd9" + bytes(at + count - half - 2) + content[at + count :]
    with pytest.raises(CorruptFile, match=r"JPEG is cut short: part of the film is missing"):
        decode_radiograph(damaged)


# --- refused by name ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "tags", "sentence"),
    [
        (Layout(), [(259, SHORT, [4])], r"is compressed in a way \(CCITTFAX4\)"),
        (Layout(), [(259, SHORT, [6])], r"is compressed in a way \(OJPEG\)"),
        (Layout(), [(259, SHORT, [61_000])], r"is compressed in a way \(61000\)"),
        (Layout(photometric=8), [], r"has colours of a kind \(CIELAB\)"),
        (Layout(photometric=32803), [], r"has colours of a kind \(CFA\)"),
        (
            Layout(bits=12, compression=LZW, predictor=1),
            [(317, SHORT, [2])],
            r"predictor \(2\) on 12-",
        ),
        (Layout(), [(317, SHORT, [2])], r"has a predictor \(2\) and is not compressed"),
        (
            Layout(bits=32, kind=3, compression=LZW),
            [(317, SHORT, [2])],
            r"predictor \(2\) on 32-bit",
        ),
        (Layout(compression=LZW), [(317, SHORT, [3])], r"predictor \(3\) on 8-bit values"),
        (Layout(), [(339, SHORT, [6])], r"SampleFormat 6 of 8 bits"),
        (Layout(bits=12), [(339, SHORT, [2])], r"12 bits"),
        (Layout(), [(32997, SHORT, [2])], r"holds a volume"),
    ],
)
def test_what_is_not_read_is_refused_by_name(layout, tags, sentence):
    with pytest.raises(
        UnsupportedFormat, match=sentence + r".*not read here\. Save the film as PNG"
    ):
        decode_radiograph(tiff_file(LEVELS.astype(int) % 2**layout.bits, layout, tags=tags))


def test_several_depths_and_too_many_channels_are_refused_by_name():
    colour = np.stack([LEVELS] * 3, axis=-1)
    mixed = tiff_file(colour, Layout(photometric=2), tags=[(258, SHORT, [5, 6, 5])])
    with pytest.raises(UnsupportedFormat, match=r"channels of several depths"):
        decode_radiograph(mixed)
    with pytest.raises(UnsupportedFormat, match=r"has 3 channels \(MINISBLACK\)"):
        decode_radiograph(tiff_file(colour))


def test_a_tiff_that_needs_too_much_memory_is_refused_with_its_size():
    content = tiff_file(LEVELS, Layout(bits=64, kind=3), tags=[(256, 4, [6300]), (257, 4, [6300])])
    with pytest.raises(
        TooLarge, match=r"needs 318 MB when it is decoded; the limit is 240 MB\. Exp"
    ):
        decode_radiograph(content)
