"""From stored DICOM values to grey in [0, 1]: modality LUT, VOI LUT or window, polarity.

The order is the standard's (PS3.3 C.11.1, C.11.2; PS3.4 N.2). It is applied to a table with one
entry a stored value, and the film is looked up in that table: exact, and cheap in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, FloatVector
from core.domain.film import Window
from core.errors import CorruptFile, InvalidWindow

StoredImage = npt.NDArray[np.integer]
BoolVector = npt.NDArray[np.bool_]

ROWS_A_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1).

    ``entries[i]`` is the output for the input ``first + i``; inputs outside take the nearest entry.
    ``bits`` is the depth of the output.
    """

    first: int
    bits: int
    entries: FloatVector

    def look_up(self, values: FloatVector) -> FloatVector:
        """Return the entries of these inputs."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1)
        outputs: FloatVector = self.entries[index.astype(np.int64)]
        return outputs


@dataclass(frozen=True, slots=True, eq=False)
class Tones:
    """Everything in a DICOM header that decides how stored values are shown.

    Attributes
    ----------
    slope, intercept : float
        Used where there is no modality LUT.
    voi_lut, window : LookupTable or None, Window or None
        The LUT wins where a file has both.
    window_function : str
        ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``.
    inverted : bool
        True for MONOCHROME1: the smallest value is white.
    padding : (int, int) or None
        Stored values, ends included, that mark the area around the film; shown black.
    """

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: LookupTable | None = None
    voi_lut: LookupTable | None = None
    window: Window | None = None
    window_function: str = "LINEAR"
    inverted: bool = False
    padding: tuple[int, int] | None = None


def apply_tones(stored: StoredImage, tones: Tones) -> FloatImage:
    """Return a film's grey levels.

    Without VOI LUT and window, the smallest value that occurs becomes 0 and the largest 1, padding
    left out.

    Parameters
    ----------
    stored : (H, W) integer ndarray of 8 or 16 bits
        Values as decoded, before the modality LUT.
    tones : Tones
        What the header says.

    Returns
    -------
    (H, W) float32 ndarray in [0, 1], MONOCHROME2 sense.

    Raises
    ------
    InvalidWindow
        If the window's width or center is outside what DICOM allows, or its function is unknown.
    CorruptFile
        If rescale and window numbers leave no finite grey.
    """
    low, high = int(stored.min()), int(stored.max())
    occurs = np.zeros(high - low + 1, dtype=np.bool_)
    for rows in _row_blocks(stored):
        occurs[stored[rows].astype(np.int32) - low] = True
    curve = tone_curve(np.arange(low, high + 1), occurs, tones)
    pixels = np.empty(stored.shape, dtype=np.float32)
    for rows in _row_blocks(stored):
        np.take(curve, stored[rows].astype(np.int32) - low, out=pixels[rows])
    return pixels


def tone_curve(levels: npt.NDArray[np.int64], occurs: BoolVector, tones: Tones) -> FloatImage:
    """Return the grey of each stored level, (N,) float32; ``occurs`` marks those in the film."""
    padding = _is_padding(levels, tones)
    values = modality_values(levels.astype(np.float64), tones)
    if tones.voi_lut is not None:
        grey = tones.voi_lut.look_up(values) / (2**tones.voi_lut.bits - 1)
    elif tones.window is not None:
        grey = windowed(values, tones.window, tones.window_function)
    else:
        grey = _full_range(values, occurs & ~padding)
    if not np.isfinite(grey).all():
        raise CorruptFile(
            "The DICOM file's rescale or window numbers are so large that no grey is left. "
            "Export the film again."
        )
    shown = np.clip(1.0 - grey if tones.inverted else grey, 0.0, 1.0)
    shown[padding] = 0.0
    curve: FloatImage = shown.astype(np.float32)
    return curve


def modality_values(stored: FloatVector, tones: Tones) -> FloatVector:
    """Apply the modality LUT, or else slope and intercept (PS3.3 C.11.1)."""
    if tones.modality_lut is not None:
        return tones.modality_lut.look_up(stored)
    return stored * tones.slope + tones.intercept


def windowed(values: FloatVector, window: Window, function: str = "LINEAR") -> FloatVector:
    """Apply a window; 0 and 1 stand for the darkest and brightest output.

    Raises
    ------
    InvalidWindow
        If center or width is not finite, the width is below 1 for LINEAR or not above 0 otherwise,
        or the function is unknown.

    References
    ----------
    .. [1] DICOM PS3.3 C.11.2.1.2.1 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (linear exact)
    """
    center, width = window.center, window.width
    if not (np.isfinite(center) and np.isfinite(width)):
        raise InvalidWindow(
            "The DICOM window is not a number. Export the film with another window."
        )
    if width <= 0 or (function == "LINEAR" and width < 1):
        limit = "at least 1" if function == "LINEAR" else "above 0"
        raise InvalidWindow(
            f"The DICOM window has the width {width:g}; for {function} it must be {limit}. "
            "Export the film with another window."
        )
    if function == "LINEAR":
        if width == 1:
            return (values > center - 0.5).astype(np.float64)
        return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if function == "SIGMOID":
        steepness = np.clip(-4.0 * (values - center) / width, -700.0, 700.0)
        return 1.0 / (1.0 + np.exp(steepness))
    raise InvalidWindow(
        f"The DICOM file asks for the window function {function}; LINEAR, LINEAR_EXACT and SIGMOID "
        "are read here. Export the film with another window."
    )


def _full_range(values: FloatVector, shown: BoolVector) -> FloatVector:
    """Map the smallest value that occurs to 0 and the largest to 1."""
    if not shown.any():
        return np.zeros_like(values)
    low, high = values[shown].min(), values[shown].max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def _is_padding(levels: npt.NDArray[np.int64], tones: Tones) -> BoolVector:
    """Mark the stored values that lie in the padding range (PS3.3 C.7.5.1.1.2)."""
    if tones.padding is None:
        return np.zeros(levels.shape, dtype=np.bool_)
    low, high = sorted(tones.padding)
    return (levels >= low) & (levels <= high)


def _row_blocks(stored: StoredImage) -> Iterator[slice]:
    """Cut the film into bands, so that index arrays stay small."""
    for start in range(0, stored.shape[0], ROWS_A_BLOCK):
        yield slice(start, start + ROWS_A_BLOCK)
