"""Which view a film shows: frontal, or what else it seems to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.arrays import FloatImage
from core.domain.model import Network
from core.domain.quality import ShownView, ViewEvidence
from core.errors import ModelIntegrity
from core.gate.lungs import LUNG_PROBABILITY, LungField
from core.language.words import msg

SECOND_LUNG = 0.2
"""Least size of the second lung over the first on a frontal film.

The least of 6,653 real frontal films has 0.5; 33 of 37 laterals that nothing else refused have
less than 0.2.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ViewTest:
    """The view network with its limit; its classes stand in its record.

    Attributes
    ----------
    views : tuple of ShownView
        In the order of the network's outputs.
    least_frontal : float
        Smallest probability of a frontal view that a frontal film gets.
    """

    network: Network
    views: tuple[ShownView, ...]
    least_frontal: float


def read_view_test(record: Mapping[str, Any], network: Network) -> ViewTest:
    """Return the view test that a record describes.

    Raises
    ------
    ModelIntegrity
        If the record lacks a part.
    """
    try:
        views = tuple(ShownView(name) for name in record["views"])
        return ViewTest(network, views, float(record["limits"]["least_frontal"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise ModelIntegrity(
            msg(
                "the view network's record lacks a part that the quality gate needs ({reason}). "
                "Restore it from the repository.",
                reason=str(exc),
            )
        ) from exc


def second_lung(mask: FloatImage) -> float:
    """Return the size of the second-largest piece of lung over that of the largest.

    On a frontal film the heart parts two lungs of like size; on a lateral one they lie one behind
    the other.

    Parameters
    ----------
    mask : (px, px) float32 ndarray in [0, 1]
    """
    # Deferred: the first page should not wait for it.
    from scipy import ndimage  # noqa: PLC0415

    labels, pieces = ndimage.label(mask > LUNG_PROBABILITY)
    if pieces < 2:
        return 0.0
    sizes = np.sort(np.bincount(labels.ravel())[1:])
    return float(sizes[-2] / sizes[-1])


def measure_view(lungs: LungField, test: ViewTest | None) -> ViewEvidence:
    """Measure which view a film shows, from what the segmenter made of it."""
    second = second_lung(lungs.mask)
    if test is None:
        return ViewEvidence(second)
    probabilities = test.network.run(lungs.features[np.newaxis])["views"][0]
    likeness = dict(zip(test.views, map(float, probabilities), strict=True))
    return ViewEvidence(second, likeness, test.least_frontal)
