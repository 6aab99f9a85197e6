"""A synthetic radiograph of a hand, which the quality gate must refuse."""

from __future__ import annotations

import math

import numpy as np

from core.domain.arrays import FloatImage, read_only
from core.phantom.geometry import View, make_plane
from core.phantom.texture import smooth_noise
from core.phantom.tubes import bend, tube_paths

FLESH, BONE = 0.9, 1.6
"""Attenuation a cm, for a hand's softer beam."""


def draw_hand(seed: int) -> FloatImage:
    """Draw a hand: a radiograph of five chains of bright bones on black, and not of a chest.

    Parameters
    ----------
    seed : int
        Decides how far the fingers are spread.

    Returns
    -------
    (512, 600) float32 ndarray in [0, 1], read-only
    """
    rng = np.random.default_rng(seed)
    plane, view = make_plane((-7.6, -6.5, 7.6, 6.5), 512, 600), View()
    flesh = [bend([(0, 2.0, 0), (0, 8.5, 0)], [2.1, 1.6], 2, 0.5)]
    bones = [bend([(-0.6, 5.4, 0), (-0.6, 8.5, 0)], [0.55, 0.42], 2)]
    spread = rng.uniform(0.12, 0.2)
    for finger, reach in zip(range(-2, 3), (0.72, 0.95, 1.0, 0.94, 0.75), strict=True):
        joint, angle = np.array([0.62 * finger, 4.2, 0.0]), finger * spread
        for length in (3.3, 2.3, 1.4, 1.0):
            step = reach * length * np.array([math.sin(angle), -math.cos(angle), 0.0])
            flesh.append(bend([joint, joint + step], 0.52, 1))
            bones.append(bend([joint + 0.1 * step, joint + 0.9 * step], 0.2, 1))
            joint = joint + step
    soft = np.minimum(tube_paths(plane, flesh, view), 2.2)
    path = FLESH * soft + BONE * tube_paths(plane, bones, view)
    grey = 1.02 - np.exp(-0.5 * path) + 0.008 * smooth_noise(plane, 0.15, rng)
    return read_only(np.asarray(np.clip(grey, 0, 1), np.float32))
