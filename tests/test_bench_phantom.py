"""How synthetic and real films are compared, and how explanations are held against lesions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.likeness import DISTANCES, Group, power_spectrum, tabulate
from bench.likeness_picture import draw_likeness
from bench.phantom import DOCUMENT, TABLE_BEGINS, TABLE_ENDS, TITLE, write_table
from bench.pointing import WAYS, Pointed, chest_rates, group_rates
from bench.pointing import tabulate as tabulate_pointed
from bench.results import RESULTS_FILE, read_sections
from core.explanation_score import score_explanation


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


def test_the_yardstick_and_the_ratio_stand_beside_every_distance():
    table = tabulate(group(0.5, 3.0), [group(0.6, 3.1), group(0.63, 3.3, -2.1)])
    assert "| grey levels, earth mover's distance | 0.1000 | 0.0300 | 3.3 |" in table
    assert "| grey level | 0.500 | 0.600 |" in table


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


def test_the_document_says_what_was_measured():
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split(TABLE_BEGINS)[1].split(TABLE_ENDS)[0].strip()
    assert "grey levels" in table
    assert table in read_sections(RESULTS_FILE)[TITLE]


def test_an_explanation_is_scored_by_the_lesion_and_by_lungs_and_lesion():
    lesion, lungs = np.zeros((2, 8, 8), bool)
    lesion[0, 0], lungs[4:] = True, True
    weights = lungs.astype(np.float32)
    by_place = [
        {way: score_explanation(weights, mask) for way in WAYS} for mask in (lesion, lesion | lungs)
    ]
    pointed = [Pointed("lobar", True, *by_place)]
    lesions = tabulate_pointed(group_rates(pointed))
    chest = tabulate_pointed(chest_rates(pointed), "lungs and lesion")
    assert any(line.startswith("| all | 1 | LIME | 0.00") for line in lesions)
    assert any(line.startswith("| all | 1 | LIME | 1.00") for line in chest)
    assert "Points at the lungs and lesion" in chest[0]
    assert not any("| lungs |" in line for line in chest)
