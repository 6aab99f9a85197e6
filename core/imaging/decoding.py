"""Uploaded bytes become a radiograph, or one sentence that says why not.

The kind of file is read from its first bytes, never from its name. Pictures (JPEG, PNG, TIFF, BMP)
are read here through Pillow, DICOM in :mod:`core.imaging.dicom.reader`. Grey values map to [0, 1]
like this:

========================  ======================================================================
8 bits and less           value / 255
9 to 15 bits, declared    value / full scale of the declared depth
16 bits                   value / the smallest of 255, 1023, 4095, 16383, 65535 that is not below
                          the brightest pixel: 12 bits in a 16-bit file would else be almost black
float, signed, 32 bits    minimum to 0, maximum to 1
colour                    luma after ITU-R BT.601, as Pillow's mode L
transparent               laid on black
========================  ======================================================================

Memory: 40 megapixels in colour need about 0.5 GB while they are decoded, in grey 0.3 GB.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from io import BytesIO
from math import ceil

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

from core.domain.arrays import FloatImage, read_only
from core.domain.film import MAX_FILE_BYTES, MAX_FILM_PIXELS, SYNTHETIC_KEY, Radiograph
from core.errors import CorruptFile, RadiographError, TooLarge, UnsupportedFormat
from core.imaging.header_checks import check_exif, check_jpeg, check_png, check_tiff

MIN_SIDE_PX = 2

_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
)
_PICTURE_MAGICS = tuple(magic for magic, _ in _PICTURES)
_FOREIGN = (
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"RIFF", "a WebP picture, sound or film clip"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 picture"),
    (b"II+\x00", "a BigTIFF file"),
    (b"MM\x00+", "a BigTIFF file"),
    (b"<", "a web page or other marked-up text"),
)
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_FULL_SCALES = (255, 1023, 4095, 16383, 65535)
_TIFF_BITS, _TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0

# Kinds of grey TIFF that Pillow can unpack and does not list: big-endian 16-bit WhiteIsZero, and 12
# bits (packed highest bit first in either byte order) outside little-endian BlackIsZero.
TiffImagePlugin.OPEN_INFO.update(
    {
        (b"MM", 0, (1,), 1, (16,), ()): ("I;16B", "I;16B"),
        (b"MM", 0, (1,), 1, (12,), ()): ("I;16", "I;12"),
        (b"MM", 1, (1,), 1, (12,), ()): ("I;16", "I;12"),
        (b"II", 0, (1,), 1, (12,), ()): ("I;16", "I;12"),
    }
)


def decode_radiograph(content: bytes, *, file_name: str = "", invert: bool = False) -> Radiograph:
    """Decode one uploaded film.

    Parameters
    ----------
    content : bytes
        The whole file, at most 30 MB.
    file_name : str
        Only to name the file in a sentence; the kind of file is read from its bytes.
    invert : bool
        True for a film stored with black and white exchanged and not declared so.

    Returns
    -------
    Radiograph
        Pixels (H, W) float32 in [0, 1], at most 40 megapixels, upright after the Exif orientation.

    Raises
    ------
    UnsupportedFormat
        If the bytes are not JPEG, PNG, TIFF, BMP or DICOM, or hold more than one image.
    TooLarge
        If the file is over 30 MB, the image over 40 megapixels, or memory runs out.
    CorruptFile
        If the file is empty, cut short or damaged.
    UnsupportedTransferSyntax
        If a DICOM file's pixels are encoded in a way that is not read here.
    InvalidWindow
        If a DICOM file states a window that DICOM does not allow.
    """
    name = file_name or "The file"
    if not content:
        raise CorruptFile(f"{name} is empty (0 bytes). Export the film again.")
    if len(content) > MAX_FILE_BYTES:
        size_mb, limit_mb = ceil(len(content) / 1e5) / 10, MAX_FILE_BYTES / 1e6
        raise TooLarge(
            f"{name} has {size_mb} MB; the limit is {limit_mb:.0f} MB. "
            "Export the film at a lower resolution."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd values are judged here, not on the console
            radiograph = _decode(content, name)
    except RadiographError:
        raise
    except (Image.DecompressionBombError, MemoryError) as exc:
        raise TooLarge(
            f"{name} unpacks to far more than a film; the limit is "
            f"{MAX_FILM_PIXELS / 1e6:.0f} megapixels. Export the film at a lower resolution."
        ) from exc
    except Exception as exc:
        # Hostile bytes make Pillow and pydicom raise nearly anything; a page shows only sentences.
        raise CorruptFile(
            f"{name} cannot be read to its end: it is cut short, damaged, or of a kind that is not "
            "read here. Export the film again, as DICOM, PNG or JPEG."
        ) from exc
    if invert:
        return replace(radiograph, pixels=read_only(np.float32(1.0) - radiograph.pixels))
    return radiograph


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
    kind = next((kind for magic, kind in _FOREIGN if content.startswith(magic)), "something else")
    raise UnsupportedFormat(
        f"{name} is not a film: its content is {kind}. Upload DICOM, JPEG, PNG, TIFF or BMP."
    )


def _decode_picture(content: bytes, sha256: str, picture_format: str) -> Radiograph:
    """Decode JPEG, PNG, TIFF or BMP."""
    _prescan(content, picture_format)
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries of the process may have set it
    with Image.open(BytesIO(content), formats=(picture_format,)) as picture:
        _check_size(picture)
        picture.load()
        orientation = _orientation(picture)
        if picture.mode in _DEEP_MODES:
            pixels, bits_stored, colourfulness = *_deep_grey(picture), 0.0
        else:
            pixels, bits_stored, colourfulness = _shallow_grey(picture)
    return Radiograph(
        pixels=read_only(np.ascontiguousarray(_upright(pixels, orientation))),
        sha256=sha256,
        source_format=picture_format,
        bits_stored=bits_stored,
        colourfulness=colourfulness,
        synthetic=SYNTHETIC_KEY in picture.info,
    )


def _prescan(content: bytes, picture_format: str) -> None:
    """Refuse what would harm while Pillow opens it."""
    if picture_format == "JPEG":
        check_jpeg(content)
    elif picture_format == "TIFF":
        check_tiff(content)
    elif picture_format == "PNG":
        check_png(content)


def _check_size(picture: Image.Image) -> None:
    """Refuse more than one frame and sizes out of bounds, before any pixel is decoded."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        raise UnsupportedFormat(
            f"The file holds {frames} images; a film is one image. "
            "Save the image with the film as a file of its own."
        )
    width, height = picture.size
    if width * height > MAX_FILM_PIXELS:
        megapixels = ceil(width * height / 1e5) / 10
        raise TooLarge(
            f"The image has {width} x {height} pixels ({megapixels} megapixels); the limit is "
            f"{MAX_FILM_PIXELS / 1e6:.0f} megapixels. Export it at a lower resolution."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise UnsupportedFormat(
            f"The image has {width} x {height} pixels; a film has at least {MIN_SIDE_PX} on a side."
        )


def _orientation(picture: Image.Image) -> int:
    """Return the Exif orientation, 1 where none is stated (TIFF is turned by Pillow itself)."""
    exif = picture.info.get("exif")
    if not isinstance(exif, bytes):
        return 1
    check_exif(exif)
    return int(picture.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(pixels: FloatImage, orientation: int) -> FloatImage:
    """Turn and mirror as Exif asks; ``ImageOps.exif_transpose`` also rewrites the whole Exif block.

    References
    ----------
    .. [1] Exif 2.32 (CIPA DC-008), tag 0112H: the stored row 0 and column 0 lie at these sides.
    """
    if 5 <= orientation <= 8:
        pixels = pixels.T
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _shallow_grey(picture: Image.Image) -> tuple[FloatImage, int, float]:
    """Return pixels, depth and colourfulness of a picture with 8 bits or less a channel."""
    if picture.mode in ("1", "L") and not picture.has_transparency_data:
        grey = np.asarray(picture.convert("L"))
        return _scaled(grey, 255), 1 if picture.mode == "1" else 8, 0.0
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        picture = Image.new("RGB", rgba.size)
        picture.paste(rgba, mask=rgba.getchannel("A"))
    elif picture.mode != "RGB":
        picture = picture.convert("RGB")
    return _scaled(np.asarray(picture.convert("L")), 255), 8, _colourfulness(picture)


def _deep_grey(picture: Image.Image) -> tuple[FloatImage, int]:
    """Return pixels and depth of a grey picture with more than 8 bits."""
    levels = np.asarray(picture)
    low, high = float(levels.min()), float(levels.max())
    if levels.dtype.kind == "f" or low < 0 or high > _FULL_SCALES[-1]:
        pixels, bits_stored = _stretched(levels, low, high), 16
    else:
        full_scale = _full_scale(picture, high)
        pixels, bits_stored = _scaled(levels, full_scale), full_scale.bit_length()
    if _tiff_number(picture, _TIFF_PHOTOMETRIC, default=1) == _WHITE_IS_ZERO:
        pixels = np.float32(1.0) - pixels  # Pillow inverts WhiteIsZero up to 8 bits only
    return pixels, bits_stored


def _full_scale(picture: Image.Image, brightest: float) -> int:
    """Return the level that stands for 1.0 (see the module's table)."""
    declared_bits = _tiff_number(picture, _TIFF_BITS, default=16)
    if 8 < declared_bits < 16:
        return int(2**declared_bits - 1)
    return next(scale for scale in _FULL_SCALES if scale >= brightest)


def _tiff_number(picture: Image.Image, tag: int, *, default: int) -> int:
    """Return the first value of a TIFF tag, or the default for other formats."""
    value = getattr(picture, "tag_v2", {}).get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _stretched(levels: npt.NDArray[np.generic], low: float, high: float) -> FloatImage:
    """Map minimum to 0 and maximum to 1; an even picture becomes 0."""
    if not np.isfinite(high - low) or high - low > np.finfo(np.float32).max:
        raise CorruptFile(
            "The picture holds values that are not finite numbers. Export it with 8 or 16 bits."
        )
    span = np.float32(max(high - low, float(np.finfo(np.float32).tiny)))
    pixels: FloatImage = (levels.astype(np.float32) - np.float32(low)) / span
    return np.clip(pixels, 0.0, 1.0)


def _scaled(levels: npt.NDArray[np.generic], full_scale: int) -> FloatImage:
    """Divide by the full scale, in one pass and without a float64 copy."""
    pixels: FloatImage = np.divide(levels, np.float32(full_scale), dtype=np.float32)
    return pixels


def _colourfulness(picture: Image.Image) -> float:
    """Return how far a small version is from one tint, 0 to 1: a film on blue base has one colour.

    The mean absolute difference between channels, after each channel's own straight line from grey
    is taken away.
    """
    small = picture.reduce(max(1, min(picture.size) // 64))
    channels = np.asarray(small, dtype=np.float32).reshape(-1, 3) / np.float32(255)
    grey = channels.mean(axis=1, keepdims=True)
    from_middle = grey - grey.mean()
    spread = float((from_middle**2).sum())
    slope = (from_middle * channels).sum(axis=0) / spread if spread > 0 else np.zeros(3)
    beside = channels - channels.mean(axis=0) - slope * from_middle
    return float(np.abs(beside - np.roll(beside, 1, axis=1)).mean())
