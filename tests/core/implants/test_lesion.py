"""A lesion changes its own pixels and no other, the more the denser, and every film is marked."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fixtures.implants import host, path_cm
from PIL import Image

from core.domain.film import SYNTHETIC_KEY
from core.domain.findings import ZONES
from core.imaging.decoding import decode_radiograph
from core.implants.lesion import (
    KINDS,
    LesionShape,
    Scale,
    add_lesion,
    implant_levels,
    implant_png,
    shape_lesion,
)
from core.implants.place import HostFilm, lesion_in_soft_tissue, lesion_in_zone
from core.library.films import states_synthetic
from core.phantom.exposure import lengthen_path

FILM = host()


@pytest.mark.parametrize("kind", KINDS)
def test_only_pixels_of_the_lesion_change(kind) -> None:
    depth = lesion_in_zone(FILM, "right middle", LesionShape(kind, 3))
    ill = add_lesion(FILM.pixels, depth, 2.0)
    assert np.array_equal(ill[~depth.mask], FILM.pixels[~depth.mask])
    assert (ill > FILM.pixels)[depth.core].mean() > 0.95
    assert 0.02 < depth.mask.mean() < 0.3
    marked, plain = (implant_levels(FILM.pixels, one, 2.0) for one in (depth, None))
    assert set(zip(*np.nonzero(marked != plain), strict=True)) <= set(
        zip(*np.nonzero(depth.mask), strict=True)
    )


def test_an_opacity_of_zero_changes_nothing() -> None:
    depth = lesion_in_zone(FILM, "left lower", LesionShape("lobar", 5))
    assert np.array_equal(add_lesion(FILM.pixels, depth, 0.0), FILM.pixels)
    assert implant_png(FILM.pixels, depth, 0.0) == implant_png(FILM.pixels, None, 0.0)


def test_the_denser_the_lesion_the_brighter_each_of_its_pixels() -> None:
    depth = lesion_in_zone(FILM, "right upper", LesionShape("patchy", 5))
    films = [add_lesion(FILM.pixels, depth, opacity) for opacity in (0.0, 0.5, 1.0, 2.0, 4.0)]
    steps = np.diff(np.stack(films), axis=0)[:, depth.mask]
    assert steps.min() >= 0.0
    assert (steps.mean(axis=1) > 0.005).all()


def test_the_thickest_place_adds_the_stated_path_by_the_displays_formula() -> None:
    grey = np.full((1, 3), 0.4, np.float32)
    added = lengthen_path(grey, np.array([[0.0, 0.7, 3.0]], np.float32))
    assert (path_cm(added) - path_cm(grey))[0] == pytest.approx([0.0, 0.7, 3.0], abs=1e-3)
    depth = lesion_in_zone(FILM, "right middle", LesionShape("lobar", 3))
    assert depth.share.max() == 1.0


def test_every_file_has_the_mark_in_its_pixels_and_in_its_text() -> None:
    depth = lesion_in_zone(FILM, "right middle", LesionShape("lobar", 3))
    for one, opacity in ((depth, 3.0), (depth, 0.0), (None, 0.0)):
        content = implant_png(FILM.pixels, one, opacity)
        assert states_synthetic(content)
        with Image.open(io.BytesIO(content)) as picture:
            assert "no patient's state" in picture.info[SYNTHETIC_KEY]
        decoded = decode_radiograph(content)
        assert decoded.synthetic
        levels = implant_levels(FILM.pixels, one, opacity)
        assert np.array_equal(np.rint(decoded.pixels * 255), levels)
        corner = np.rint(FILM.pixels * 255)[-12:, :50] != levels[-12:, :50]
        assert corner.mean() > 0.3


def test_a_lesion_has_its_size_in_lungs_of_the_phantoms_size() -> None:
    scale = Scale(0.1, 0.1)
    depth = shape_lesion(LesionShape("lobar", 1, diameter_cm=4.0), scale, (200, 220), (100, 110))
    rows, columns = np.nonzero(depth.share > 0.1)
    assert np.ptp(rows) * 0.1 == pytest.approx(4.0, rel=0.25)
    assert np.ptp(columns) * 0.1 == pytest.approx(4.0, rel=0.25)
    assert np.mean(rows) == pytest.approx(100, abs=8)


@pytest.mark.parametrize("zone", ZONES)
def test_most_of_a_lesion_lies_in_its_zone(zone) -> None:
    for seed in range(3):
        depth = lesion_in_zone(FILM, zone, LesionShape(KINDS[seed % 2], seed, 3.5))
        inside = {one: depth.share[mask].sum() for one, mask in FILM.zones.items()}
        assert max(inside, key=inside.get) == zone


def test_a_lesion_in_soft_tissue_leaves_the_lungs_alone() -> None:
    depth = lesion_in_soft_tissue(FILM, LesionShape("lobar", 7, 3.5))
    assert depth is not None
    assert not depth.core[FILM.lungs >= 0.5].any()
    assert FILM.pixels[depth.core].mean() > 0.2


def test_without_soft_tissue_there_is_no_such_control() -> None:
    full = HostFilm.of("y", FILM.pixels.copy(), np.ones_like(FILM.lungs))
    assert lesion_in_soft_tissue(full, LesionShape("lobar", 7)) is None
