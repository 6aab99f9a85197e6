"""What decides a phantom film: the child, how it was taken, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

FindingName = Literal["normal", "lobar", "patchy", "interstitial", "effusion"]
SideName = Literal["right", "left", "both"]
DeviceName = Literal["tube", "line", "electrodes", "gastric"]
MarkerName = Literal["", "R", "L"]

FINDINGS: tuple[FindingName, ...] = get_args(FindingName)
DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)

LUNG_HEIGHT_CM, APEX_CM = 12.4, 0.5
"""Height of what is seen of the lungs of a child of about three, and where it begins."""

LUNG_WIDTH_CM = 17.6
"""From wall to wall, of the same child."""

BOTH_SIDES: dict[FindingName, float] = {"patchy": 0.6, "interstitial": 0.93, "effusion": 0.15}
"""How often a finding lies on both sides; a lobe's lies on one."""

NO_SIDE: SideName = "right"
"""Of a normal film, so that such settings are equal."""

CHILD, TECHNIQUE, LESION, NOISE = range(4)
"""Streams of random numbers, so that one does not move another."""


def stream(seed: int, purpose: int) -> np.random.Generator:
    """Return the random numbers that a film's seed gives for one purpose."""
    return np.random.default_rng([seed, purpose])


@dataclass(frozen=True, slots=True)
class PhantomSettings:
    """Parameters of one film.

    Attributes
    ----------
    seed : int
        Decides what the other parameters leave open: the shape of the child, the place of the
        lesion within its side, the noise.
    finding : str
        ``normal``, ``lobar``, ``patchy``, ``interstitial`` or ``effusion``.
    severity : float in [0, 1]
    side : str
        ``right``, ``left`` or ``both``; without a finding it decides nothing.
    age_years : float
        1 to 5: the thymus shrinks, the heart takes less of the chest.
    exposure : float
        Relative to the right one: more is darker and less noisy.
    contrast : float
        Steepness of the display curve, 1 for the usual one.
    detail : float
        How far the display lifts fine detail, 1 for the usual.
    rotation_deg : float
        Positive brings the child's left side towards the tube.
    lean_deg : float
        Positive brings the child's head to its right.
    inspiration : float in [0, 1]
        Lowers the domes of the diaphragm.
    arms_deg : float
        From hanging (-80) over sideways (0) to raised (70).
    field_cm : (float, float, float, float)
        Left, top, right and bottom of the film in the plane of the child's middle; 0, 0 lies in
        the midline at the height of the lungs' apices.
    border_cm : float
        Width of the masked margin.
    devices : tuple of str
        Of ``tube``, ``line``, ``electrodes`` and ``gastric``.
    marker : str
        The side marker, ``R`` or ``L``, or none.
    """

    seed: int
    finding: FindingName = "normal"
    severity: float = 0.6
    side: SideName = "right"
    age_years: float = 3.0
    exposure: float = 1.0
    contrast: float = 1.0
    detail: float = 1.0
    rotation_deg: float = 0.0
    lean_deg: float = 0.0
    inspiration: float = 0.6
    arms_deg: float = 20.0
    field_cm: tuple[float, float, float, float] = (-12.0, -2.0, 12.0, 15.0)
    border_cm: float = 0.0
    devices: tuple[DeviceName, ...] = ()
    marker: MarkerName = ""

    @property
    def aspect(self) -> float:
        """Width over height of the field."""
        left, top, right, bottom = self.field_cm
        return (right - left) / (bottom - top)


def without_lesion(settings: PhantomSettings) -> PhantomSettings:
    """Return the settings that draw the same child, film and noise without the lesion."""
    return replace(settings, finding="normal", side=NO_SIDE)


def draw_settings(seed: int, finding: FindingName | None = None) -> PhantomSettings:
    """Draw random parameters.

    Child and technique come from streams of their own: the crop, the exposure or the devices say
    nothing of the finding, and one seed with another finding is the same child.

    Parameters
    ----------
    finding : str, optional
        Left out: normal for half of the seeds, else one of the four others.
    """
    rng = stream(seed, TECHNIQUE)
    lesion = stream(seed, LESION)
    drawn: FindingName = "normal" if lesion.random() < 0.5 else FINDINGS[lesion.integers(1, 5)]
    named, where = finding or drawn, lesion.random()
    both = BOTH_SIDES.get(named, 0.0)
    side: SideName = "both" if where < both else "right" if where < (1 + both) / 2 else "left"
    if named == "normal":
        side = NO_SIDE
    return PhantomSettings(
        seed=seed,
        finding=named,
        severity=float(lesion.uniform(0.65, 1.0)),
        side=side,
        age_years=float(rng.uniform(1.0, 5.0)),
        exposure=float(np.exp(rng.normal(-0.06, 0.16))),
        contrast=float(np.exp(rng.normal(-0.02, 0.11))),
        detail=float(np.exp(rng.normal(0.0, 0.3))),
        rotation_deg=float(rng.normal(0.0, 4.0)),
        lean_deg=float(rng.normal(0.0, 2.2)),
        inspiration=float(rng.uniform(0.0, 0.85)),
        arms_deg=float(rng.choice([rng.uniform(-80, -60), rng.uniform(35, 80)], p=[0.15, 0.85])),
        field_cm=_draw_field(rng),
        border_cm=float(rng.choice([0.0, rng.uniform(0.1, 0.5)], p=[0.96, 0.04])),
        devices=tuple(name for name in DEVICES if rng.random() < 0.05),
        marker=("R", "R", "R", "L", "")[rng.integers(5)],
    )


def _draw_field(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Draw a crop: some films show the jaw and the bowel, some are cut close to the lungs.

    Margins above, below and beside the lungs, as shares of the film, and so its width over its
    height, spread as those of the public training films' lung masks.
    """
    tight = rng.random()
    above = np.clip(0.2 - 0.15 * tight + rng.normal(0, 0.04), 0.0, 0.3)
    below = np.clip(0.13 - 0.1 * tight + rng.normal(0, 0.03), 0.0, 0.25)
    height = LUNG_HEIGHT_CM / (1.0 - above - below)
    width = LUNG_WIDTH_CM / np.clip(rng.normal(0.77, 0.055), 0.64, 0.9)
    left, top = rng.normal(0.0, 0.4) - width / 2, APEX_CM - above * height
    return float(left), float(top), float(left + width), float(top + height)
