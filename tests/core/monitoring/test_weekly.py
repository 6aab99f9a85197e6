"""The weekly check: planted changes are found and named, quiet years are quiet."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from core.monitoring.weekly import (
    Counted,
    MonitoringReference,
    Stream,
    WeekChecked,
    WeekSeen,
    check_weeks,
    reference_at,
    reference_of_weeks,
    shifts_of,
    weeks_since_change,
)

MONDAY = date(2026, 3, 2)
REFERENCE = MonitoringReference(np.random.default_rng(1).random(300))


def weeks(n, *, films=40, power=1.0, refused=0.02, disagreed=0.05, seed=2, begins=MONDAY):
    rng = np.random.default_rng(seed)
    return [
        WeekSeen(
            begins + timedelta(weeks=week),
            tuple(rng.random(films) ** power),
            tuple(rng.random(films) < refused),
            tuple(rng.random(films) < disagreed),
        )
        for week in range(n)
    ]


def after(quiet, **changed):
    return [*weeks(quiet), *weeks(12, seed=9, begins=MONDAY + timedelta(weeks=quiet), **changed)]


def test_quiet_weeks_raise_no_alarm() -> None:
    assert not any(week.alarm for week in check_weeks(weeks(60), REFERENCE))


@pytest.mark.parametrize(
    ("changed", "stream"),
    [
        ({"power": 0.6}, Stream.SCORES),
        ({"refused": 0.15}, Stream.REFUSALS),
        ({"disagreed": 0.25}, Stream.DISAGREEMENT),
    ],
    ids=["higher scores", "refusals", "disagreement"],
)
def test_a_planted_change_is_found_and_named(changed, stream) -> None:
    found = check_weeks(after(20, **changed), REFERENCE)
    first = next(place for place, week in enumerate(found) if week.alarm)
    assert 20 <= first <= 28
    assert found[first].changed == (stream,)


def test_the_same_weeks_give_the_same_values_and_later_ones_change_none() -> None:
    some, more = check_weeks(weeks(5), REFERENCE), check_weeks(weeks(9), REFERENCE)
    assert [week.log10_e for week in more[:5]] == [week.log10_e for week in some]


def test_the_alarm_is_where_one_of_three_reaches_three_hundred() -> None:
    powers = {Stream.SCORES: np.log10(299.0), Stream.REFUSALS: np.log10(299.0)}
    assert not WeekChecked(MONDAY, 9, powers).alarm
    found = WeekChecked(MONDAY, 9, powers | {Stream.DISAGREEMENT: np.log10(301.0)})
    assert found.alarm
    assert found.changed == (Stream.DISAGREEMENT,)


def test_a_week_without_films_leaves_everything_as_it_was() -> None:
    gap = WeekSeen(MONDAY + timedelta(weeks=3))
    found = check_weeks([*weeks(3), gap], REFERENCE)
    assert found[3].log10_e == pytest.approx(found[2].log10_e)
    assert found[3].films == 0


def test_a_small_reference_is_none() -> None:
    found = check_weeks(weeks(2), MonitoringReference(np.array([0.1, 0.9])))
    assert Stream.SCORES not in found[-1].log10_e


def test_a_reference_gets_the_share_of_ill_films_of_the_ward() -> None:
    labels = np.array([1] * 60 + [0] * 20, np.int64)
    scores = labels + np.arange(80) / 1000
    kept = reference_at(scores, labels, 0.5)
    assert ((kept >= 1.0).sum(), (kept < 1.0).sum()) == (20, 20)
    assert len(set(kept)) == 40
    assert reference_at(scores, labels, None) is scores


def test_weeks_that_count_as_usual_are_a_reference() -> None:
    usual = weeks(12, power=0.6, refused=0.15)
    reference = reference_of_weeks(usual)
    assert reference.refused == Counted(sum(sum(week.refused) for week in usual), 480)
    assert len(reference.scores) == 480
    later = weeks(12, power=0.6, refused=0.15, seed=3)
    assert check_weeks(later, REFERENCE)[-1].alarm
    assert not check_weeks(later, reference)[-1].alarm


def test_the_weeks_since_the_change_are_found() -> None:
    seen = after(20, power=0.6)
    found = weeks_since_change(seen, check_weeks(seen, REFERENCE))
    assert seen.index(found[0]) in range(18, 22)
    assert found[-1] is seen[-1]


def test_a_change_without_enough_films_takes_weeks_from_before() -> None:
    few = weeks(6, films=15)
    quiet, loud = {Stream.SCORES: -1.0}, {Stream.SCORES: 3.0}
    checked = [WeekChecked(week.begins, 15, quiet) for week in few[:5]]
    checked[4] = WeekChecked(few[4].begins, 15, {Stream.SCORES: -2.0})
    checked.append(WeekChecked(few[5].begins, 15, loud))
    assert weeks_since_change(few, checked) == few[2:]  # 4 x 15 scores are the fewest above 50


def test_it_is_said_by_how_much_a_rate_moved() -> None:
    seen = after(20, refused=0.15)
    found = shifts_of(seen, REFERENCE, 0.5)
    recent = [one for week in seen[-4:] for one in week.refused]
    assert found[Stream.REFUSALS].now.value == pytest.approx(np.mean(recent))
    first = [one for week in seen for one in week.refused][:200]
    assert found[Stream.REFUSALS].before.value == pytest.approx(np.mean(first))
    assert found[Stream.SCORES].before.n == 300
    assert shifts_of(weeks(1), REFERENCE, 0.5).keys() == {Stream.SCORES}  # no 200 films yet
