"""The films of each cell, held to scikit-learn; their orders, filters and contrasts, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of
from sklearn.metrics import confusion_matrix, log_loss

from core.comparison.scored_films import ScoredFilms, join_runs
from core.error_analysis.filters import (
    NO_SUBTYPE,
    Noted,
    Wanted,
    WrongIn,
    films_wanted,
    subtypes_of,
)
from core.error_analysis.gallery import (
    Cell,
    Order,
    cell_of,
    cell_of_films,
    films_in_cell,
    hold_back,
    order_films,
)
from core.error_analysis.neighbours import logit_space, nearest_in_cell
from core.errors import DatasetError
from core.runs.listing import list_runs
from core.runs.predictions import read_predictions
from core.runs.tertiles import Third
from core.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "models"
THRESHOLDS = [0.0, 1e-6, 0.05, 0.25, 0.5, 0.6732716390852771, 0.9, 0.999, 1.0]


def runs_on(
    probabilities: dict[str, list[float]], threshold: float = 0.5, **columns
) -> ScoredFilms:
    films = film_table(len(next(iter(probabilities.values()))), **columns)
    tables = {name: predictions_of(films, values) for name, values in probabilities.items()}
    return join_runs("a", tables, dict.fromkeys(tables, threshold))


def names_in(runs: ScoredFilms, places) -> list[int]:
    return [int(place) for place in places]


# --- cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["validation", "test", "nih"])
def test_the_cells_of_every_kept_run_are_those_of_scikit_learn(split: str) -> None:
    for run in list_runs(MODELS):
        part = read_predictions(run).of_split(split)
        label = part.films.label
        for threshold in [*THRESHOLDS, run.operating_point.threshold, *part.probability[:20]]:
            cells = cell_of_films(part.probability, label, threshold)
            (tn, fp), (fn, tp) = confusion_matrix(
                label, part.probability >= threshold, labels=[0, 1]
            )
            assert cells.sum(axis=1).tolist() == [tp, fn, fp, tn]
            assert (cells.sum(axis=0) == 1).all()


def test_a_film_at_the_threshold_is_called_pneumonia() -> None:
    probability, label = np.array([0.5, 0.5]), np.array([1, 0])
    assert films_in_cell(probability, label, 0.5, Cell.TRUE_POSITIVE).tolist() == [True, False]
    assert films_in_cell(probability, label, 0.5, Cell.FALSE_POSITIVE).tolist() == [False, True]


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_the_cell_of_one_film_is_that_of_all_films(threshold: float) -> None:
    probability = np.array([0.1, 0.2, 0.5, 0.8, 0.9, 0.5])
    label = np.array([0, 1, 1, 0, 1, 0])
    cells = cell_of_films(probability, label, threshold)
    of_each = [cell_of(p, y, threshold) for p, y in zip(probability, label, strict=True)]
    assert of_each == [list(Cell)[place] for place in cells.argmax(axis=0)]


def test_only_two_cells_are_right() -> None:
    assert [cell for cell in Cell if cell.right] == [Cell.TRUE_POSITIVE, Cell.TRUE_NEGATIVE]


# --- runs side by side ----------------------------------------------------------------------------


def test_runs_are_joined_by_film_whatever_their_order() -> None:
    films = film_table(4)
    reverse = np.arange(4)[::-1]
    back = film_table(4, **{name: getattr(films, name)[reverse] for name in ("film_id", "label")})
    joined = join_runs(
        "a",
        {
            "a": predictions_of(films, [0.1, 0.2, 0.3, 0.4]),
            "b": predictions_of(back, [0.8, 0.7, 0.6, 0.5]),
        },
        {"a": 0.5, "b": 0.6},
    )
    assert joined.probability.tolist() == [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]
    assert joined.threshold.tolist() == [0.5, 0.6]
    assert joined.of_run("b").tolist() == [0.5, 0.6, 0.7, 0.8]


def test_a_run_that_has_not_read_every_film_is_left_out() -> None:
    films = film_table(4)
    some = np.array([True, False, True, True])
    tables = {
        "a": predictions_of(films, [0.1, 0.2, 0.3, 0.4]),
        "b": predictions_of(films.where(some), [0.6, 0.7, 0.8]),
    }
    points = {"a": 0.5, "b": 0.6}
    assert join_runs("a", tables, points).run_ids == ("a",)
    beside = join_runs("b", tables, points)
    assert beside.run_ids == ("a", "b")
    assert beside.probability.tolist() == [[0.1, 0.3, 0.4], [0.6, 0.7, 0.8]]
    assert beside.threshold_of("b") == 0.6
    assert beside.place_of("test/NORMAL/2.jpeg") == 1
    assert beside.place_of("test/NORMAL/1.jpeg") is None


def test_runs_with_other_labels_are_not_joined() -> None:
    tables = {
        "a": predictions_of(film_table(2, label=[0, 1]), [0.1, 0.2]),
        "b": predictions_of(film_table(2, label=[1, 1]), [0.1, 0.2]),
    }
    with pytest.raises(DatasetError, match="Run b was measured against other labels"):
        join_runs("a", tables, {"a": 0.5, "b": 0.5})


def test_each_run_is_wrong_at_its_own_threshold_and_one_may_be_moved() -> None:
    runs = runs_on({"a": [0.4, 0.6], "b": [0.9, 0.9]}, label=[0, 1])
    assert runs.right.tolist() == [[True, True], [False, True]]
    assert runs.at("a", 0.7).right.tolist() == [[True, False], [False, True]]
    assert runs.threshold.tolist() == [0.5, 0.5]


def test_runs_disagree_by_their_largest_less_their_smallest_probability() -> None:
    runs = runs_on({"a": [0.25, 0.5], "b": [0.75, 0.5], "c": [0.5, 0.5]})
    assert runs.disagreement.tolist() == [0.5, 0.0]


# --- orders ---------------------------------------------------------------------------------------


def test_the_surest_error_comes_first_on_either_side_of_the_threshold() -> None:
    # logits about -2.2, 0.4, 4.6, -0.4 around a threshold at logit 0
    runs = runs_on({"a": [0.1, 0.6, 0.99, 0.4]})
    order = order_films(runs, "a", Order.CONFIDENCE)
    assert names_in(runs, order) == [2, 0, 1, 3]


def test_moving_the_threshold_moves_the_confidence() -> None:
    runs = runs_on({"a": [0.1, 0.6, 0.99, 0.4]}).at("a", 0.99)
    assert names_in(runs, order_films(runs, "a", Order.CONFIDENCE)) == [0, 3, 1, 2]


def test_the_order_by_loss_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    probability = rng.uniform(0.001, 0.999, 60)
    runs = runs_on({"a": probability.tolist()})
    losses = [
        log_loss([y], [p], labels=[0, 1])
        for y, p in zip(runs.films.label, probability, strict=True)
    ]
    order = order_films(runs, "a", Order.LOG_LOSS)
    assert names_in(runs, order) == np.argsort(losses)[::-1].tolist()


def test_the_most_disputed_and_the_poorest_films_come_first() -> None:
    runs = runs_on(
        {"a": [0.5, 0.5, 0.5], "b": [0.6, 0.1, 0.8]},
        contrast=[0.3, 0.2, 0.9],
        sharpness=[0.02, 0.03, 0.01],
    )
    assert names_in(runs, order_films(runs, "a", Order.DISAGREEMENT)) == [1, 2, 0]
    assert names_in(runs, order_films(runs, "a", Order.CONTRAST)) == [1, 0, 2]
    assert names_in(runs, order_films(runs, "a", Order.SHARPNESS)) == [2, 0, 1]


def test_patients_and_their_films_stand_by_number() -> None:
    runs = runs_on(
        {"a": [0.5] * 4},
        patient=["person10", "person2", "person2", "IM-0001"],
        film_id=["x_1", "x_12", "x_9", "y"],
    )
    assert names_in(runs, order_films(runs, "a", Order.PATIENT)) == [3, 2, 1, 0]


def test_equal_films_stand_by_name() -> None:
    runs = runs_on({"a": [0.7, 0.7, 0.7]}, film_id=["f_10", "f_9", "f_1"])
    assert names_in(runs, order_films(runs, "a", Order.CONFIDENCE)) == [2, 1, 0]


# --- filters --------------------------------------------------------------------------------------


def chosen_by(runs: ScoredFilms, wanted: Wanted, noted: Noted | None = None) -> list[int]:
    return np.flatnonzero(films_wanted(runs, "a", wanted, noted or Noted())).tolist()


def test_nothing_asked_for_leaves_every_film() -> None:
    runs = runs_on({"a": [0.5, 0.5]})
    assert not Wanted().anything
    assert chosen_by(runs, Wanted()) == [0, 1]


def test_subtypes_can_be_looked_at_alone() -> None:
    runs = runs_on({"a": [0.5] * 4})  # none, bacteria, none, virus
    assert subtypes_of(runs.films) == ("bacteria", "virus", NO_SUBTYPE)
    assert chosen_by(runs, Wanted(subtype="virus")) == [3]
    assert chosen_by(runs, Wanted(subtype=NO_SUBTYPE)) == [0, 2]


@pytest.mark.parametrize("name", ["size", "contrast", "sharpness"])
def test_films_of_one_third_can_be_looked_at_alone(name: str) -> None:
    values = {"contrast": [0.2, 0.5, 0.9], "sharpness": [0.2, 0.5, 0.9]}
    values |= {"original_height_px": [200.0, 500.0, 900.0]}
    columns = dict.fromkeys(["contrast", "sharpness"], [0.5] * 3)
    column = "original_height_px" if name == "size" else name
    runs = runs_on({"a": [0.5] * 3}, **(columns | {column: values[column]}))
    assert chosen_by(runs, Wanted(**{name: Third.LOW})) == [0]
    assert chosen_by(runs, Wanted(**{name: Third.HIGH})) == [2]


def test_errors_of_every_run_and_of_this_run_alone_are_told_apart() -> None:
    runs = runs_on({"a": [0.9, 0.9, 0.1], "b": [0.9, 0.1, 0.9]}, label=[0, 0, 0])
    assert chosen_by(runs, Wanted(wrong_in=WrongIn.EVERY_RUN)) == [0]
    assert chosen_by(runs, Wanted(wrong_in=WrongIn.ONLY_HERE)) == [1]


def test_films_are_found_by_what_was_noted_of_them() -> None:
    runs = runs_on({"a": [0.5] * 3}, film_id=["x", "y", "z"])
    noted = Noted(
        by_tag={"rotated": ["x", "z"]},
        by_cause={"other": ["y"]},
        comments={"z": ["Left Base", "tube"], "x": ["base of the heart"]},
    )
    assert chosen_by(runs, Wanted(tag="rotated"), noted) == [0, 2]
    assert chosen_by(runs, Wanted(cause="other"), noted) == [1]
    assert chosen_by(runs, Wanted(tag="rotated", commented=True), noted) == [0, 2]
    assert chosen_by(runs, Wanted(comment_words="left base"), noted) == [2]
    assert chosen_by(runs, Wanted(comment_words="BASE"), noted) == [0, 2]
    assert chosen_by(runs, Wanted(comment_words="base tube"), noted) == []
    assert chosen_by(runs, Wanted(tag="unheard of"), noted) == []


@pytest.mark.parametrize("awaiting", ["a", "d", "f", "h"])
def test_of_every_cell_as_many_films_are_held_back_whichever_cell_awaits(awaiting: str) -> None:
    film_id = np.array(list("abcdefgh"))
    probability = np.array([0.9, 0.8, 0.7, 0.1, 0.6, 0.9, 0.2, 0.3])
    label = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    held = hold_back(film_id, probability, label, 0.5, [awaiting])
    assert awaiting in film_id[held]
    cells = cell_of_films(probability, label, 0.5)
    assert (cells & held).sum(axis=1).tolist() == [1, 1, 1, 1]
    assert not hold_back(film_id, probability, label, 0.5, ["elsewhere"]).any()
    more = hold_back(film_id, probability, label, 0.5, [awaiting, "b", "g"])
    assert (cells & more).sum(axis=1).tolist() == [3, 1, 2, 2]  # of the last three, all


# --- contrast -------------------------------------------------------------------------------------


def test_the_nearest_right_films_are_of_the_cell_and_of_other_patients() -> None:
    runs = runs_on(
        {"a": [0.4, 0.55, 0.6, 0.9, 0.35, 0.1]},
        label=[1, 1, 1, 1, 0, 0],
        patient=["p", "p", "q", "r", "s", "t"],
    )
    space = logit_space(runs, "a")
    assert nearest_in_cell(runs, "a", 0, Cell.TRUE_POSITIVE, space) == 2  # 1 is the same patient's
    assert nearest_in_cell(runs, "a", 0, Cell.TRUE_NEGATIVE, space) == 4
    assert nearest_in_cell(runs, "a", 0, Cell.FALSE_POSITIVE, space) is None


def test_another_space_has_other_neighbours() -> None:
    runs = runs_on({"a": [0.4, 0.55, 0.9]}, label=[1, 1, 1])
    features = np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]], np.float32)
    assert nearest_in_cell(runs, "a", 0, Cell.TRUE_POSITIVE, features) == 2
    assert nearest_in_cell(runs, "a", 0, Cell.TRUE_POSITIVE, logit_space(runs, "a")) == 1


def test_a_film_is_not_its_own_contrast() -> None:
    runs = runs_on({"a": [0.9, 0.8]}, label=[1, 1], patient=["p", "p"])
    space = logit_space(runs, "a")
    assert nearest_in_cell(runs, "a", 0, Cell.TRUE_POSITIVE, space) is None
