"""Path lengths through the solids of which phantoms are made, against cases worked out by hand."""

import numpy as np
import pytest

from core.phantom.exposure import ATTENUATION, SCATTER_CM, expose, scatter
from core.phantom.geometry import (
    TUBE_DISTANCE_CM,
    Interval,
    Plane,
    Stack,
    View,
    cross_box,
    cross_ellipsoid,
    free_path,
    make_plane,
)
from core.phantom.settings import PhantomSettings
from core.phantom.texture import smooth_noise
from core.phantom.tubes import Tube, bend, tube_paths

STRAIGHT = View()


def grid(side_cm: float = 8.0, side_px: int = 401) -> Plane:
    """An odd number of pixels: the middle one lies at the origin."""
    half = side_cm / 2
    return make_plane((-half, -half, half, half), side_px, side_px)


def ray(x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x], np.float32), np.array([y], np.float32)


def at(plane: Plane, film: np.ndarray, x: float, y: float) -> float:
    row, column = np.abs(plane.y[:, 0] - y).argmin(), np.abs(plane.x[0] - x).argmin()
    return float(film[row, column])


def test_the_middle_of_a_pixel_lies_where_the_field_puts_it() -> None:
    plane = make_plane((-2.0, 1.0, 2.0, 4.0), 3, 4)
    assert plane.x.tolist() == [[-1.5, -0.5, 0.5, 1.5]]
    assert plane.y.tolist() == [[1.5], [2.5], [3.5]]
    assert (plane.pixel_cm, plane.pixel_width_cm) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("x", "y", "chord"),
    [
        (0.0, 0.0, 6.0),  # through the middle: twice the radius along the beam
        (1.2, 0.0, 4.8),  # 6 sqrt(1 - 0.6²)
        (0.0, 0.8, 3.6),  # 6 sqrt(1 - 0.8²)
        (2.1, 0.0, 0.0),
    ],
)
def test_the_chord_of_an_ellipsoid_is_that_of_its_equation(
    x: float, y: float, chord: float
) -> None:
    crossed = cross_ellipsoid(*ray(x, y), (0, 0, 0.5), (2, 1, 3))
    assert crossed.chord[0] == pytest.approx(chord, abs=1e-4)
    assert (crossed.near[0] + crossed.far[0]) / 2 == pytest.approx(0.5, abs=1e-4)


def test_an_ellipsoid_that_turns_by_a_right_angle_exchanges_width_and_depth() -> None:
    turned = cross_ellipsoid(*ray(1.5, 0.0), (0, 0, 0), (2, 1, 3), View(rotation_deg=90.0))
    # Now 3 wide and 2 deep: 4 sqrt(1 - 0.5²)
    assert turned.chord[0] == pytest.approx(2 * np.sqrt(3), abs=1e-4)


def test_a_straight_tube_is_crossed_by_its_circle() -> None:
    plane = grid()
    film = tube_paths(plane, [bend([(-3, 0, 0), (3, 0, 0)], 0.5, 5)], STRAIGHT)
    assert at(plane, film, 0.0, 0.0) == pytest.approx(1.0, abs=1e-3)
    assert at(plane, film, 1.0, 0.3) == pytest.approx(0.8, abs=0.02)  # 2 sqrt(0.5² - 0.3²)
    assert at(plane, film, 1.0, 0.6) == 0
    assert at(plane, film, 3.2, 0.0) == 0


def test_a_slanting_tube_is_crossed_the_longer_the_more_it_points_along_the_beam() -> None:
    plane = grid()
    film = tube_paths(plane, [bend([(-2, 0, -2), (2, 0, 2)], 0.3, 4)], STRAIGHT)
    # The circle's diameter over the sine of 45 degrees.
    assert at(plane, film, 0.0, 0.0) == pytest.approx(0.6 * np.sqrt(2), rel=0.01)


def test_a_flat_tube_is_as_thin_as_it_is_flat() -> None:
    plane = grid()
    tube = bend([(-3, 0, 0), (3, 0, 0)], 0.5, 3, flatness=0.4)
    assert at(plane, tube_paths(plane, [tube], STRAIGHT), 0.0, 0.0) == pytest.approx(0.4, abs=1e-3)


def test_a_bent_tube_is_counted_once_at_its_bends() -> None:
    angle = np.linspace(0, np.pi, 31)
    ring = np.stack([2 * np.cos(angle), 2 * np.sin(angle), 0 * angle], axis=1)
    plane = grid()
    film = tube_paths(plane, [Tube(ring, np.full(31, 0.4))], STRAIGHT)
    volume = film.sum() * plane.pixel_cm**2
    assert volume == pytest.approx(np.pi * 0.4**2 * 2 * np.pi, rel=0.01)  # Pappus
    assert film.max() == pytest.approx(0.8, rel=0.02)


def test_a_tube_thinner_than_a_pixel_keeps_its_volume() -> None:
    plane = grid(side_px=81)
    volumes = [
        tube_paths(plane, [bend([(-3, y, 0), (3, y, 0)], 0.02, 1)], STRAIGHT).sum()
        * plane.pixel_cm**2
        for y in np.linspace(0, 0.1, 11)
    ]
    assert np.mean(volumes) == pytest.approx(np.pi * 0.02**2 * 6, rel=0.05)
    assert min(volumes) > 0.5 * max(volumes)  # wherever it lies between two rows


def test_the_shell_of_a_tube_lies_between_it_and_its_inside() -> None:
    bone = bend([(-3, 0, 0), (3, 0, 0)], 0.5, 3)
    plane = grid()
    shell = tube_paths(plane, [bone], STRAIGHT) - tube_paths(plane, [bone.shrunk(0.1)], STRAIGHT)
    assert at(plane, shell, 0.0, 0.0) == pytest.approx(0.2, abs=1e-3)
    # Beside the inside the beam runs in cortex only: 2 sqrt(0.5² - 0.42²)
    assert at(plane, shell, 0.0, 0.42) == pytest.approx(0.543, abs=0.02)


def test_a_block_has_a_level_middle_and_rounded_corners() -> None:
    plane = grid()
    box, chord = cross_box(plane, np.zeros(3), (2.0, 1.0, 1.5))
    film = np.zeros(plane.shape, np.float32)
    film[box] = chord
    assert at(plane, film, 0.0, 0.0) == pytest.approx(3.0, abs=1e-3)
    assert at(plane, film, 1.0, 0.0) == pytest.approx(3 * np.sqrt(15 / 16), abs=1e-2)
    assert at(plane, film, 1.9, 0.95) == 0


def test_a_block_is_as_square_on_each_axis_as_its_power_says() -> None:
    plane = grid()
    box, chord = cross_box(plane, np.zeros(3), (2.0, 2.0, 1.5), (2.0, 6.0))
    film = np.zeros(plane.shape, np.float32)
    film[box] = chord
    assert at(plane, film, 1.2, 0.0) == pytest.approx(2.4, abs=1e-2)  # 3 sqrt(1 - 0.6²)
    assert at(plane, film, 0.0, 1.2) == pytest.approx(3 * np.sqrt(1 - 0.6**6), abs=1e-2)


def test_a_stack_is_an_ellipse_at_every_height_and_shrinks_by_its_inset() -> None:
    trunk = Stack([(0.0, 4.0), (10.0, 4.0)], [(0.0, 3.0), (10.0, 3.0)], [(0.0, 0.0)])
    assert trunk.cross(*ray(0, 5), STRAIGHT).chord[0] == pytest.approx(6.0, abs=1e-4)
    assert trunk.cross(*ray(2.4, 5), STRAIGHT).chord[0] == pytest.approx(4.8, abs=1e-3)
    assert trunk.cross(*ray(0, 5), STRAIGHT, 1.0).chord[0] == pytest.approx(4.0, abs=1e-4)
    assert trunk.cross(*ray(0, 5), View(90.0)).chord[0] == pytest.approx(8.0, abs=1e-3)


def test_the_free_path_counts_overlapping_solids_once() -> None:
    def interval(near: float, far: float) -> Interval:
        return Interval(np.array([near], np.float32), np.array([far], np.float32))

    cavity = interval(0, 10)
    assert free_path(cavity, [interval(2, 5), interval(4, 6)])[0] == pytest.approx(6)
    assert free_path(cavity, [interval(4, 6), interval(-3, 1), interval(9, 14)])[0] == 6
    assert free_path(cavity, [interval(2, 9), interval(3, 4)])[0] == pytest.approx(3)
    assert free_path(cavity, [interval(12, 15)])[0] == 10


def test_what_lies_nearer_to_the_tube_appears_larger() -> None:
    near, far = STRAIGHT.place([2.0, 3.0, 10.0]), STRAIGHT.place([2.0, 3.0, -10.0])
    assert near[0] == pytest.approx(2 * TUBE_DISTANCE_CM / (TUBE_DISTANCE_CM - 10))
    assert far[1] == pytest.approx(3 * TUBE_DISTANCE_CM / (TUBE_DISTANCE_CM + 10))


def test_scatter_keeps_the_beam_and_spreads_a_point_widely() -> None:
    assert scatter(np.full((80, 90), 0.3, np.float32), 0.1) == pytest.approx(0.3)
    point = np.zeros((200, 200), np.float32)
    point[100, 100] = 1
    spread = scatter(point, 0.1)
    # A Gaussian's peak is 1 / (2 pi sigma²), in pixels.
    assert spread.max() == pytest.approx(1 / (2 * np.pi * (SCATTER_CM / 0.1) ** 2), rel=0.15)


def test_the_beam_weakens_by_the_law_of_beer_and_lambert() -> None:
    for water_cm in (0.0, 4.0, 10.0):
        path = np.full((64, 64), water_cm, np.float32)
        signal = expose(path, PhantomSettings(seed=1), pixel_cm=0.5)
        # Even everywhere, so that scatter and blur change nothing but what noise is left.
        assert signal.mean() == pytest.approx(np.exp(-ATTENUATION * water_cm), rel=2e-3)


def test_four_times_the_exposure_halves_the_noise() -> None:
    path = np.full((96, 96), 8.0, np.float32)
    low, high = (expose(path, PhantomSettings(seed=1, exposure=dose), 0.05) for dose in (0.5, 2.0))
    assert low.std() / high.std() == pytest.approx(2.0, rel=0.02)
    assert high.std() > 0


def test_noise_is_fixed_to_the_child_and_not_to_the_pixels() -> None:
    whole, part = grid(8.0, 81), grid(4.0, 81)
    coarse, fine = (smooth_noise(plane, 0.8, np.random.default_rng(1)) for plane in (whole, part))
    assert at(whole, coarse, 0.0, 0.0) == pytest.approx(at(part, fine, 0.0, 0.0), abs=1e-3)
    assert 0.6 < coarse.std() < 1.4
