"""TIFF files, read with tifffile: right, or refused by the name of what they hold.

Only the directory entries that decoding needs reach tifffile, in a directory of their own. Private
tags, further pages and entries that are stated twice are left behind.

References
----------
.. [1] TIFF Revision 6.0 (Adobe, 1992), sections 3 to 8, 14, 15, 18 and 22
"""

from __future__ import annotations

import logging
import struct
from io import BytesIO
from math import ceil
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from core.domain.film import MAX_FILM_PIXELS
from core.errors import CorruptFile, TooLarge, UnsupportedFormat
from core.imaging.grey import Levels, Picture, check_decoded_bytes
from core.imaging.header_checks import TiffDirectory, film_directory
from core.imaging.jpeg import decode_jpeg, read_jpeg
from core.language.words import msg

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOUR_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _PALETTE: 1}
_COLOUR_CHANNELS |= {_RGB: 3, _YCBCR: 3, _SEPARATED: 4}
_UNSIGNED, _SIGNED, _FLOAT, _VOID = 1, 2, 3, 4
_PLAIN, _JPEG = 1, 7
_COMPRESSIONS = frozenset({_PLAIN, 5, _JPEG, 8, 32946, 32773, 34925, 50000})
_HORIZONTAL, _FLOATING_POINT = 2, 3
_WHOLE_BYTES = (8, 16, 32, 64)
_ALPHA_PREMULTIPLIED, _ALPHA = 1, 2
_ORIENTATION, _PHOTOMETRIC, _IMAGE_DEPTH = 274, 262, 32997
_DECODING_TAGS = (
    *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320),
    *(322, 323, 324, 325, 338, 339, 347, 530),
)

# tifffile logs what it finds odd; it is judged here.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def read_tiff(content: bytes) -> Picture:
    """Return the one film that a TIFF file holds.

    Raises
    ------
    UnsupportedFormat
        If it holds more than one page, or is stored in a way that is not read here.
    TooLarge
        If the image has over 40 megapixels, or over 240 MB of decoded data.
    CorruptFile
        If strips or tiles are missing, cut short or damaged.
    """
    directory = film_directory(content)
    for tag, name in ((_PHOTOMETRIC, "PhotometricInterpretation"), (256, "ImageWidth")):
        if tag not in directory.entries:
            raise _unsupported(msg("does not state its {name}", name=name))
    if _IMAGE_DEPTH in directory.entries and directory.entries[_IMAGE_DEPTH].value != 1:
        raise _unsupported(msg("holds a volume"))
    with tifffile.TiffFile(BytesIO(_with_one_directory(content, directory))) as file:
        page: Any = file.pages[0]
        _check_size(page)
        _check_kind(page)
        _check_segments(page, len(content))
        if page.compression == _JPEG:
            _check_jpegs(page, content)
        try:
            levels: Levels = page.asarray(squeeze=False, maxworkers=1)
        except MemoryError:
            raise
        except Exception as exc:
            # tifffile and imagecodecs raise an error class a codec for damaged segments.
            raise CorruptFile(
                msg(
                    "A strip or tile of the TIFF file is cut short or damaged: part of the "
                    "film is missing. Export the film again."
                )
            ) from exc
        orientation = directory.number(_ORIENTATION, 1)
        return _picture(page, levels, orientation if 1 <= orientation <= 8 else 1)


def _with_one_directory(content: bytes, directory: TiffDirectory) -> bytes:
    """Return the file with a directory at its end that holds only what decoding needs."""
    entries = [directory.entries[tag] for tag in _DECODING_TAGS if tag in directory.entries]
    if any(
        entry.size_bytes > 4 and entry.value + entry.size_bytes > len(content) for entry in entries
    ):
        raise CorruptFile(
            msg(
                "The TIFF file is cut short: values of its directory are missing. Export the "
                "film again."
            )
        )
    kept = [entry.raw for entry in entries]
    start = len(content) + len(content) % 2
    order = directory.order
    parts = (
        content[:4],
        struct.pack(order + "I", start),
        content[8:],
        bytes(len(content) % 2),
        struct.pack(order + "H", len(kept)),
        *kept,
        bytes(4),
    )
    return b"".join(parts)


def _check_size(page: Any) -> None:
    """Refuse sizes out of bounds, before any pixel is decoded."""
    width, height = int(page.imagewidth), int(page.imagelength)
    if width * height > MAX_FILM_PIXELS:
        megapixels = ceil(width * height / 1e5) / 10
        raise TooLarge(
            msg(
                "The image has {width} x {height} pixels ({megapixels} megapixels); the limit "
                "is {most:.0f} megapixels. Export it at a lower resolution.",
                width=width,
                height=height,
                megapixels=megapixels,
                most=MAX_FILM_PIXELS / 1e6,
            )
        )
    tile_px = int(page.tilewidth) * int(page.tilelength)
    if page.is_tiled and not 0 < tile_px <= MAX_FILM_PIXELS:
        raise CorruptFile(
            msg(
                "The TIFF file states tiles of {tile_px} pixels; the limit is "
                "{most}. Save it again, or as PNG.",
                tile_px=tile_px,
                most=MAX_FILM_PIXELS,
            )
        )


def _check_kind(page: Any) -> None:
    """Refuse by name what is not read here."""
    bits, samples, kind = page.bitspersample, int(page.samplesperpixel), page.sampleformat
    if page.compression not in _COMPRESSIONS:
        raise _unsupported(
            msg("is compressed in a way ({name})", name=_name(tifffile.COMPRESSION, page))
        )
    channels = _COLOUR_CHANNELS.get(int(page.photometric))
    if channels is None:
        raise _unsupported(
            msg("has colours of a kind ({name})", name=_name(tifffile.PHOTOMETRIC, page))
        )
    if not isinstance(bits, int) or not isinstance(kind, int):
        raise _unsupported(msg("has channels of several depths"))
    if kind not in (_UNSIGNED, _SIGNED, _FLOAT, _VOID) or page.dtype is None:
        raise _unsupported(
            msg(
                "has values of a kind (SampleFormat {kind} of {bits} bits)",
                kind=int(kind),
                bits=bits,
            )
        )
    if kind == _SIGNED and bits not in _WHOLE_BYTES:
        raise _unsupported(msg("has signed values of {bits} bits", bits=bits))
    if page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        channels_wrong = samples not in (1, 2)
    elif page.photometric == _PALETTE:
        channels_wrong = samples != 1 or kind not in (_UNSIGNED, _VOID) or bits > 16
    else:
        channels_wrong = samples not in (channels, channels + 1)
        if kind not in (_UNSIGNED, _VOID) or bits not in (8, 16):
            raise _unsupported(
                msg(
                    "has coloured values of {bits} bits (SampleFormat {kind})",
                    bits=bits,
                    kind=int(kind),
                )
            )
    if channels_wrong:
        raise _unsupported(
            msg(
                "has {samples} channels ({name})",
                samples=samples,
                name=_name(tifffile.PHOTOMETRIC, page),
            )
        )
    if page.photometric in (_YCBCR, _SEPARATED) and bits != 8:
        raise _unsupported(
            msg("has {bits}-bit {name}", bits=bits, name=_name(tifffile.PHOTOMETRIC, page))
        )
    _check_coding(page, bits, kind)
    check_decoded_bytes(int(page.nbytes))


def _check_coding(page: Any, bits: int, kind: int) -> None:
    """Refuse predictors and subsampling that tifffile would undo wrongly or not at all."""
    if page.predictor != 1 and page.compression == _PLAIN:  # libtiff and tifffile differ on it
        raise _unsupported(
            msg(
                "has a predictor ({predictor}) and is not compressed", predictor=int(page.predictor)
            )
        )
    if page.predictor != 1 and page.compression != _JPEG:
        fits = {
            _HORIZONTAL: kind != _FLOAT and bits in _WHOLE_BYTES,
            _FLOATING_POINT: kind == _FLOAT,
        }
        if not fits.get(int(page.predictor), False):
            raise _unsupported(
                msg(
                    "has a predictor ({predictor}) on {bits}-bit values",
                    predictor=int(page.predictor),
                    bits=bits,
                )
            )
    if page.compression == _JPEG and bits != 8:
        raise _unsupported(msg("holds a JPEG of {bits} bits", bits=bits))
    if page.photometric == _YCBCR and page.compression != _JPEG and page.is_subsampled:
        raise _unsupported(msg("has subsampled colour (YCbCr) that is no JPEG"))


def _check_segments(page: Any, size: int) -> None:
    """Refuse strips and tiles that are not there: tifffile leaves them black."""
    offsets, counts = page.dataoffsets, page.databytecounts
    expected = 1
    for number in page.chunked:
        expected *= int(number)
    bare = page.compression == _PLAIN and expected == 1
    if not counts and bare and offsets:  # writers before TIFF 5 left the counts out
        counts = (page.nbytes,)
    whole = len(offsets) >= expected and len(counts) >= expected
    if page.compression == _PLAIN and whole:
        whole = sum(counts[:expected]) * 8 >= page.imagelength * page.imagewidth * int(
            page.bitspersample
        ) * int(page.samplesperpixel)
    missing = sum(
        not (at > 0 and count > 0 and at + _needed_bytes(page, index, count) <= size)
        for index, (at, count) in enumerate(zip(offsets[:expected], counts, strict=False))
    )
    if missing or not whole:
        fields = {"missing": missing or msg("some"), "expected": expected}
        if page.is_tiled:
            raise CorruptFile(
                msg(
                    "The TIFF file lacks {missing} of its {expected} tiles: it is cut short, or "
                    "part of the film was never written. Export the film again.",
                    **fields,
                )
            )
        raise CorruptFile(
            msg(
                "The TIFF file lacks {missing} of its {expected} strips: it is cut short, or part "
                "of the film was never written. Export the film again.",
                **fields,
            )
        )


def _needed_bytes(page: Any, index: int, count: int) -> int:
    """Return how many of a segment's bytes hold pixels: some writers overstate the last strip's."""
    if page.compression != _PLAIN or page.is_tiled:
        return count
    rows = min(int(page.rowsperstrip), int(page.imagelength))
    strips = ceil(int(page.imagelength) / rows)
    samples = int(page.samplesperpixel) if page.planarconfig == 1 else 1
    row_bytes = ceil(int(page.imagewidth) * samples * int(page.bitspersample) / 8)
    return min(count, row_bytes * min(rows, int(page.imagelength) - index % strips * rows))


def _check_jpegs(page: Any, content: bytes) -> None:
    """Decode each JPEG strictly first: the decoder that tifffile uses lets damage pass."""
    tables = (page.jpegtables or b"").removesuffix(b"\xff\xd9")
    for at, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        segment = content[at : at + count]
        decode_jpeg(read_jpeg(tables + segment[2:] if tables else segment))


def _picture(page: Any, levels: Levels, orientation: int) -> Picture:
    """Return (H, W) or (H, W, 3) levels with what is needed to show them."""
    # tifffile's own order: planes, depth, rows, columns, samples.
    levels = np.moveaxis(levels[:, 0, :, :, 0], 0, -1) if levels.shape[0] > 1 else levels[0, 0]
    photometric, bits = int(page.photometric), int(page.bitspersample)
    channels = _COLOUR_CHANNELS[photometric]
    kinds = tuple(int(kind) for kind in page.extrasamples)
    alpha = levels[..., channels] if kinds[:1] == (_ALPHA,) else None
    if alpha is not None and (alpha.dtype.kind != "u" or bits not in (8, 16)):
        raise _unsupported(msg("has a transparent channel of {bits} bits", bits=bits))
    base = levels[..., :channels] if levels.dtype != np.bool_ else levels.astype(np.uint8)
    if channels == 1:
        base = base[..., 0]
    if photometric == _PALETTE:
        base, bits = _resolved(base, page.tags.valueof(320), bits), 8
    elif photometric == _SEPARATED:
        base = np.asarray(Image.fromarray(np.ascontiguousarray(base), "CMYK").convert("RGB"))
    elif photometric == _YCBCR and page.compression != _JPEG:
        base = np.asarray(Image.fromarray(np.ascontiguousarray(base), "YCbCr").convert("RGB"))
    if base.dtype == np.bool_:
        base = base.astype(np.uint8)
    inverted = photometric == _WHITE_IS_ZERO
    return Picture(base, bits, alpha=alpha, white_is_zero=inverted, orientation=orientation)


def _resolved(indices: Levels, colour_map: Any, bits: int) -> Levels:
    """Look colours up; a map whose entries are all below 256 has 8 bits, as libtiff holds it."""
    colours = np.asarray(() if colour_map is None else colour_map)
    if colours.size != 3 * 2**bits:
        raise CorruptFile(
            msg(
                "The TIFF file's colour map does not have the {entries} entries that {bits} bits "
                "need. Export the film again, as grey.",
                entries=3 * 2**bits,
                bits=bits,
            )
        )
    colours = colours.reshape(3, -1)
    shallow = colours if colours.max() < 256 else colours >> 8
    resolved: Levels = shallow.T.astype(np.uint8)[indices]
    return resolved


def _name(kinds: Any, page: Any) -> str:
    """Return how the standard calls a compression or photometric interpretation."""
    value = page.compression if kinds is tifffile.COMPRESSION else page.photometric
    try:
        return str(kinds(value).name)
    except ValueError:
        return str(int(value))


def _unsupported(what: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        msg(
            "The TIFF file {what}; that is not read here. Save the film as PNG, or as a TIFF "
            "with one grey channel of 8 or 16 bits.",
            what=what,
        )
    )
