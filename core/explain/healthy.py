"""What a film would look like without a lesion, and where it does not look like that.

The network learned from drawn lesions on real normal films of children. It knows nothing of a
film's label or score: that the film differs from its drawing is no finding, only a place to look.

Of real pneumonias little of the evidence lies where the film is brighter than its drawing, but on
adults it points at radiologists' boxes more often there than all of the evidence does (`python -m
bench localisation`). As a fill for LIME it leaves most of a real film as it is.
"""

from __future__ import annotations

import numpy as np

from core.domain.arrays import FloatImage, read_only
from core.domain.model import ModelInput, Network
from core.imaging.preprocessing import resize_film

FULL_CHANGE = 0.2
"""A place that is brighter than its healthy drawing by this much of the grey scale counts whole."""


def draw_healthy(model_input: ModelInput, network: Network, px: int) -> FloatImage | None:
    """Draw the film as it would be without a lesion.

    The drawing is the mean of the film's and, turned back, of its mirrored film's.

    Parameters
    ----------
    px : int
        Side of the network's square input.

    Returns
    -------
    (h, w) float32 ndarray in [0, 1], read-only, or None
        None for a film that is not cropped to the lungs: the network has seen no other.
    """
    film = model_input.tensor
    if model_input.geometry.box is None:
        return None
    small = resize_film(film, px, px)
    pair = (small, np.ascontiguousarray(small[:, ::-1]))
    drawn, mirrored = (
        np.asarray(network.run(each[np.newaxis, ..., np.newaxis])["healthy"][0, ..., 0])
        for each in pair
    )
    change = (drawn + mirrored[:, ::-1]) / 2 - small
    healthy = film + resize_film(np.ascontiguousarray(change), *film.shape)
    return read_only(np.clip(healthy, 0.0, 1.0).astype(np.float32))


def unlike_healthy(film: FloatImage, healthy: FloatImage) -> FloatImage:
    """Return how far each place is brighter than its healthy drawing, (h, w) in [0, 1]."""
    share: FloatImage = np.clip((film - healthy) / np.float32(FULL_CHANGE), 0.0, 1.0)
    return share
