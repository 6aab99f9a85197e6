"""A few small films laid out as the published set, for the dataset tests."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from core.dataset_manifest import Manifest

FILMS = {
    "train/NORMAL/IM-0115-0001.jpeg": 1,
    "train/NORMAL/NORMAL2-IM-0115-0001.jpeg": 2,
    "train/PNEUMONIA/person1_bacteria_1.jpeg": 3,
    "train/PNEUMONIA/person1_bacteria_2.jpeg": 4,
    "train/PNEUMONIA/person2_virus_3.jpeg": 5,
    "val/NORMAL/NORMAL2-IM-1427-0001.jpeg": 6,
    "val/PNEUMONIA/person1946_bacteria_4874.jpeg": 7,
    "test/NORMAL/IM-0001-0001.jpeg": 8,
    "test/PNEUMONIA/person1_virus_6.jpeg": 9,
}
MANIFEST = Manifest(
    handle="owner/stand-in",
    counts={
        "train/NORMAL": 2,
        "train/PNEUMONIA": 3,
        "val/NORMAL": 1,
        "val/PNEUMONIA": 1,
        "test/NORMAL": 1,
        "test/PNEUMONIA": 1,
    },
    spot_sha256={},
)


def draw_film(seed: int) -> Image.Image:
    """Return 96 x 96 px of smooth noise; two seeds share nothing."""
    coarse = np.random.default_rng(seed).integers(30, 200, (8, 8), dtype=np.uint8)
    return Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC)


def encode_film(image: Image.Image, quality: int = 95, file_format: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, quality=quality)
    return buffer.getvalue()


def write_films(folder: Path, films: Mapping[str, int] = FILMS) -> Path:
    """Write one film for each name and seed, and return the folder."""
    for film_id, seed in films.items():
        write_bytes(folder / film_id, encode_film(draw_film(seed)))
    return folder


def write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
