"""Local contrast normalisation inside the network.

Exposure, contrast and slow changes of brightness across the film are taken away before anything is
learnt, so that films of another beam look like those of training [1]_.

References
----------
.. [1] K. Jarrett, K. Kavukcuoglu, M. Ranzato, Y. LeCun, ICCV 2009 (local contrast normalisation;
   with the mean of a square here, not of a bell).
"""

from __future__ import annotations

from typing import Any

from core.errors import DatasetError

WINDOW = 0.5
"""Side of the square that a pixel is compared with, of the film's side."""
FLOOR = 0.03
"""Deviation of grey values, of the full range, under which contrast is no longer raised."""
CLIPPED_AT = 2.5
"""Deviations from the surroundings' mean that become the ends -1 and 1 of what is returned."""


BLOCK_PX = 8
"""Side of the blocks that the means are counted on; between blocks they are drawn smooth."""


def _mean_around(films: Any, side: int) -> Any:
    """Return for each block the mean of the blocks around it, of those that lie on the film."""
    from keras import ops

    blocks = ops.average_pool(films, BLOCK_PX, strides=BLOCK_PX)
    return ops.average_pool(blocks, side, strides=1, padding="same")


def normalise_contrast(films: Any) -> Any:
    """Return a batch's grey values in deviations of their surroundings.

    Parameters
    ----------
    films : (N, px, px, 1) float32 tensor in [0, 1]
        Of a side that is a multiple of `BLOCK_PX`.

    Returns
    -------
    (N, px, px, 1) float32 tensor in [-1, 1]

    Raises
    ------
    DatasetError
        If the side is no such multiple.
    """
    from keras import ops

    px = int(films.shape[1])
    if px % BLOCK_PX:
        raise DatasetError(f"films of {px} px do not fit: give a multiple of {BLOCK_PX} px.")
    side = 2 * round((px // BLOCK_PX * WINDOW - 1.0) / 2.0) + 1
    mean = _mean_around(films, side)
    variance = ops.maximum(_mean_around(films * films, side) - mean * mean, 0.0)
    deviation = ops.sqrt(variance + FLOOR**2)
    around = ops.image.resize(ops.concatenate([mean, deviation], axis=3), (px, px))
    normalised = (films - around[..., :1]) / (CLIPPED_AT * around[..., 1:])
    return ops.clip(normalised, -1.0, 1.0)
