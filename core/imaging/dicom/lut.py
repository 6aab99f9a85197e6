"""From stored DICOM values to grey in [0, 1]: modality LUT, VOI LUT or window, polarity.

The order is the standard's (PS3.3 C.11.1, C.11.2; PS3.4 N.2). It is applied to a table with one
entry a stored value, and the film is looked up in that table: exact, and cheap in memory.

A film is not lost with its window. A LUT or window that cannot be used gives way to the next one,
and the last one to the full range of the values; a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, FloatVector
from core.domain.film import Window
from core.errors import CorruptFile
from core.language.words import msg

StoredImage = npt.NDArray[np.integer]
BoolVector = npt.NDArray[np.bool_]

ROWS_A_BLOCK = 256
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1).

    ``entries[i]`` is the output for the input ``first + i``; inputs outside take the nearest entry.
    ``bits`` is the depth of the output that the file states.
    """

    first: int
    bits: int
    entries: FloatVector

    @property
    def depth(self) -> int:
        """Bits that the largest entry needs, 8 at least; they count, not those that are stated.

        Some computed-radiography systems state 16 bits for entries of 12. Taken literally, the film
        would be almost black; one with too few bits stated would be white.
        """
        return max(8, int(self.entries.max()).bit_length())

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
    views : tuple of LookupTable or Window
        VOI LUTs, then windows, in the order of the file; the first that can be used is.
    unusable : tuple of str
        What the file states about showing and cannot be used, each a clause.
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
    views: tuple[LookupTable | Window, ...] = ()
    unusable: tuple[str, ...] = ()
    window_function: str = "LINEAR"
    inverted: bool = False
    padding: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How a film is shown, and a sentence where that is not what its file asks.

    ``window`` is the one that was applied, None after a VOI LUT or the full range.
    """

    grey: FloatImage
    window: Window | None
    note: str


def apply_tones(stored: StoredImage, tones: Tones) -> View:
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
    View
        Grey (H, W) float32 in [0, 1], MONOCHROME2 sense.

    Raises
    ------
    CorruptFile
        If the rescale numbers leave no finite grey.
    """
    low, high = int(stored.min()), int(stored.max())
    occurs = np.zeros(high - low + 1, dtype=np.bool_)
    for rows in _row_blocks(stored):
        occurs[stored[rows].astype(np.int32) - low] = True
    curve = tone_curve(np.arange(low, high + 1), occurs, tones)
    pixels = np.empty(stored.shape, dtype=np.float32)
    for rows in _row_blocks(stored):
        np.take(curve.grey, stored[rows].astype(np.int32) - low, out=pixels[rows])
    return View(pixels, curve.window, curve.note)


def tone_curve(levels: npt.NDArray[np.int64], occurs: BoolVector, tones: Tones) -> View:
    """Return the grey of each stored level, (N,) float32; ``occurs`` marks those in the film."""
    padding = _is_padding(levels, tones)
    values = modality_values(levels.astype(np.float64), tones)
    seen = occurs & ~padding
    grey, applied, unusable = _seen_through(values, seen, tones)
    if grey is None:
        grey = _full_range(values, seen)
    if not np.isfinite(grey).all():
        raise CorruptFile(
            msg(
                "The DICOM file's rescale numbers are so large that no grey is left. Export "
                "the film again."
            )
        )
    shown = np.clip(1.0 - grey if tones.inverted else grey, 0.0, 1.0)
    shown[padding] = 0.0
    window = applied if isinstance(applied, Window) else None
    return View(shown.astype(np.float32), window, _note(applied, unusable))


def _seen_through(
    values: FloatVector, seen: BoolVector, tones: Tones
) -> tuple[FloatVector | None, LookupTable | Window | None, list[str]]:
    """Return the grey after the first view that leaves any, and why others were left out."""
    unusable = list(tones.unusable)
    varied = seen.any() and np.ptp(values[seen]) > 0
    for view in tones.views:
        if isinstance(view, LookupTable):
            flat = msg("VOI LUT leaves a single grey")
            grey = view.look_up(values) / (2**view.depth - 1)
        else:
            flat = msg(
                "window (center {center:g}, width {width:g}) leaves a single grey",
                center=view.center,
                width=view.width,
            )
            grey = windowed(values, view, tones.window_function)
        if varied and not np.ptp(grey[seen]) > 0:
            unusable.append(flat)
            continue
        if isinstance(view, LookupTable) and view.depth != view.bits:
            unusable.append(
                msg(
                    "VOI LUT states {stated} bits for entries of {depth}",
                    stated=view.bits,
                    depth=view.depth,
                )
            )
        return grey, view, unusable
    return None, None, unusable


def _note(applied: LookupTable | Window | None, unusable: list[str]) -> str:
    """Return the sentences that tell the doctor what is shown instead; empty if nothing is."""
    if not unusable:
        return ""
    if isinstance(applied, Window):
        instead = msg(
            "with the window center {center:g}, width {width:g}",
            center=applied.center,
            width=applied.width,
        )
    elif applied is None:
        instead = msg("over the full range of its values")
    else:
        instead = msg("with its VOI LUT, by {depth} bits", depth=applied.depth)
    first, *others = dict.fromkeys(unusable)
    if not others:
        return msg(
            "The DICOM file's {fault}. The film is shown {instead}.", fault=first, instead=instead
        )
    return msg(
        "The DICOM file's {first}; its {others}. The film is shown {instead}.",
        first=first,
        others=_joined(others),
        instead=instead,
    )


def _joined(faults: list[str]) -> str:
    first, *others = faults
    return msg("{first}; its {others}", first=first, others=_joined(others)) if others else first


def modality_values(stored: FloatVector, tones: Tones) -> FloatVector:
    """Apply the modality LUT, or else slope and intercept (PS3.3 C.11.1)."""
    if tones.modality_lut is not None:
        return tones.modality_lut.look_up(stored)
    return stored * tones.slope + tones.intercept


def window_fault(window: Window, function: str) -> str:
    """Return why a window cannot be used, as a clause; empty if it can.

    References
    ----------
    .. [1] DICOM PS3.3 C.11.2.1.2.1, C.11.2.1.3: the width is at least 1 for LINEAR, above 0 else
    """
    if not (np.isfinite(window.center) and np.isfinite(window.width)):
        return msg("window is not a pair of numbers")
    if function == "LINEAR" and window.width < 1:
        return msg("window has the width {width:g}, which must be at least 1", width=window.width)
    if window.width <= 0:
        return msg("window has the width {width:g}, which must be above 0", width=window.width)
    return ""


def windowed(values: FloatVector, window: Window, function: str = "LINEAR") -> FloatVector:
    """Apply a window that can be used; 0 and 1 stand for the darkest and brightest output.

    References
    ----------
    .. [1] DICOM PS3.3 C.11.2.1.2.1 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (linear exact)
    """
    center, width = window.center, window.width
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if function == "SIGMOID":
        steepness = np.clip(-4.0 * (values - center) / width, -700.0, 700.0)
        return 1.0 / (1.0 + np.exp(steepness))
    if width == 1:
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


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
