"""What the quality gate must refuse: drawn pages, and pictures that come with the libraries."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.domain.arrays import FloatImage, read_only
from core.domain.film import Radiograph
from core.errors import RadiographError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import resize_film

Named = tuple[str, Radiograph]

SLICES = ("CT_small.dcm", "MR_small.dcm", "693_J2KI.dcm", "examples_overlay.dcm", "JPEG2000.dcm")
"""Slices of several kinds that come with pydicom."""

ENOUGH_PX = 512
WORDS = (
    "film",
    "of",
    "the",
    "child",
    "shows",
    "both",
    "lungs",
    "and",
    "a",
    "report",
    "names",
    "fever",
)


def as_film(pixels: FloatImage) -> Radiograph:
    """Return grey values as if they had been decoded from a file that states nothing."""
    return Radiograph(read_only(np.ascontiguousarray(pixels)), sha256="", source_format="PNG")


def _paper(seed: int, grey: int) -> tuple[Image.Image, ImageDraw.ImageDraw, np.random.Generator]:
    rng = np.random.default_rng(seed)
    side = (int(rng.integers(480, 900)), int(rng.integers(480, 900)))
    picture = Image.new("L", side, grey)
    return picture, ImageDraw.Draw(picture), rng


def _grey(picture: Image.Image) -> FloatImage:
    return np.asarray(picture, np.float32) / np.float32(255)


def draw_text_page(seed: int) -> FloatImage:
    """Draw a page of running text, black on white or, for odd seeds, white on black."""
    picture, pen, rng = _paper(seed, 255)
    font = ImageFont.load_default(size=int(rng.integers(12, 30)))
    text = " ".join(rng.choice(WORDS, 400))
    pen.multiline_text((30, 30), "\n".join(textwrap.wrap(text, 60)), fill=0, font=font)
    page = _grey(picture)
    return np.float32(1) - page if seed % 2 else page


def draw_shapes(seed: int) -> FloatImage:
    """Draw overlapping ellipses, boxes and lines of random greys."""
    picture, pen, rng = _paper(seed, int(seed * 37 % 256))
    for _ in range(25):
        x, y = rng.integers(0, picture.width), rng.integers(0, picture.height)
        box = (int(x), int(y), int(x + rng.integers(20, 300)), int(y + rng.integers(20, 300)))
        draw = (pen.ellipse, pen.rectangle)[int(rng.integers(2))]
        draw(box, fill=int(rng.integers(256)))
        pen.line(box, fill=int(rng.integers(256)), width=int(rng.integers(1, 9)))
    return _grey(picture)


def draw_chart(seed: int) -> FloatImage:
    """Draw a bar chart with axes, as a page of a report has."""
    picture, pen, rng = _paper(seed, 250)
    width, height = picture.size
    pen.line((60, 30, 60, height - 50, width - 30, height - 50), fill=20, width=3)
    for number, left in enumerate(range(90, width - 60, 50)):
        top = int(rng.integers(60, height - 80))
        pen.rectangle((left, top, left + 30, height - 50), fill=int(rng.integers(40, 200)))
        pen.text((left, height - 40), f"{number + 1}", fill=20)
    return _grey(picture)


def draw_sketched_chest(seed: int) -> FloatImage:
    """Draw a chest as a child would: two dark ellipses in a bright body."""
    picture, pen, rng = _paper(seed, 10)
    width, height = picture.size
    pen.rounded_rectangle((width * 0.1, height * 0.1, width * 0.9, height), 60, fill=190)
    for middle in (0.32, 0.68):
        x, half = middle * width, width * rng.uniform(0.1, 0.16)
        top, bottom = height * rng.uniform(0.15, 0.25), height * rng.uniform(0.65, 0.85)
        pen.ellipse((x - half, top, x + half, bottom), fill=int(rng.integers(30, 90)))
    return _grey(picture)


def photographs() -> Iterator[Named]:
    """Decode the pictures that come with scikit-image, each whole and in quarters."""
    import skimage

    for path in sorted(Path(skimage.data_dir).glob("*.[pj][np]g")):
        whole = decode_radiograph(path.read_bytes())
        yield path.stem, whole
        rows, columns = whole.height_px // 2, whole.width_px // 2
        for quarter, (top, left) in enumerate(((0, 0), (0, columns), (rows, 0), (rows, columns))):
            part = read_only(np.array(whole.pixels[top : top + rows, left : left + columns]))
            yield f"{path.stem}, quarter {quarter + 1}", replace(whole, pixels=part)


def other_dicom(folder: Path) -> Iterator[Named]:
    """Decode the DICOM files of a folder and of pydicom that show no chest."""
    from pydicom.data import get_testdata_file

    paths = sorted(folder.glob("RG*.dcm"))
    paths += [Path(str(get_testdata_file(name, download=False))) for name in SLICES]
    for path in paths:
        try:
            yield path.stem, decode_radiograph(path.read_bytes(), file_name=path.name)
        except RadiographError:
            continue  # nothing to gate: the file is refused before, whatever it shows


def chest_dicom(folder: Path) -> Iterator[Named]:
    """Decode the DICOM files of a folder that show a chest."""
    for path in sorted({*folder.glob("*chest*.dcm"), *folder.glob("1.*.dcm")}):
        yield path.stem[:24], decode_radiograph(path.read_bytes())


def stating_nothing(film: Radiograph) -> Radiograph:
    """Take away what a file says of itself, and its smallness: only its look is left."""
    scale = max(1.0, ENOUGH_PX / min(film.pixels.shape))
    height, width = (round(side * scale) for side in film.pixels.shape)
    pixels = read_only(np.array(resize_film(film.pixels, height, width)))
    return replace(film, pixels=pixels, modality="", body_part="", view_position="")
