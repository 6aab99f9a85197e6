"""Perturbations of films that reveal the shortcut features a run relies on.

All changes are made to prepared films: what the network sees is changed, and the exposure stretch
of the pipeline does not take a change back. Whatever is taken away is replaced by something that
does not tell what stood there: one grey level for all films, or what surrounds the place. A film's
own mean would not do: by itself it separates the classes of the public set.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from core.language.words import msg
from core.shortcuts.side_markers import find_side_marks

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

FRAME_SHARE = 1.0 / 8.0
"""Width of the border that `keep_border` keeps, as a share of each side."""

LUNG_MARGIN_PX = 4
"""How far lung masks are widened, so that the pleura and the mask's own error are inside."""

LUNG = 255
"""Value of lung in a mask; anything between 0 and it may be lung."""

ROTATION_DEG = 5.0
GAMMAS = (0.7, 1.4)
CONTRAST = 0.8
JPEG_QUALITY = 40
SQUEEZE = 0.9
MARGINS = (0.02, 0.35)
"""Least and largest margin that `crop_alike` leaves, as a share of the lungs' height and width."""


def widen(masks: Mask, margin_px: int) -> Mask:
    """Return (N, H, W) masks that reach a number of pixels farther to every side."""
    size = (1, 2 * margin_px + 1, 2 * margin_px + 1)
    return np.asarray(ndimage.maximum_filter(masks, size=size), np.bool_)


def fill_from_around(films: Bytes, hidden: Mask) -> Bytes:
    """Replace hidden pixels by a smooth continuation of what surrounds them.

    Parameters
    ----------
    films : (N, H, W) uint8 ndarray
    hidden : (N, H, W) bool ndarray

    Returns
    -------
    (N, H, W) uint8 ndarray; pixels that are not hidden are unchanged.

    References
    ----------
    .. [1] S. J. Gortler et al., The Lumigraph, SIGGRAPH 1996, 43-54 (pull-push).
    """
    filled = _spread(np.where(hidden, 0.0, films).astype(np.float32), ~hidden)
    return np.where(hidden, np.rint(filled), films).astype(np.uint8)


def _spread(values: Floats, known: Mask) -> Floats:
    """Fill what is not known from the film at half the size, which is filled in the same way."""
    height, width = values.shape[1:]
    if known.all() or height == width == 1:
        return values
    even = ((0, 0), (0, height % 2), (0, width % 2))
    weight = _sum_blocks(np.pad(known.astype(np.float32), even))
    total = _sum_blocks(np.pad(values, even))
    coarse = _spread((total / np.maximum(weight, 1.0)).astype(np.float32), weight > 0)
    smooth = _double(_double(coarse, 1), 2)[:, :height, :width]
    return np.where(known, values, smooth)


def _sum_blocks(values: Floats) -> Floats:
    rows = values[:, 0::2] + values[:, 1::2]
    return rows[:, :, 0::2] + rows[:, :, 1::2]


def _double(values: Floats, axis: int) -> Floats:
    """Interpolate linearly to twice the length, the ends continued."""
    lined_up = np.moveaxis(values, axis, -1)
    edged = np.pad(lined_up, ((0, 0), (0, 0), (1, 1)), "edge")
    doubled = np.empty((*lined_up.shape[:2], 2 * lined_up.shape[2]), np.float32)
    doubled[..., 0::2] = 0.75 * lined_up + 0.25 * edged[..., :-2]
    doubled[..., 1::2] = 0.75 * lined_up + 0.25 * edged[..., 2:]
    return np.moveaxis(doubled, -1, axis)


def keep_border(films: Bytes, grey: int) -> Bytes:
    """Keep the outer eighth at every side and make all that it encloses one grey level."""
    height, width = films.shape[1:]
    top, left = round(height * FRAME_SHARE), round(width * FRAME_SHARE)
    framed = films.copy()
    framed[:, top : height - top, left : width - left] = grey
    return framed


def keep_border_without_lungs(films: Bytes, lung_masks: Bytes, grey: int) -> Bytes:
    """Keep the border as `keep_border` does, the lungs that reach into it replaced.

    On a tightly cropped film they do, and what is read off them there is no shortcut.
    """
    return keep_border(hide_lungs(films, lung_masks), grey)


def keep_lungs(films: Bytes, lung_masks: Bytes, grey: int) -> Bytes:
    """Keep the lungs with a small margin and make all else one grey level."""
    lungs = widen(lung_masks == LUNG, LUNG_MARGIN_PX)
    return np.where(lungs, films, np.uint8(grey))


def hide_lungs(films: Bytes, lung_masks: Bytes) -> Bytes:
    """Replace the lungs, with a margin and all that may be lung, by what surrounds them."""
    return fill_from_around(films, widen(lung_masks > 0, LUNG_MARGIN_PX))


def cover_side_marks(films: Bytes, lung_masks: Bytes) -> Bytes:
    """Replace letters outside the lungs by what surrounds them; without any, the film stays."""
    lungs = widen(lung_masks > 0, LUNG_MARGIN_PX)
    marks = np.stack([find_side_marks(*pair) for pair in zip(films, lungs, strict=True)])
    return fill_from_around(films, marks)


def warp_about_centre(films: Bytes, matrix: npt.NDArray[np.float64]) -> Bytes:
    """Move pixels by a linear map about the film's centre, the edges continued.

    Parameters
    ----------
    films : (N, H, W) uint8 ndarray
    matrix : (2, 2) float64 ndarray
        Maps (row, column) of the new film to that of the old one, both from the centre.
    """
    height, width = films.shape[1:]
    middle = np.array([(height - 1) / 2.0, (width - 1) / 2.0])
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    # Rounded, so that a quarter turn falls on pixels and not an ulp beside them.
    source = np.round((grid - middle) @ matrix.T + middle, 9)
    row, column = np.clip(source, 0.0, [height - 1, width - 1]).transpose(2, 0, 1)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (row - top).astype(np.float32), (column - left).astype(np.float32)
    upper = films[:, top, left] * (1.0 - across) + films[:, top, right] * across
    lower = films[:, bottom, left] * (1.0 - across) + films[:, bottom, right] * across
    warped: Bytes = np.rint(upper * (1.0 - down) + lower * down).astype(np.uint8)
    return warped


def rotate(films: Bytes, degrees: float) -> Bytes:
    """Turn films anticlockwise about their centre."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return warp_about_centre(films, np.array([[cos, sin], [-sin, cos]]))


def squeeze(films: Bytes, height: float = 1.0, width: float = 1.0) -> Bytes:
    """Scale each axis by its factor about the centre."""
    return warp_about_centre(films, np.diag([1.0 / height, 1.0 / width]))


def expose(films: Bytes, gamma: float = 1.0, contrast: float = 1.0) -> Bytes:
    """Raise grey levels in [0, 1] to a power, then scale them about the middle grey."""
    curve = (np.arange(256) / 255.0) ** gamma
    curve = np.clip(0.5 + contrast * (curve - 0.5), 0.0, 1.0)
    exposed: Bytes = np.rint(255.0 * curve).astype(np.uint8)[films]
    return exposed


def recompress(films: Bytes, quality: int) -> Bytes:
    """Save every film as a JPEG of this quality, and read it again."""
    again = np.empty_like(films)
    for position, film in enumerate(films):
        saved = io.BytesIO()
        Image.fromarray(film).save(saved, "JPEG", quality=quality)
        with Image.open(saved) as read:
            again[position] = np.asarray(read)
    return again


def crop_alike(films: Bytes, lung_masks: Bytes) -> Bytes:
    """Crop every film around its lungs, with a margin that does not depend on the class.

    The margin is drawn from the film's own bytes, evenly between `MARGINS`: the same for the same
    film, and as wide for normals as for pneumonias. It ends at the film's edge.
    """
    cropped = np.empty_like(films)
    height, width = films.shape[1:]
    for position, (film, mask) in enumerate(zip(films, lung_masks, strict=True)):
        digest = hashlib.blake2b(film.tobytes(), digest_size=4).digest()
        drawn = int.from_bytes(digest) / 2**32
        margin = MARGINS[0] + drawn * (MARGINS[1] - MARGINS[0])
        top, bottom = _span(np.any(mask == LUNG, axis=1), margin)
        left, right = _span(np.any(mask == LUNG, axis=0), margin)
        size, box = (width, height), (left, top, right, bottom)
        cut = Image.fromarray(film).resize(size, Image.Resampling.BILINEAR, box=box)
        cropped[position] = np.asarray(cut)
    return cropped


def _span(lung: npt.NDArray[np.bool_], margin: float) -> tuple[float, float]:
    if not lung.any():
        return 0.0, float(len(lung))
    inside = np.flatnonzero(lung)
    start, end = float(inside[0]), float(inside[-1] + 1)
    extra = margin * (end - start)
    return max(0.0, start - extra), min(float(len(lung)), end + extra)


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change films.

    Attributes
    ----------
    key : str
        As it is written down.
    words : str
        As a person reads it.
    apply : callable
        From (N, H, W) uint8 films, their lung masks and one grey level to the changed films.
    needs_lungs : bool
        Whether it can be made only where the lung mask is trusted.
    """

    key: str
    words: str
    apply: Callable[[Bytes, Bytes, int], Bytes]
    needs_lungs: bool = False


UNCHANGED = Change("unchanged", msg("film as it is"), lambda films, _, __: films)

CHANGES: tuple[Change, ...] = (
    UNCHANGED,
    Change("border_only", msg("border only"), lambda films, _, grey: keep_border(films, grey)),
    Change(
        "border_without_lungs",
        msg("border without lung"),
        keep_border_without_lungs,
        needs_lungs=True,
    ),
    Change("lungs_only", msg("lungs only"), keep_lungs, needs_lungs=True),
    Change(
        "lungs_hidden",
        msg("all but the lungs"),
        lambda films, masks, _: hide_lungs(films, masks),
        needs_lungs=True,
    ),
    Change(
        "marks_covered",
        msg("side marker covered"),
        lambda films, masks, _: cover_side_marks(films, masks),
        needs_lungs=True,
    ),
    Change(
        "cropped_alike",
        msg("cropped alike"),
        lambda films, masks, _: crop_alike(films, masks),
        needs_lungs=True,
    ),
    Change("mirrored", msg("mirrored"), lambda films, _, __: films[:, :, ::-1]),
    Change(
        "rotated_left", msg("rotated 5° left"), lambda films, _, __: rotate(films, ROTATION_DEG)
    ),
    Change(
        "rotated_right", msg("rotated 5° right"), lambda films, _, __: rotate(films, -ROTATION_DEG)
    ),
    Change("gamma_0.7", msg("brighter, gamma 0.7"), lambda films, _, __: expose(films, GAMMAS[0])),
    Change("gamma_1.4", msg("darker, gamma 1.4"), lambda films, _, __: expose(films, GAMMAS[1])),
    Change(
        "contrast_0.8",
        msg("contrast 0.8"),
        lambda films, _, __: expose(films, contrast=CONTRAST),
    ),
    Change(
        "jpeg_40", msg("JPEG, quality 40"), lambda films, _, __: recompress(films, JPEG_QUALITY)
    ),
    Change("narrower", msg("10 % narrower"), lambda films, _, __: squeeze(films, width=SQUEEZE)),
    Change("lower", msg("10 % lower"), lambda films, _, __: squeeze(films, height=SQUEEZE)),
)
"""What is done to films in an audit; the first one is what the others are compared with."""
