"""A decoded film."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.arrays import FloatImage

MAX_FILM_PIXELS = 40_000_000

SYNTHETIC_KEY = "Synthetic"
"""Under this key an image file states that its film is synthetic."""


def printable(words: str) -> str:
    """Return words without control and bidi characters, which turn or hide what stands beside."""
    return "".join(c if c.isprintable() else "\ufffd" for c in words)


@dataclass(frozen=True, slots=True)
class Window:
    """A linear DICOM window, in stored units after the modality LUT (PS3.3 C.11.2.1.2)."""

    center: float
    width: float


class AgeBand(StrEnum):
    """Coarse age, so that no date of birth travels with a film."""

    UNDER_1 = "under 1 year"
    CHILD_1_TO_5 = "1 to 5 years"
    CHILD_6_TO_17 = "6 to 17 years"
    ADULT = "adult"
    UNKNOWN = "age not stated"


class Turn(StrEnum):
    """How a film is turned before it is read: a quarter to the left, half, a quarter to the right.

    A mirrored film is never brought right: a turn keeps the patient's sides.
    """

    NONE = "none"
    LEFT = "left"
    OVER = "over"
    RIGHT = "right"

    @classmethod
    def of(cls, quarters: int) -> Turn:
        """Return so many quarter turns to the left as one turn."""
        return list(cls)[quarters % 4]

    @property
    def quarters(self) -> int:
        """Quarter turns to the left, 0 to 3, as `numpy.rot90` counts them."""
        return list(Turn).index(self)

    def then(self, turn: Turn) -> Turn:
        """Return this turn and another one after it as one turn."""
        return Turn.of(self.quarters + turn.quarters)


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One decoded film.

    Attributes
    ----------
    pixels : (H, W) float32 ndarray in [0, 1], read-only
        MONOCHROME2 sense: air dark, bone bright, after the window.
    sha256 : str
        Of the uploaded bytes, 64 hexadecimal digits.
    source_format : str
        ``JPEG``, ``PNG``, ``TIFF``, ``BMP`` or ``DICOM``.
    bits_stored : int
        Grey-level depth of the file, 1 to 16.
    modality, body_part, view_position : str
        As a DICOM file states them, otherwise empty.
    pixel_spacing_mm : (float, float) or None
        Row and column spacing in mm, where the file states it.
    window : Window or None
        The window that was applied, if any.
    colourfulness : float
        Mean absolute difference between colour channels of a small version, 0 (grey or one tint)
        to 1.
    synthetic : bool
        Whether the file states that the film was drawn.
    display_note : str
        A sentence where the film is not shown as its file asks, and how it is shown; else empty.
    """

    pixels: FloatImage
    sha256: str
    source_format: str
    bits_stored: int = 8
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    age_band: AgeBand = AgeBand.UNKNOWN
    pixel_spacing_mm: tuple[float, float] | None = None
    window: Window | None = None
    colourfulness: float = 0.0
    synthetic: bool = False
    display_note: str = ""

    @property
    def height_px(self) -> int:
        """Rows of the film."""
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        """Columns of the film."""
        return int(self.pixels.shape[1])
