"""How synthetic and real films are compared."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from statsmodels.stats.proportion import proportion_confint

from bench import phantom_sets
from bench.likeness import DISTANCES, Group, film_powers, split_films, tabulate
from bench.likeness_picture import draw_likeness
from bench.phantom import DOCUMENT, TABLE_BEGINS, TABLE_ENDS, TITLE, write_table
from bench.phantom_sets import ReadSet, join_sets
from bench.phantom_sets import tabulate as tabulate_sets
from bench.results import RESULTS_FILE, read_sections


def group(greys: float, power: float, slope: float = -2.0) -> Group:
    cycles = np.arange(1, 101)
    return Group(
        greys=np.full((10, 70), greys),
        powers=np.tile(10 ** (power + slope * np.log10(cycles)), (10, 1)),
        lung_shares=np.full(10, greys / 2),
        distances=np.full(10, 1.0 + greys),
    )


def test_a_wave_has_its_power_at_its_own_frequency():
    columns = np.arange(224) / 224
    wave = np.tile(np.sin(2 * np.pi * 20 * columns), (224, 1)).astype(np.float32)
    powers = film_powers(wave)
    assert powers.argmax() + 1 == 20
    assert powers[19] > 1000 * powers[39]


def test_twice_the_contrast_is_four_times_the_power():
    film = np.random.default_rng(0).random((64, 64), np.float32)
    once, twice = film_powers(film), film_powers(2 * film)
    assert twice[:30] == pytest.approx(4 * once[:30], rel=1e-3)


def test_a_groups_spectrum_is_the_logarithm_of_its_films_mean_power():
    mixed = Group(np.zeros((2, 7)), np.array([[1.0] * 100, [19.0] * 100]), np.ones(2), np.ones(2))
    assert mixed.spectrum == pytest.approx(1.0)


def test_every_half_has_as_many_films_of_either_label_and_none_twice():
    films = np.arange(12)
    real = Group(np.zeros((12, 7)), np.ones((12, 100)), films, np.zeros(12))
    splits = split_films(real, 5, seed=3)
    assert len({tuple(one.lung_shares) for one, _ in splits}) == 5
    for one, other in splits:
        assert (one.lung_shares < 6).sum() == (other.lung_shares < 6).sum() == 3
        assert set(one.lung_shares) | set(other.lung_shares) == set(films)


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


def test_the_yardstick_and_the_ratio_stand_beside_every_distance():
    one, other = group(0.6, 3.1), group(0.63, 3.3, -2.1)
    table = tabulate(group(0.5, 3.0), [(one, other)])
    assert "| grey levels, earth mover's distance | 0.1000 | 0.0300 | 3.3 |" in table
    assert "| grey level | 0.500 | 0.615 |" in table


def test_distances_are_means_over_the_splits():
    one, other = group(0.6, 3.1), group(0.63, 3.3, -2.1)
    table = tabulate(group(0.5, 3.0), [(one, other), (other, one)])
    assert "| grey levels, earth mover's distance | 0.1150 | 0.0300 | 3.8 |" in table


def test_the_picture_is_of_what_was_measured(tmp_path):
    synthetic, halves = group(0.5, 3.0), [group(0.6, 3.1), group(0.63, 3.3)]
    paths = [tmp_path / name for name in ("one.png", "again.png", "other.png")]
    draw_likeness(synthetic, halves, paths[0])
    draw_likeness(synthetic, halves, paths[1])
    draw_likeness(group(0.2, 3.0), halves, paths[2])
    one, again, other = (np.asarray(Image.open(path)) for path in paths)
    assert np.array_equal(one, again)
    assert (one != other).any(axis=2).mean() > 0.005


def test_the_tables_take_the_place_of_earlier_ones_and_leave_the_rest(tmp_path: Path):
    document = tmp_path / "page.md"
    document.write_text(f"Before.\n\n{TABLE_BEGINS}\n\nold\n\n{TABLE_ENDS}\n\nAfter.\n")
    write_table(["| new |"], document)
    text = document.read_text()
    assert text == f"Before.\n\n{TABLE_BEGINS}\n\n| new |\n\n{TABLE_ENDS}\n\nAfter.\n"


@pytest.mark.parametrize(
    ("marks", "title", "words"),
    [
        ((TABLE_BEGINS, TABLE_ENDS), TITLE, "grey levels"),
        (phantom_sets.MARKS, phantom_sets.TITLE, "| all | 300 |"),
    ],
)
def test_the_document_says_what_was_measured(marks, title, words):
    begins, ends = marks
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split(begins)[1].split(ends)[0].strip()
    assert words in table
    assert table in read_sections(RESULTS_FILE)[title]


def test_sets_are_counted_each_and_together() -> None:
    one = ReadSet(6, np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.8, 0.9, 0.7, 0.2]))
    other = ReadSet(4, np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.9, 0.7]))

    _, _, first, _, both = tabulate_sets(
        {"1": one, "2": other, "all": join_sets([one, other])}, 0.5
    )

    low, high = proportion_confint(2, 3, method="wilson")
    assert f"| {2 / 3:.3f} ({low:.3f} to {high:.3f}) |" in first
    assert f"| {5 / 6:.3f} (" in first  # let through
    assert f"| {4 / 6:.3f} (" in first  # of six pairs of an ill and a normal film four are in order
    low, high = proportion_confint(3, 4, method="wilson")
    assert both.startswith("| all | 10 |")
    assert f"| {3 / 4:.3f} ({low:.3f} to {high:.3f}) |" in both
