"""Uploaded bytes become a radiograph, or one sentence that says why not.

The kind of file is read from its first bytes, never from its name. JPEG is read in
:mod:`core.imaging.jpeg`, TIFF in :mod:`core.imaging.tiff`, PNG and BMP here through Pillow, DICOM
in :mod:`core.imaging.dicom.reader`. :mod:`core.imaging.grey` says how levels become grey.

Memory: 40 megapixels in colour need about 0.5 GB while they are decoded, in grey 0.3 GB.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from io import BytesIO
from math import ceil

import imagecodecs
import numpy as np
from PIL import Image, ImageFile

from core.domain.arrays import read_only
from core.domain.film import MAX_FILM_PIXELS, SYNTHETIC_KEY, Radiograph, Turn
from core.errors import CorruptFile, RadiographError, TooLarge, UnsupportedFormat
from core.imaging.exif import stated_orientation, upright
from core.imaging.grey import Levels, Picture, check_decoded_bytes, to_grey
from core.imaging.header_checks import PNG_CHANNELS, PngHeader, check_png, check_png_data
from core.imaging.jpeg import decode_jpeg, read_jpeg
from core.language.words import msg
from core.settings import get_settings

MIN_SIDE_PX = 2

_PNG_PALETTE = 3
_PICTURES = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
)
_PICTURE_MAGICS = tuple(magic for magic, _ in _PICTURES)
_FOREIGN = (
    (b"GIF8", msg("a GIF picture")),
    (b"%PDF", msg("a PDF document")),
    (b"PK\x03\x04", msg("a ZIP archive or an office document")),
    (b"RIFF", msg("a WebP picture, sound or film clip")),
    (b"\x1f\x8b", msg("a gzip archive")),
    (b"\x00\x00\x00\x0cjP", msg("a JPEG 2000 picture")),
    (b"II+\x00", msg("a BigTIFF file")),
    (b"MM\x00+", msg("a BigTIFF file")),
    (b"<", msg("a web page or other marked-up text")),
)


def decode_radiograph(
    content: bytes, *, file_name: str = "", invert: bool = False, turn: Turn = Turn.NONE
) -> Radiograph:
    """Decode one uploaded film.

    Parameters
    ----------
    content : bytes
        The whole file, at most as large as the site's setting allows.
    file_name : str
        Only to name the file in a sentence; the kind of file is read from its bytes.
    invert : bool
        True for a film stored with black and white exchanged and not declared so.
    turn : Turn
        What brings a film upright that is stored turned and not declared so.

    Returns
    -------
    Radiograph
        Pixels (H, W) float32 in [0, 1], at most 40 megapixels, upright after the Exif orientation.

    Raises
    ------
    UnsupportedFormat
        If the bytes are not JPEG, PNG, TIFF, BMP or DICOM, or hold more than one image.
    TooLarge
        If the file is over the site's limit, the image over 40 megapixels, or memory runs out.
    CorruptFile
        If the file is empty, cut short or damaged.
    UnsupportedTransferSyntax
        If a DICOM file's pixels are encoded in a way that is not read here.
    """
    name = file_name or msg("The file")
    check_file_size(content, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd values are judged here, not on the console
            radiograph = _decode(content, name)
    except RadiographError:
        raise
    except (Image.DecompressionBombError, MemoryError) as exc:
        raise TooLarge(
            msg(
                "{name} unpacks to far more than a film; the limit is {most:.0f} megapixels. "
                "Export the film at a lower resolution.",
                name=name,
                most=MAX_FILM_PIXELS / 1e6,
            )
        ) from exc
    except Exception as exc:
        # Hostile bytes make Pillow and pydicom raise nearly anything; a page shows only sentences.
        raise CorruptFile(
            msg(
                "{name} cannot be read to its end: it is cut short, damaged, or of a kind that "
                "is not read here. Export the film again, as DICOM, PNG or JPEG.",
                name=name,
            )
        ) from exc
    if invert:
        radiograph = replace(radiograph, pixels=read_only(np.float32(1.0) - radiograph.pixels))
    return _turned(radiograph, turn)


def _turned(film: Radiograph, turn: Turn) -> Radiograph:
    """Return a film as it lies after a turn; what its file states of rows is of columns then."""
    if turn is Turn.NONE:
        return film
    spacing = film.pixel_spacing_mm
    if spacing is not None and turn.quarters % 2:
        spacing = spacing[::-1]
    pixels = read_only(np.ascontiguousarray(np.rot90(film.pixels, turn.quarters)))
    return replace(film, pixels=pixels, pixel_spacing_mm=spacing)


def check_file_size(content: bytes, name: str) -> None:
    """Refuse a file that is empty, or larger than the site's setting allows.

    Raises
    ------
    CorruptFile, TooLarge
        As they say.
    """
    if not content:
        raise CorruptFile(msg("{name} is empty (0 bytes). Export the film again.", name=name))
    limit_mb = get_settings().max_film_mb
    if len(content) > limit_mb * 1_000_000:
        size_mb = ceil(len(content) / 1e5) / 10
        raise TooLarge(
            msg(
                "{name} has {size_mb} MB; the limit is {limit_mb} MB. Export the film at a "
                "lower resolution.",
                name=name,
                size_mb=size_mb,
                limit_mb=limit_mb,
            )
        )


def _decode(content: bytes, name: str) -> Radiograph:
    """Send the bytes to the reader that their beginning asks for."""
    sha256 = hashlib.sha256(content).hexdigest()
    # A file may be TIFF and DICOM at once: the mark of DICOM comes first.
    if content[128:132] == b"DICM" or not content.startswith(_PICTURE_MAGICS):
        # Deferred: pydicom takes a third of a second to load, and the first page should not wait.
        from core.imaging.dicom.reader import decode_dicom, looks_like_dicom  # noqa: PLC0415

        if looks_like_dicom(content):
            return decode_dicom(content, sha256)
    for magic, picture_format in _PICTURES:
        if content.startswith(magic):
            return _decode_picture(content, sha256, picture_format)
    kind = next(
        (kind for magic, kind in _FOREIGN if content.startswith(magic)), msg("something else")
    )
    raise UnsupportedFormat(
        msg(
            "{name} is not a film: its content is {kind}. Upload DICOM, JPEG, PNG, TIFF or BMP.",
            name=name,
            kind=kind,
        )
    )


def _decode_picture(content: bytes, sha256: str, picture_format: str) -> Radiograph:
    """Decode JPEG, PNG, TIFF or BMP."""
    if picture_format == "JPEG":
        picture = _read_jpeg_file(content)
    elif picture_format == "TIFF":
        # Deferred: tifffile is needed for few films, and the first page should not wait.
        from core.imaging.tiff import read_tiff  # noqa: PLC0415

        picture = read_tiff(content)
    else:
        picture = _read_png(content) if picture_format == "PNG" else _read_bmp(content)
    _check_side(picture.levels.shape[1], picture.levels.shape[0])
    grey = to_grey(picture)
    pixels = np.ascontiguousarray(upright(grey.pixels, picture.orientation))
    return Radiograph(
        pixels=read_only(pixels),
        sha256=sha256,
        source_format=picture_format,
        bits_stored=grey.bits_stored,
        colourfulness=grey.colourfulness,
        synthetic=picture.synthetic,
    )


def _read_jpeg_file(content: bytes) -> Picture:
    """Read the first picture of a JPEG file; a camera's previews lie behind it."""
    jpeg = read_jpeg(content)
    _check_size(jpeg.columns, jpeg.rows)
    levels = decode_jpeg(jpeg)
    if levels.ndim == 3 and levels.shape[2] == 4:  # Adobe stores the ink inverted
        inks = Image.fromarray(255 - np.ascontiguousarray(levels), "CMYK")
        levels = np.asarray(inks.convert("RGB"))
    return Picture(levels, jpeg.bits, orientation=stated_orientation(jpeg.exif))


def _read_png(content: bytes) -> Picture:
    """Read a PNG file, all of whose chunks and data have to be there."""
    header = check_png(content)
    _check_size(header.width, header.height)
    with Image.open(BytesIO(content), formats=("PNG",)) as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1:
            raise UnsupportedFormat(
                msg(
                    "The file holds {frames} images; a film is one image. Save the image with "
                    "the film as a file of its own.",
                    frames=frames,
                )
            )
        # Pillow has only 8 bits for colour and transparency. libpng, which imagecodecs calls, is
        # faster too, and refuses data that ends early unless the rows are interlaced.
        plain = header.bits >= 8 and header.colour_type != _PNG_PALETTE
        if header.interlaced or not plain:
            check_png_data(content, header)
        if header.bits == 16 or (plain and not header.interlaced and not header.has_transparency):
            channels = PNG_CHANNELS.get(header.colour_type, 4)
            check_decoded_bytes(header.bits // 8 * channels * header.width * header.height)
            levels, alpha = _apart(_of_libpng(content, header))
            read = Picture(levels, header.bits, alpha)
        else:
            read = _of_pillow(picture)
    synthetic = SYNTHETIC_KEY.encode() in header.keywords
    return replace(read, orientation=stated_orientation(header.exif), synthetic=synthetic)


def _of_libpng(content: bytes, header: PngHeader) -> Levels:
    """Return a PNG's levels, (H, W) or (H, W, C)."""
    try:
        levels: Levels = imagecodecs.png_decode(content)
    except RuntimeError as exc:
        check_png_data(content, header)  # names what is missing
        raise CorruptFile(msg("The PNG file's data is damaged. Export the film again.")) from exc
    return levels


def _read_bmp(content: bytes) -> Picture:
    """Read a BMP file."""
    with Image.open(BytesIO(content), formats=("BMP",)) as picture:
        _check_size(*picture.size)
        return _of_pillow(picture)


def _of_pillow(picture: Image.Image) -> Picture:
    """Return the levels of a picture with 8 bits or less a channel."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries of the process may have set it
    picture.load()
    if picture.has_transparency_data:
        levels, alpha = _apart(np.asarray(picture.convert("RGBA")))
        return Picture(levels, 8, alpha)
    if picture.mode == "1":
        return Picture(np.asarray(picture).astype(np.uint8), 1)
    return Picture(np.asarray(picture.convert("L" if picture.mode == "L" else "RGB")), 8)


def _apart(levels: Levels) -> tuple[Levels, Levels | None]:
    """Split levels from their alpha channel."""
    if levels.ndim == 2:
        return levels, None
    transparent = levels.shape[2] in (2, 4)
    colours = levels[..., :-1] if transparent else levels
    grey_or_colour = colours if colours.shape[2] == 3 else colours[..., 0]
    return grey_or_colour, levels[..., -1] if transparent else None


def _check_size(width: int, height: int) -> None:
    """Refuse sizes out of bounds, before any pixel is decoded."""
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
    _check_side(width, height)


def _check_side(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE_PX:
        raise UnsupportedFormat(
            msg(
                "The image has {width} x {height} pixels; a film has at least {least} on a side.",
                width=width,
                height=height,
                least=MIN_SIDE_PX,
            )
        )
