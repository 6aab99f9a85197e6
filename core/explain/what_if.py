"""What the score would be with parts of a film hidden, and whether a marked place matters.

A place is hidden by putting something else there. What stands there decides the answer too, so that
a marked place is hidden in many ways, and equal places elsewhere in the lungs beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from core.domain.arrays import FloatImage, LabelImage
from core.domain.mark import Mark
from core.domain.model import Geometry, ModelInput, RunClassifier
from core.domain.regions import Fill
from core.errors import ExplanationError
from core.explain.lime import DARK_PERCENT, LUNG, hidden_film
from core.explain.reader_overlap import inside_boxes
from core.language.words import msg

SIZES = (0.9, 1.0, 1.1, 1.2)
"""Sides of a marked box as it is hidden, as shares of its own."""

POINT_SIDE = 0.1
"""A marked point is taken as a box of this share of the film's sides."""

BLUR_PX = 12.0
MOST_OVERLAP = 0.1
"""Of an equal place elsewhere with the marked ones."""

MIDDLE = (5.0, 50.0, 95.0)
"""Percentiles that are told of all ways: the ends of the middle nine tenths, and the median."""

BOX_OUTSIDE = msg(
    "A hidden box lies outside of the area that the model sees. Choose a place inside the dashed "
    "box."
)
MARKS_OUTSIDE = msg(
    "Your marks lie outside of the area that the model sees. Choose a place inside the dashed box."
)

Mask = npt.NDArray[np.bool_]
Filling = Callable[[Mask], FloatImage]
"""From a place to the (h, w) film that stands there."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Log odds over several ways of hiding: the median, and the middle nine tenths."""

    low: float
    median: float
    high: float
    ways: int


@dataclass(frozen=True, slots=True)
class MarkedHidden:
    """A film's log odds as it is, without the marked places, and without others instead.

    Attributes
    ----------
    elsewhere : Spread or None
        None where there is no other place of that size.
    in_lungs : bool
        Whether most of the marked places lies in the lungs, and so do the others.
    """

    shown: float
    hidden: Spread
    elsewhere: Spread | None
    in_lungs: bool


def boxes_of(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return marks as boxes: a point becomes a box around it."""
    return tuple(_resized(mark, 1.0, POINT_SIDE if mark.is_point else 0.0) for mark in marks)


def _resized(box: Mark, share: float, least: float = 0.0) -> Mark:
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    half = (
        max(least, (box.right - box.left) * share) / 2,
        max(least, (box.bottom - box.top) * share) / 2,
    )
    ends = [(at - by, at + by) for at, by in zip(middle, half, strict=True)]
    (left, right), (top, bottom) = [(max(0.0, low), min(1.0, high)) for low, high in ends]
    return Mark(left, top, right, bottom)


def _places(boxes: Sequence[Mark], geometry: Geometry) -> Mask:
    return inside_boxes(geometry, (geometry.input_px, geometry.input_px), boxes)


def hide_parts(
    model_input: ModelInput,
    classifier: RunClassifier,
    segments: LabelImage,
    regions: Sequence[int],
    boxes: Sequence[Mark],
    fill: Fill,
    healthy: FloatImage | None = None,
) -> tuple[float, float]:
    """Return the log odds of a film as it is, and with parts of it hidden.

    Parameters
    ----------
    segments : (h, w) int32 ndarray
        Labels on the model's input grid.
    regions : sequence of int
        The labels that are hidden.
    boxes : sequence of Mark
        What else is hidden, by points as by `boxes_of`.
    healthy : (h, w) float32 ndarray, optional
        See `core.explain.lime.hidden_film`.

    Raises
    ------
    ExplanationError
        If the fill cannot be made, or a box lies outside of what the model sees.
    """
    film = model_input.tensor
    filling = hidden_film(model_input, segments, fill, healthy).copy()
    place = np.isin(segments, regions)
    for box in boxes_of(boxes):
        inside = _places((box,), model_input.geometry)
        if not inside.any():
            raise ExplanationError(BOX_OUTSIDE)
        if fill is Fill.OWN_MEAN:
            filling[inside] = film[inside].mean()
        place |= inside
    pair = np.stack([film, np.where(place, filling, film)])[..., np.newaxis]
    shown, hidden = classifier.log_odds(pair)
    return float(shown), float(hidden)


def hide_marked(
    model_input: ModelInput,
    classifier: RunClassifier,
    marks: Sequence[Mark],
    healthy: FloatImage | None = None,
    seed: int = 0,
) -> MarkedHidden:
    """Hide the marked places in twenty ways, and equal places elsewhere in the lungs as well.

    A way is a size and a fill: healthy lung, dark lung, a blur, the place's own mean grey, or the
    lungs' mean grey. The places elsewhere lie in the lungs as far as the marked ones do, and are
    drawn at random.

    Parameters
    ----------
    healthy : (h, w) float32 ndarray, optional
        The film without a lesion, see `core.explain.healthy`; without it there is a fill less.

    Raises
    ------
    ExplanationError
        If no mark lies on what the model sees.
    """
    boxes = boxes_of(marks)
    marked = _places(boxes, model_input.geometry)
    if not marked.any():
        raise ExplanationError(MARKS_OUTSIDE)
    film, rng = model_input.tensor, np.random.default_rng(seed)
    lungs = np.ones(film.shape, np.bool_) if model_input.lungs is None else model_input.lungs > LUNG
    hidden, elsewhere = [], []
    for share in SIZES:
        resized = [_resized(box, share) for box in boxes]
        place = _places(resized, model_input.geometry)
        shifts = _shifts(place, marked, lungs)
        for filling in _fillings(film, lungs & ~marked, healthy):
            hidden.append(np.where(place, filling(place), film))
            if len(shifts):
                moved = np.roll(place, tuple(rng.choice(shifts)), (0, 1))
                elsewhere.append(np.where(moved, filling(moved), film))
    batch = np.stack([film, *hidden, *elsewhere])[..., np.newaxis].astype(np.float32)
    shown, *rest = (float(each) for each in classifier.log_odds(batch))
    beside = rest[len(hidden) :]
    return MarkedHidden(
        shown=shown,
        hidden=_spread(rest[: len(hidden)]),
        elsewhere=_spread(beside) if beside else None,
        in_lungs=bool(lungs[marked].mean() >= LUNG),
    )


def _fillings(film: FloatImage, lungs: Mask, healthy: FloatImage | None) -> list[Filling]:
    known = film[lungs] if lungs.any() else film
    dark = np.full_like(film, np.percentile(known, DARK_PERCENT))
    mean = np.full_like(film, known.mean())
    blurred = ndimage.gaussian_filter(film, BLUR_PX)
    flat: Filling = lambda place: np.full_like(film, film[place].mean())  # noqa: E731
    fixed: list[FloatImage] = [dark, mean, blurred, *([] if healthy is None else [healthy])]
    return [flat, *((lambda _, each=each: each) for each in fixed)]


def _shifts(place: Mask, marked: Mask, lungs: Mask) -> npt.NDArray[np.int_]:
    """Return by how much a place can be moved to lie elsewhere, (N, 2) rows and columns.

    There it lies on the film whole, in the lungs as far as here, and hardly on the marked places.
    """

    def shared(field: Mask) -> FloatImage:
        both = signal.correlate(field.astype(float), place.astype(float), "full", "fft")
        return np.asarray(np.rint(both))

    size, here = np.count_nonzero(place), np.count_nonzero(place & lungs)
    fits = shared(np.ones_like(place)) == size
    fits &= (shared(lungs) >= here) & (shared(marked) <= MOST_OVERLAP * size)
    shifts: npt.NDArray[np.int_] = np.argwhere(fits) - (np.array(place.shape) - 1)
    return shifts


def _spread(log_odds: Sequence[float]) -> Spread:
    low, median, high = np.percentile(log_odds, MIDDLE)
    return Spread(float(low), float(median), float(high), len(log_odds))
