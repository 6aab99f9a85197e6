"""Drawing a film: what the beam meets, what the detector makes of it, and the exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, read_only
from core.phantom.anatomy import LungRays, cross_lungs, make_child, outline_fields, soft_tissue
from core.phantom.devices import device_path
from core.phantom.exposure import develop, expose
from core.phantom.geometry import Plane, View, make_plane
from core.phantom.lesions import LESION_LIMIT_CM, core_of, fluid_path
from core.phantom.settings import CHILD, PhantomSettings, stream
from core.phantom.skeleton import bone_path
from core.phantom.texture import smooth_noise
from core.phantom.tubes import tube_paths
from core.phantom.vessels import Trees, grow_trees

HEIGHT_PX = 1024
SUBTYPES = {"lobar": "bacteria", "effusion": "bacteria", "interstitial": "virus"}


@dataclass(frozen=True, slots=True, eq=False)
class PhantomFilm:
    """A synthetic film with the truth about it.

    Attributes
    ----------
    pixels : (H, W) float32 ndarray in [0, 1], read-only
        MONOCHROME2 sense: air dark, bone bright.
    label : int
        0 normal, 1 pneumonia.
    subtype : str
        ``bacteria`` or ``virus``; empty for a normal film.
    lesion_mask : (H, W) bool ndarray, read-only
        Where the lesion adds at least ``LESION_LIMIT_CM`` of water to the beam's path.
    core_mask : (H, W) bool ndarray, read-only
        The part of it that a reader would outline (`core_of`).
    lung_mask : (H, W) bool ndarray, read-only
        The lung fields as a reader outlines them, without heart and diaphragm.
    volume_mask : (H, W) bool ndarray, read-only
        Every ray that meets lung, those through the heart and below the domes included.
    """

    pixels: FloatImage
    label: int
    subtype: str
    lesion_mask: npt.NDArray[np.bool_]
    core_mask: npt.NDArray[np.bool_]
    lung_mask: npt.NDArray[np.bool_]
    volume_mask: npt.NDArray[np.bool_]
    settings: PhantomSettings


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """What the rays of one film meet.

    Attributes
    ----------
    path : (H, W) float32 ndarray
        In cm of water.
    lesion : (H, W) float32 ndarray
        What of it the lesion adds; 0 on every ray that does not meet it.
    """

    path: FloatImage
    lesion: FloatImage
    rays: LungRays


def draw_film(
    settings: PhantomSettings, *, height_px: int = HEIGHT_PX, width_px: int | None = None
) -> PhantomFilm:
    """Draw a frontal chest radiograph of a small child.

    Parameters
    ----------
    settings : PhantomSettings
        The same settings and size give the same bytes.
    width_px : int, optional
        The field is stretched to it; left out, pixels are square.
    """
    width = width_px or max(2, round(height_px * settings.aspect))
    plane = make_plane(settings.field_cm, height_px, width)
    beam = meet_beam(plane, settings)
    pixels = develop(expose(beam.path, settings, plane.pixel_cm), settings, plane.pixel_cm)
    _mask_border(pixels, settings, plane)
    ill = settings.finding != "normal"
    return PhantomFilm(
        pixels=read_only(pixels),
        label=int(ill),
        subtype=subtype_of(settings),
        lesion_mask=read_only(beam.lesion >= LESION_LIMIT_CM),
        core_mask=read_only(core_of(beam.lesion, plane.pixel_cm)),
        lung_mask=read_only(outline_fields(beam.rays)),
        volume_mask=read_only(beam.rays.spread(beam.rays.free) > 0),
        settings=settings,
    )


def subtype_of(settings: PhantomSettings) -> str:
    """Return ``bacteria`` or ``virus`` for a film with a lesion, empty for a normal one."""
    if settings.finding == "normal":
        return ""
    either = ("bacteria", "virus")[settings.seed % 2]
    return SUBTYPES.get(settings.finding, either)


def meet_beam(plane: Plane, settings: PhantomSettings) -> Beam:
    """Add up what each ray meets: the film before scatter, blur, noise and display."""
    child, view = make_child(settings), View(settings.rotation_deg, settings.lean_deg)
    rays, trees = cross_lungs(plane, child, settings, view), grow_trees(child, settings)
    fluid = fluid_path(plane, child, settings, view, rays, trees)
    replaced = np.float32(1 - child.lung_density)
    lesion = rays.spread(replaced * fluid)
    path = soft_tissue(plane, child, settings, view)
    marks = _lung_marks(plane, settings, view, rays, trees, fluid)
    path += lesion - rays.spread(replaced * (rays.free - marks))
    path -= tube_paths(plane, trees.windpipe, view)
    path = np.maximum(path, 0) + bone_path(plane, child, settings, view)
    path += device_path(plane, child, settings, view)
    return Beam(path, lesion, rays)


def _lung_marks(
    plane: Plane,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    trees: Trees,
    fluid: FloatImage,
) -> FloatImage:
    """Return the path through vessels in lung, (N,), and the unevenness of what is finer."""
    rng = stream(settings.seed, CHILD + 50)
    vessels = tube_paths(plane, trees.vessels, view)[rays.where]
    marks: FloatImage = np.minimum(np.float32(1.1) * vessels, rays.free)
    for grain_cm, share in ((0.12, 0.013), (0.25, 0.012), (0.5, 0.008), (1.2, 0.005)):
        uneven = smooth_noise(plane, grain_cm, rng)[rays.where]
        marks += np.float32(share) * uneven * rays.free
    marks *= 1 - fluid / np.maximum(rays.free, np.float32(1e-3))
    return marks


def _mask_border(pixels: FloatImage, settings: PhantomSettings, plane: Plane) -> None:
    """Blacken what the collimator keeps from the beam, in place."""
    left, top, right, bottom = settings.field_cm
    edge = settings.border_cm
    outside = (plane.x < left + edge) | (plane.x > right - edge)
    pixels[outside | (plane.y < top + edge) | (plane.y > bottom - edge)] = 0
