"""Arms that hang beside the chest or are held up: flesh, humeri and their heads."""

from __future__ import annotations

import numpy as np

from core.phantom.tubes import Tube, bend


def arm_tubes(chest_cm: float, fat_cm: float, arms_deg: float) -> tuple[list[Tube], list[Tube]]:
    """Return the soft parts of both arms, and their humeri.

    Parameters
    ----------
    chest_cm, fat_cm : float
        Half width of the chest cavity, and the fat under the skin.
    arms_deg : float
        From hanging (-80) over sideways (0) to raised (70).
    """
    flesh, bones = [], []
    for side in (-1, 1):
        angle = np.deg2rad(arms_deg)
        along = np.array([side * np.cos(angle), -np.sin(angle), 0.0])
        shoulder = np.array([side * (0.5 * chest_cm + 4.2), 0.5, -0.6])
        shoulder[1] -= 1.2 * max(0.0, float(np.sin(angle)))
        inner = shoulder - np.array([side * 3.2, -2.0, 0.0])
        elbow = shoulder + 17.0 * along
        wide = 2.1 + 0.6 * fat_cm
        flesh.append(bend([inner, shoulder, elbow], [0.6, wide + 0.4, wide - 0.2], 18))
        neck = shoulder + 1.9 * along
        bones.append(bend([neck - 0.75 * along, neck, elbow], [0.72, 0.46, 0.42], 14))
        # In a small child only the middle of the head is bone yet.
        places = np.linspace(-0.99, 0.99, 15)
        head = shoulder + along * (0.4 + 0.6 * places[:, np.newaxis])
        bones.append(Tube(head, 0.72 * np.sqrt(1 - places**2), 0.5))
    return flesh, bones
