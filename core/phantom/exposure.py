"""From the beam's path to the film: Beer-Lambert, scatter, blur, quantum noise, display curve."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.domain.arrays import FloatImage
from core.phantom.settings import NOISE, PhantomSettings, stream

ATTENUATION = 0.21
"""Of water, a cm, for the beam of a child's film (about 60 kV)."""

SCATTER_SHARE = 0.13
"""Of the signal at each place comes from the beam around it."""

SCATTER_CM = 2.2
"""Deviation of the Gaussian by which scatter spreads."""

DETAIL_CM, DETAIL_GAIN = 0.26, 0.192
"""Detail finer than this is shown by this much grey for a cm of water, in thin parts and thick
alike, as computed radiography does."""

DETAIL_MOST_CM = 0.55
"""Stronger edges are lifted no further than this, in cm of water, or they would have halos."""

FOCAL_BLUR_CM = 0.042
"""Deviation of the blur by focal spot and detector."""

QUANTA_A_CM2 = 1.1e7
"""Detected without anything in the beam, at the right exposure."""

LATITUDE_CM, BRIGHTEST = 5.0, 0.94
"""Path, in cm of water, over which what is left to the brightest grey falls to a third; and that
grey."""

TOE_CM, TOE_WIDTH_CM = 2.3, 0.8
"""Path below which the film is black, and how softly it becomes so."""

MIDDLE_CM, MIDDLE_GREY = 6.0, 0.5
"""Path at which detail stands out most, and the grey around which contrast turns."""

_DARKEST, _BRIGHTEST = 1e-3, 1.0 - 1e-6
"""Grey between which the curve can be turned back: outside of it, any path looks alike."""


def expose(path: FloatImage, settings: PhantomSettings, pixel_cm: float) -> FloatImage:
    """Return what a detector records behind a path through water, over the open beam.

    Parameters
    ----------
    path : (H, W) float32 ndarray, cm of water

    Returns
    -------
    (H, W) float32 ndarray, about in [0, 1]; noise and blur included.
    """
    primary = np.exp(np.float32(-ATTENUATION) * path)
    signal = (1 - SCATTER_SHARE) * primary + SCATTER_SHARE * scatter(primary, pixel_cm)
    signal = ndimage.gaussian_filter(signal, FOCAL_BLUR_CM / pixel_cm, truncate=3)
    quanta = QUANTA_A_CM2 * settings.exposure * pixel_cm**2
    noise = stream(settings.seed, NOISE).standard_normal(path.shape, np.float32)
    # A phosphor spreads each quantum a little: neighbours share noise.
    noise = 1.6 * ndimage.gaussian_filter(noise, 0.7, truncate=3)
    recorded = signal + np.sqrt(signal / np.float32(quanta)) * noise
    return np.asarray(np.maximum(recorded, 1e-4), np.float32)


def scatter(primary: FloatImage, pixel_cm: float) -> FloatImage:
    """Return the beam as it arrives after scattering: the primary, blurred widely."""
    step = max(1, int(SCATTER_CM / pixel_cm / 4))
    height, width = primary.shape
    rows, columns = -(-height // step), -(-width // step)
    padded = np.pad(primary, ((0, rows * step - height), (0, columns * step - width)), mode="edge")
    coarse = padded.reshape(rows, step, columns, step).mean(axis=(1, 3))
    blurred = ndimage.gaussian_filter(coarse, SCATTER_CM / pixel_cm / step, mode="nearest")
    places = [np.clip((np.arange(n) + 0.5) / step - 0.5, 0, None) for n in primary.shape]
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(ndimage.map_coordinates(blurred, grid, order=1, mode="nearest"), np.float32)


def develop(signal: FloatImage, settings: PhantomSettings, pixel_cm: float) -> FloatImage:
    """Turn recorded signal into grey levels: a sigmoid of its logarithm, bone bright.

    Returns
    -------
    (H, W) float32 ndarray in [0, 1]
    """
    path = -np.log(signal * np.float32(settings.exposure)) / np.float32(ATTENUATION)
    # Detail stands out less against the open beam, or the skin would have a white rim.
    smooth = ndimage.gaussian_filter(path, DETAIL_CM / pixel_cm, truncate=3)
    detail = np.float32(DETAIL_MOST_CM) * np.tanh((path - smooth) / np.float32(DETAIL_MOST_CM))
    curve = BRIGHTEST * _saturation(path - detail)
    share = np.maximum(path, 0) / np.float32(MIDDLE_CM)
    lifted = detail * np.minimum(share, 1 / np.maximum(share, 1))
    curve += np.float32(DETAIL_GAIN * settings.detail) * lifted
    grey = MIDDLE_GREY + np.float32(settings.contrast) * (curve - MIDDLE_GREY)
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def _saturation(path: FloatImage) -> FloatImage:
    """Return how far the display's curve has risen behind a path, from 0 to 1."""
    above = np.logaddexp(0, (path - np.float32(TOE_CM)) / np.float32(TOE_WIDTH_CM))
    return np.asarray(1 - np.exp(np.float32(-TOE_WIDTH_CM / LATITUDE_CM) * above), np.float32)


def lengthen_path(pixels: FloatImage, added_cm: FloatImage) -> FloatImage:
    """Return a finished film as it would be with more water in the beam.

    The display's curve is turned back, the beam is attenuated by what is added, and the curve is
    applied again. The film's own grain is attenuated with the beam; quantum noise that the weaker
    beam adds lies below one grey level of 255 and is left out.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
        1 is the brightest grey that the film can show.
    added_cm : (H, W) float32 ndarray
        At least 0. Pixels without addition are unchanged, to the bit.

    Returns
    -------
    (H, W) float32 ndarray in [0, 1]
    """
    changed = added_cm > 0
    risen = np.clip(pixels[changed].astype(np.float64), _DARKEST, _BRIGHTEST)
    above = np.log1p(-risen) * (-LATITUDE_CM / TOE_WIDTH_CM)
    path = TOE_CM + TOE_WIDTH_CM * (above + np.log(-np.expm1(-above)))  # softplus turned back
    developed = pixels.copy()
    brighter = _saturation((path + added_cm[changed]).astype(np.float32))
    developed[changed] = np.maximum(pixels[changed], brighter)
    return developed
