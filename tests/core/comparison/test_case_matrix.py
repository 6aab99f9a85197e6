"""Films by runs: the order in which they are drawn, and what each step fixes and breaks."""

from itertools import pairwise

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.comparison.case_matrix import arrange_cases, find_step, find_steps
from core.comparison.scored_films import align_runs
from core.errors import ComparisonError

# Three ill and three normal films; rows are the runs m04, m05 and m06.
LABELS = np.array([1, 1, 1, 0, 0, 0])
SAID = {
    "m04": [0.9, 0.1, 0.2, 0.1, 0.8, 0.2],  # misses films 1 and 2, alarms on 4
    "m05": [0.9, 0.8, 0.3, 0.7, 0.1, 0.2],  # misses film 2, alarms on 3
    "m06": [0.9, 0.8, 0.4, 0.6, 0.1, 0.2],  # as m05
}


def scored(said=None, labels=LABELS):
    said = said or SAID
    films = film_table(len(labels), label=labels)
    runs = {name: predictions_of(films, row) for name, row in said.items()}
    return align_runs(runs, dict.fromkeys(runs, 0.5), "test")


def film(number: int) -> str:
    return f"test/NORMAL/{number}.jpeg"


def test_a_step_names_the_films_that_it_fixes_and_breaks():
    step = find_step(scored(), "m04", "m05")

    assert (step.found_now, step.missed_now) == ((film(1),), ())
    assert (step.cleared_now, step.alarmed_now) == ((film(4),), (film(3),))
    assert (step.fixed, step.broken) == (2, 1)


def test_a_step_backwards_breaks_what_the_step_fixes():
    there, back = find_step(scored(), "m04", "m05"), find_step(scored(), "m05", "m04")

    assert (there.found_now, there.missed_now) == (back.missed_now, back.found_now)
    assert (there.fixed, there.broken) == (back.broken, back.fixed)


def test_steps_go_from_the_run_that_each_was_made_from_where_that_is_compared():
    steps = find_steps(scored(), {"m04": "m03", "m05": "m04", "m06": "m05"})

    assert [(step.earlier, step.later) for step in steps] == [("m04", "m05"), ("m05", "m06")]
    assert (steps[1].fixed, steps[1].broken) == (0, 0)


def test_a_step_from_a_run_that_is_not_compared_is_refused():
    with pytest.raises(ComparisonError, match=r"m03 is not among the compared runs m04, m05, m06"):
        find_step(scored(), "m03", "m05")


def test_cells_are_of_films_by_runs_and_nothing_is_lost():
    matrix = arrange_cases(scored())

    assert matrix.probability.shape == matrix.right.shape == (6, 3)
    assert matrix.right[:, 0].tolist() == [True, False, False, True, False, True]
    assert matrix.probability[1].tolist() == [0.1, 0.8, 0.8]
    assert matrix.wrong_somewhere.tolist() == [False, True, True, True, True, False]
    assert sorted(matrix.film_order) == list(range(6))
    assert sorted(matrix.run_order) == [0, 1, 2]


def test_ill_films_come_first_and_within_a_class_those_that_most_runs_get_wrong():
    matrix = arrange_cases(scored())

    order = matrix.film_order.tolist()
    assert order == [2, 1, 0, 3, 4, 5]


def test_films_that_no_run_gets_wrong_do_not_part_those_that_some_do():
    said = {"a": [0.1, 0.9, 0.9, 0.9, 0.1], "b": [0.9, 0.9, 0.1, 0.9, 0.1]}

    matrix = arrange_cases(scored(said, np.ones(5, int)))

    assert matrix.film_order.tolist()[0] == 4
    assert set(matrix.film_order.tolist()[1:3]) == {0, 2}


def test_runs_that_err_alike_stand_side_by_side():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], 100)
    one, two = rng.uniform(0.05, 0.95, (2, 200))
    near = rng.uniform(-0.02, 0.02, (2, 200))
    said = {"a": one, "b": two, "c": one + near[0], "d": two + near[1]}

    matrix = arrange_cases(scored(said, labels))

    place = {matrix.run_ids[run]: rank for rank, run in enumerate(matrix.run_order)}
    assert abs(place["a"] - place["c"]) == 1
    assert abs(place["b"] - place["d"]) == 1


def test_films_that_the_same_runs_get_wrong_stand_together_furthest_wrong_first():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, 120)
    matrix = arrange_cases(scored({n: rng.uniform(0.01, 0.99, 120) for n in "abcd"}, labels))

    rows = [tuple(row) for row in np.column_stack([labels, matrix.right])[matrix.film_order]]
    changes = sum(one != two for one, two in pairwise(rows))
    assert changes == len(set(rows)) - 1
    mean = (matrix.probability.mean(axis=1) * np.where(labels == 1, 1, -1))[matrix.film_order]
    alike = [n for n in range(119) if rows[n] == rows[n + 1]]
    assert all(mean[n] <= mean[n + 1] for n in alike)


@pytest.mark.parametrize("labels", [np.zeros(4, int), np.ones(4, int)])
def test_one_class_and_one_run_are_drawn_as_well(labels):
    matrix = arrange_cases(scored({"a": [0.1, 0.9, 0.2, 0.8]}, labels))

    assert sorted(matrix.film_order) == [0, 1, 2, 3]
    assert matrix.run_order.tolist() == [0]
    wrong = ~matrix.right[matrix.film_order, 0]
    assert wrong.tolist() == [True, True, False, False]
