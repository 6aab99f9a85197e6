"""How synthetic and real films are compared."""

import numpy as np
import pytest

from bench.phantom import DISTANCES, Group, compare, power_spectrum


def group(greys: float, power: float, slope: float = -2.0) -> Group:
    cycles = np.arange(1, 101)
    return Group(
        greys=np.full(700, greys),
        spectrum=power + slope * np.log10(cycles),
        lung_shares=np.full(10, greys / 2),
        distances=np.full(10, 1.0 + greys),
    )


def test_a_wave_has_its_power_at_its_own_frequency():
    columns = np.arange(224) / 224
    wave = np.tile(np.sin(2 * np.pi * 20 * columns), (224, 1)).astype(np.float32)
    spectrum = power_spectrum([wave, wave])
    assert spectrum.argmax() + 1 == 20
    assert spectrum[19] > spectrum[39] + 3


def test_twice_the_contrast_is_four_times_the_power():
    film = np.random.default_rng(0).random((64, 64), np.float32)
    once, twice = power_spectrum([film]), power_spectrum([2 * film])
    assert twice[:30] - once[:30] == pytest.approx(np.log10(4), abs=1e-3)


def test_groups_that_are_alike_are_no_distance_apart():
    one = group(0.5, 3.0)
    assert all(distance(one, one) == pytest.approx(0) for distance in DISTANCES.values())


def test_each_distance_is_that_of_what_it_names():
    one, other = group(0.5, 3.0), group(0.7, 3.25, -2.5)
    apart = [distance(one, other) for distance in DISTANCES.values()]
    greys, spectrum, slopes, lungs, features = apart
    assert greys == pytest.approx(0.2)
    assert spectrum == pytest.approx(np.abs(0.25 - 0.5 * np.log10(np.arange(1, 101))).mean())
    assert slopes == pytest.approx(0.5)
    assert (lungs, features) == (pytest.approx(0.1), pytest.approx(0.2))


def test_the_yardstick_stands_beside_every_distance():
    table = compare(group(0.5, 3.0), [group(0.6, 3.0), group(0.63, 3.0)])
    assert "| grey levels, earth mover's distance | 0.1000 | 0.0300 |" in table
    assert "| grey level | 0.500 | 0.600 |" in table
