"""Levels become grey: what is white, what is colour, and what hides nothing."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from fixtures.film_files import png_file, smooth
from fixtures.tiff_files import Layout, tiff_file
from PIL import Image

from core.errors import CorruptFile, TooLarge
from core.imaging.decoding import decode_radiograph

RNG = np.random.default_rng(21)
DEEP = smooth(RNG, 200, 160, 4000).astype(np.uint16)


def png(levels):
    return imagecodecs.png_encode(levels)


def marked(levels, white, share=0.01):
    """Burn letters into the upper left corner."""
    burned = levels.copy()
    side = int((share * levels.size) ** 0.5)
    burned[:side, :side] = white
    return burned


@pytest.mark.parametrize("write", [png, lambda levels: tiff_file(levels, Layout(bits=16))])
@pytest.mark.parametrize("white", [65535, 65280, 32767])
def test_a_white_marker_does_not_darken_a_film_of_12_bits(write, white):
    radiograph = decode_radiograph(write(marked(DEEP, white)))
    plain = decode_radiograph(write(DEEP))
    outside = marked(np.zeros_like(DEEP), 1) == 0
    assert np.array_equal(radiograph.pixels[outside], plain.pixels[outside])
    assert radiograph.pixels[~outside].min() == 1
    assert radiograph.bits_stored == 12


def test_a_film_that_uses_its_16_bits_is_not_brightened():
    levels = smooth(RNG, 200, 160, 60_000).astype(np.uint16)
    for content in (png(levels), png(marked(levels, 65535))):
        np.testing.assert_allclose(decode_radiograph(content).pixels[100:], levels[100:] / 65535)


def test_a_bright_part_with_detail_is_no_marker():
    levels = DEEP.copy()
    levels[:16, :16] = 20_000 + np.arange(256).reshape(16, 16)
    pixels = decode_radiograph(png(levels)).pixels
    np.testing.assert_allclose(pixels, levels / 65535, atol=1e-6)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_and_transparency_keep_the_depth_of_the_film(channels):
    layers = [DEEP] * (3 if channels > 2 else 1)
    if channels in (2, 4):
        layers.append(np.full_like(DEEP, 65535))
    content = png_file(np.stack(layers, axis=-1), 16, interlaced=False)
    radiograph = decode_radiograph(content)
    np.testing.assert_allclose(radiograph.pixels, DEEP / 4095, atol=2e-4)
    assert radiograph.colourfulness < 0.001


def test_a_coloured_16_bit_picture_is_coloured():
    colour = RNG.integers(0, 65536, (64, 64, 3)).astype(np.uint16)
    assert decode_radiograph(png_file(colour, 16, interlaced=False)).colourfulness > 0.15


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [2, 4])
def test_an_alpha_channel_of_zero_throughout_hides_nothing(bits, channels):
    levels = smooth(RNG, 40, 30, 2**bits - 1).astype(int)
    stack = np.stack([*[levels] * (channels - 1), np.zeros_like(levels)], axis=-1)
    pixels = decode_radiograph(png_file(stack, bits, interlaced=False)).pixels
    np.testing.assert_allclose(pixels, levels / (2**bits - 1), atol=0.003)


def bmp32(levels, alpha, header_bytes=124):
    """Write a BMP with 32 bits and an alpha mask."""
    stack = np.stack([levels, levels, levels, np.full_like(levels, alpha)], axis=-1)
    rows, columns = levels.shape
    head = struct.pack("<IiiHHIIiiII", header_bytes, columns, rows, 1, 32, 3, 0, 0, 0, 0, 0)
    head += struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = head.ljust(header_bytes, b"\0")
    start = 14 + header_bytes
    body = stack[::-1].tobytes()
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + body


@pytest.mark.parametrize("header_bytes", [56, 108, 124])
@pytest.mark.parametrize("alpha", [0, 255])
def test_a_bmp_with_an_alpha_of_zero_shows_its_film(alpha, header_bytes):
    levels = smooth(RNG, 40, 30, 255).astype(np.uint8)
    pixels = decode_radiograph(bmp32(levels, alpha, header_bytes)).pixels
    np.testing.assert_allclose(pixels, levels / 255, atol=0.003)


# --- PNG data that ends early ---------------------------------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_data(content, data):
    """Replace a PNG's compressed data; its checksums are right."""
    kept = content[: content.index(b"IDAT") - 4]
    return kept + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("bits", "channels"), [(1, 1), (4, 1), (8, 1), (8, 3), (8, 4), (16, 1), (16, 3)]
)
def test_a_png_whose_data_ends_early_is_refused(bits, channels, interlaced):
    levels = RNG.integers(0, 2**bits, (40, 31, channels))
    whole = png_file(levels, bits, interlaced=interlaced)
    assert decode_radiograph(whole).pixels.shape == (40, 31)
    start = whole.index(b"IDAT") + 4
    data = whole[start : start + int.from_bytes(whole[start - 8 : start - 4], "big")]
    raw = zlib.decompress(data)
    for rows in (zlib.compress(raw[: len(raw) // 2]), zlib.compress(raw[:-1])):
        with pytest.raises(CorruptFile, match=r"holds \d+ of the \d+ bytes of its picture: "):
            decode_radiograph(with_data(whole, rows))
    with pytest.raises(CorruptFile, match=r"Export the film again"):
        decode_radiograph(with_data(whole, data[: len(data) // 2]))


def test_a_png_split_into_many_chunks_is_whole():
    levels = smooth(RNG, 40, 30, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    whole = buffer.getvalue()
    start = whole.index(b"IDAT") + 4
    data = whole[start : start + int.from_bytes(whole[start - 8 : start - 4], "big")]
    parts = [data[at : at + 7] for at in range(0, len(data), 7)]
    chunks = b"".join(
        struct.pack(">I", len(part))
        + b"IDAT"
        + part
        + struct.pack(">I", zlib.crc32(b"IDAT" + part))
        for part in parts
    )
    content = whole[: start - 8] + chunks + b"\0\0\0\0IEND\xaeB`\x82"
    np.testing.assert_allclose(decode_radiograph(content).pixels, levels / 255, atol=1e-6)


def test_a_png_that_needs_too_much_memory_is_refused_with_its_size():
    content = png(DEEP)
    head = struct.pack(">IIBBBBB", 6300, 6300, 16, 6, 0, 0, 0)
    rows = zlib.compress(bytes(6300 * (1 + 8 * 6300)), 1)
    large = content[:8] + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(TooLarge, match=r"needs 318 MB when it is decoded; the limit is 240 MB"):
        decode_radiograph(large)
