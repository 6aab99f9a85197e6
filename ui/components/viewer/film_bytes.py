"""A film as the bytes that travel to the browser.

The pixels go uncompressed. For 3000 x 3000 pixels of film grain, on two cores: raw 8 bit 24 ms and
9.0 MB, raw 16 bit 29 ms and 18.0 MB, PNG level 1 282 ms and 4.5 MB (16 bit: 767 ms and 14.9 MB),
zlib level 1 on row differences 102 ms and 4.4 MB. Compressing pays only below about 200 Mbit/s, and
the browser would have to undo it. So 16 bit costs bandwidth but no time, and is used for every film
that has more than 256 grey levels, where a narrow window shows the difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from core.imaging.display import DisplayedFilm


@dataclass(frozen=True, slots=True, eq=False)
class FilmView:
    """What the viewer needs of one film.

    Attributes
    ----------
    film_id : str
        Name under which the browser keeps this film's pixels.
    sha256 : str
        Identifies the pixels: equal sha256 and size are taken to be the same film.
    alt_text : str
        What a screen reader says of the film; no patient identifier.
    content : bytes
        From `encode_film`.
    """

    film_id: str
    sha256: str
    alt_text: str
    content: bytes
    pixel_spacing_mm: tuple[float, float] | None
    synthetic: bool

    @classmethod
    def of(cls, sha256: str, shown: DisplayedFilm, alt_text: str) -> Self:
        """Return what the viewer needs of a film that is brought to the screen's levels."""
        film_id = f"{sha256}-{shown.width_px}x{shown.height_px}"
        content = encode_film(film_id, shown)
        return cls(film_id, sha256, alt_text, content, shown.pixel_spacing_mm, shown.synthetic)


def encode_film(film_id: str, shown: DisplayedFilm) -> bytes:
    """Return one film as a length-prefixed JSON header and raw little-endian grey levels.

    Returns
    -------
    bytes
        uint32 length of the header; the header (``film``, ``width``, ``height`` of what is sent,
        ``filmWidth``, ``filmHeight``, ``bits`` 8 or 16); the pixels, row by row.
    """
    levels = shown.levels
    header = {
        "film": film_id,
        "width": levels.shape[1],
        "height": levels.shape[0],
        "filmWidth": shown.width_px,
        "filmHeight": shown.height_px,
        "bits": 8 * levels.itemsize,
    }
    prefix = json.dumps(header).encode()
    return b"".join([len(prefix).to_bytes(4, "little"), prefix, levels.data.cast("B")])
