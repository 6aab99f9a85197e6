"""The rule by which cases are chosen: the mix, what is due, the difficulty, the drill, the seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fixtures.teaching_cases import START, make_case, wrong

from core.errors import TeachingError
from core.teaching.case_selection import (
    choose_cases,
    draw_drill_size,
    estimate_difficulty,
    take_set,
)
from core.teaching.session import Difficulty, Plan

POOL = [make_case(number) for number in range(60)]
PLAN = Plan("public", 10, seed=7)


def ids(cases) -> list[str]:
    return [case.film_id for case in cases]


def test_the_share_of_normals_is_kept() -> None:
    for share, normals in [(0.0, 0), (0.3, 3), (0.7, 7), (1.0, 10)]:
        chosen = choose_cases(POOL, replace(PLAN, share_normal=share), {}, START)
        assert sum(case.label == 0 for case in chosen) == normals
        assert len(chosen) == 10


def test_the_usual_mix_has_more_normals_than_pneumonias() -> None:
    chosen = choose_cases(POOL, PLAN, {}, START)
    assert sum(case.label == 0 for case in chosen) == 7


def test_the_same_seed_chooses_the_same_cases_whatever_the_order_of_the_pool() -> None:
    chosen = ids(choose_cases(POOL, PLAN, {}, START))
    assert chosen == ids(choose_cases(POOL[::-1], PLAN, {}, START))
    assert chosen != ids(choose_cases(POOL, replace(PLAN, seed=8), {}, START))


def test_cases_that_are_due_come_before_all_others_the_longest_due_first() -> None:
    due = {f"test/{number:03}.png": START - timedelta(days=60 - number) for number in range(60)}
    chosen = choose_cases(POOL, PLAN, due, START)
    assert sorted(ids(chosen)) == sorted(
        [f"test/{number:03}.png" for number in (0, 2, 4, 6, 8, 10, 12, 1, 3, 5)]
    )


def test_cases_that_are_not_due_come_only_when_nothing_else_is_left() -> None:
    later = {f"test/{number:03}.png": START + timedelta(days=number + 1) for number in range(50)}
    chosen = choose_cases(POOL, replace(PLAN, films=12, share_normal=0.5), later, START)
    new = {f"test/{number:03}.png" for number in range(50, 60)}
    assert new <= set(ids(chosen))
    assert set(ids(chosen)) - new == {"test/000.png", "test/001.png"}  # the soonest of each class


@pytest.mark.parametrize(
    ("difficulty", "third"), [(Difficulty.EASY, 0), (Difficulty.MEDIUM, 1), (Difficulty.HARD, 2)]
)
def test_new_cases_come_from_the_third_that_was_asked_for(difficulty, third: int) -> None:
    pool = [replace(case, difficulty=n / 60) for n, case in enumerate(POOL)]
    chosen = choose_cases(pool, replace(PLAN, difficulty=difficulty), {}, START)
    assert {int(60 * case.difficulty + 0.5) // 20 for case in chosen} == {third}


def test_no_patient_is_shown_twice() -> None:
    pool = [replace(case, patient=f"p{number % 12}") for number, case in enumerate(POOL)]
    chosen = choose_cases(pool, replace(PLAN, films=12), {}, START)
    assert len({case.patient for case in chosen}) == 12


def wrong_in(pool, seed: int, due=None, films: int = 10) -> list:
    plan = replace(PLAN, with_model=True, seed=seed, films=films)
    return [case for case in choose_cases(pool, plan, due or {}, START) if case.model_wrong]


def test_the_number_of_films_in_the_drill_is_drawn_and_a_fifth_on_average() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_drill_size(10, rng) for _ in range(4000)]
    assert min(drawn) == 1
    # where none is drawn, one is taken: 0.8 ** 10 of the sessions have one more
    assert np.mean(drawn) == pytest.approx(2.0 + 0.8**10, abs=0.06)
    short = [draw_drill_size(3, rng) for _ in range(4000)]
    assert min(short) == 0
    assert np.mean(short) == pytest.approx(0.6, abs=0.05)


def test_with_the_model_some_films_are_such_that_it_is_wrong_and_nobody_can_count_them() -> None:
    pool = [wrong(case) if number < 10 else case for number, case in enumerate(POOL)]
    without = choose_cases(pool[10:], replace(PLAN, with_model=True), {}, START)
    assert not any(case.model_wrong for case in without)  # as far as there are any
    numbers = {len(wrong_in(pool, seed)) for seed in range(30)}
    assert len(numbers) >= 3
    assert min(numbers) >= 1
    for seed in range(30):
        chosen = choose_cases(pool, replace(PLAN, with_model=True, seed=seed), {}, START)
        assert sum(case.label == 0 for case in chosen) == 7


def test_the_drill_takes_films_whose_answer_the_reader_has_not_seen() -> None:
    pool = [wrong(case) if number < 20 else case for number, case in enumerate(POOL)]
    seen = {f"test/{number:03}.png": START - timedelta(days=9) for number in range(4)}
    new_here = [
        sum(case.film_id not in seen for case in wrong_in(pool, seed, seen)) for seed in range(20)
    ]
    assert all(new_here)  # though what was seen is due, and due films come first elsewhere


def test_the_drill_is_spread_over_the_session() -> None:
    pool = [wrong(case) if number < 10 else case for number, case in enumerate(POOL)]
    places = {
        place
        for seed in range(40)
        for place, case in enumerate(
            choose_cases(pool, replace(PLAN, with_model=True, seed=seed), {}, START)
        )
        if case.model_wrong
    }
    assert places == set(range(10))


def test_a_model_that_takes_no_side_is_not_wrong() -> None:
    assert not replace(make_case(1), side="unsure").model_wrong
    assert wrong(make_case(1)).model_wrong


def test_one_class_fills_up_where_the_other_has_too_few() -> None:
    pool = [case for case in POOL if case.label == 0] + [POOL[1]]
    chosen = choose_cases(pool, replace(PLAN, share_normal=0.5), {}, START)
    assert len(chosen) == 10
    assert sum(case.label for case in chosen) == 1


def test_more_films_than_patients_are_refused() -> None:
    with pytest.raises(TeachingError, match="films of 4 patients and the session needs 10"):
        choose_cases(POOL[:4], PLAN, {}, START)


def test_difficulty_begins_with_the_runs_and_ends_with_the_readers() -> None:
    assert estimate_difficulty(0.4, 0.2, 0, 0) == pytest.approx(0.3)
    assert estimate_difficulty(0.4, 0.2, 4, 4) == pytest.approx((4 + 4 * 0.3) / 8)
    assert estimate_difficulty(0.0, 0.0, 400, 400) == pytest.approx(400 / 404)


def test_a_set_keeps_the_teachers_order_and_says_what_is_missing() -> None:
    assert ids(take_set(POOL, ["test/005.png", "test/002.png"])) == ["test/005.png", "test/002.png"]
    with pytest.raises(TeachingError, match=r"no film 'gone.png' \(1 of 2 are not there\)"):
        take_set(POOL, ["test/005.png", "gone.png"])


@pytest.mark.parametrize("change", [{"films": 0}, {"films": 51}, {"share_normal": 1.2}])
def test_a_plan_that_cannot_be_is_refused(change) -> None:
    with pytest.raises(TeachingError, match=r"A session has|The share of normals"):
        replace(PLAN, **change)
