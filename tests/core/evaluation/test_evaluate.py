"""Parts of the data and slices of image quality: which films they hold, and what is counted."""

import json

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.errors import DatasetError
from core.evaluation.evaluate import (
    PARTS,
    evaluate_parts,
    evaluate_slices,
    find_cut_points,
    measure_run,
)
from core.stats.intervals import wilson_rate

# Two films of each kind that a part tells apart.
KINDS = ["validation ill", "validation well", "virus", "bacteria", "well", "nih ill", "nih well"]
FILMS = film_table(
    16,
    film_id=[f"{kind} {number}" for kind in [*KINDS, "known"] for number in (1, 2)],
    split=["validation"] * 4 + ["test"] * 6 + ["nih"] * 4 + ["test"] * 2,
    label=[1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1],
    subtype=["virus"] * 2 + [""] * 2 + ["virus"] * 2 + ["bacteria"] * 2 + [""] * 6 + ["virus"] * 2,
    patient_in_train=[False] * 14 + [True] * 2,
)
PREDICTIONS = predictions_of(FILMS, np.where(FILMS.label == 1, 0.9, 0.2))


@pytest.mark.parametrize(
    ("part", "kinds"),
    {
        "validation": {"validation ill", "validation well"},
        "test": {"virus", "bacteria", "well", "known"},
        "test_new_patients": {"virus", "bacteria", "well"},
        "test_bacterial": {"bacteria", "well"},
        "test_viral": {"virus", "known", "well"},
        "nih": {"nih ill", "nih well"},
    }.items(),
)
def test_a_part_holds_these_films_and_no_others(part, kinds):
    chosen = FILMS.where(PARTS[part].choose(FILMS))

    assert {film_id[:-2] for film_id in chosen.film_id} == kinds
    assert len(chosen) == 2 * len(kinds)


def test_every_part_is_measured_at_the_threshold_and_called_by_its_name():
    measured = evaluate_parts(PREDICTIONS, 0.5)

    assert list(measured) == list(PARTS)
    assert {key: part.split for key, part in measured.items()} == {
        key: part.name for key, part in PARTS.items()
    }
    assert {part.threshold for part in measured.values()} == {0.5}
    assert [part.n for part in measured.values()] == [4, 8, 6, 4, 6, 4]
    assert "out of population" in measured["nih"].split


def test_a_part_without_films_is_left_out():
    children = PREDICTIONS.where(FILMS.split != "nih")

    assert list(evaluate_parts(children, 0.5)) == [key for key in PARTS if key != "nih"]


def test_a_part_of_one_class_is_refused():
    ill = PREDICTIONS.where((FILMS.split != "nih") | (FILMS.label == 1))

    with pytest.raises(DatasetError, match="there are 2 with pneumonia and 0 normal"):
        evaluate_parts(ill, 0.5)


def test_intervals_of_a_part_keep_a_patients_films_together():
    films = film_table(40, patient=np.array([f"p{number // 8}" for number in range(40)]))
    predictions = predictions_of(films, np.linspace(0.1, 0.9, 40))

    assert evaluate_parts(predictions, 0.5)["test"].n_patients == 5


# --- slices ---------------------------------------------------------------------------------------


def test_cut_points_are_the_thirds_of_each_quality():
    films = film_table(
        4,
        contrast=np.array([0.0, 0.3, 0.6, 0.9]),
        original_height_px=np.array([400.0, np.nan, 700.0, 1000.0]),
        original_width_px=np.array([500.0, np.nan, 600.0, 900.0]),
    )

    cut_points = find_cut_points(films)

    assert cut_points["contrast"] == pytest.approx((0.3, 0.6))
    # Short sides 400, 600 and 900: thirds lie two thirds of the way, and one third of the way.
    assert cut_points["short_side_px"] == pytest.approx((400 + 400 / 3, 600 + 100))


def test_a_quality_that_is_not_known_of_any_film_has_no_cut_points():
    films = film_table(3, original_height_px=np.full(3, np.nan))

    assert find_cut_points(films).keys() == {"contrast", "median_grey", "sharpness"}


def test_a_slice_counts_its_own_films():
    films = film_table(
        8,
        label=np.array([1, 1, 0, 0, 1, 1, 1, 0]),
        contrast=np.array([0.1, 0.2, 0.1, 0.2, 0.3, 0.5, 0.6, 0.9]),
    )
    predictions = predictions_of(films, [0.9, 0.2, 0.8, 0.1, 0.9, 0.9, 0.2, 0.1])

    slices = evaluate_slices(predictions, 0.5, {"contrast": (0.3, 0.6)})

    low, middle, high = slices["test"]["contrast"]
    assert (low.low, low.high, middle.low, middle.high) == (None, 0.3, 0.3, 0.6)
    assert (high.low, high.high) == (0.6, None)
    assert (low.n, middle.n, high.n) == (4, 2, 2)
    assert (low.sensitivity, low.specificity) == (wilson_rate(1, 2), wilson_rate(1, 2))
    assert (middle.sensitivity, middle.n_positive) == (wilson_rate(2, 2), 2)
    assert np.isnan(middle.specificity.value)
    assert (high.sensitivity, high.specificity) == (wilson_rate(0, 1), wilson_rate(1, 1))
    assert sum(third.n for third in slices["validation"]["contrast"]) == 0


def test_a_film_of_unknown_size_is_in_no_slice_of_size():
    films = film_table(4, original_width_px=np.array([300.0, 600.0, np.nan, 900.0]))
    predictions = predictions_of(films, [0.9, 0.2, 0.8, 0.1])

    thirds = evaluate_slices(predictions, 0.5, {"short_side_px": (400.0, 700.0)})["test"]

    assert [third.n for third in thirds["short_side_px"]] == [1, 1, 1]


def test_what_a_record_states_comes_back_from_json_as_it_is():
    films = FILMS.where(FILMS.split == "test")
    predictions = PREDICTIONS.where(FILMS.split == "test")

    measured = measure_run(predictions, 0.95, {"contrast": (0.1, 0.9)})

    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert measured["metrics"]["test"]["rates"]["ppv"] == {
        "value": None, "low": 0.0, "high": 1.0, "n": 0
    }  # fmt: skip
    assert measured["slices"]["cut_points"] == {"contrast": [0.1, 0.9]}
    assert measured["slices"]["test"]["contrast"][1]["n"] == len(films)
