"""The experiment's statistics, tables and rule, on values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bench import evidence_network as bench
from bench.evidence_network import (
    BORDERS,
    LESIONS,
    LOSS,
    MEASURES,
    RISE,
    SETTINGS,
    FilmSets,
    Leads,
    Measure,
    calibration_error,
    compare_groups,
    difference,
    distance_of,
    group_runs,
    judge_group,
    share_of_ill,
    share_of_well,
    tabulate_groups,
    tabulate_runs,
)
from bench.lesion_films import SYNTHETIC_SEEDS, pasted_seeds
from core.domain.rate import Rate
from core.evaluation.metrics import expected_calibration_error
from core.stats.bootstrap import PatientDraws
from core.training.evidence_network import CONTROL
from core.training.train_healthy import HealthySettings

LABELS = np.array([0, 0, 1, 1])


def some_films() -> FilmSets:
    """Return four films without pixels, and draws in which each is once."""
    parts = {measure.part for measure in MEASURES.values()}
    draws = PatientDraws(np.ones((3, 4)), np.arange(4))
    return FilmSets({}, dict.fromkeys(parts, LABELS), {}, dict.fromkeys(parts, draws))


def values(shift: float) -> dict[tuple[str, str], np.ndarray]:
    column = np.array([0.1, 0.2, 0.3, 0.4]) + shift
    return {(measure.part, measure.column): column for measure in MEASURES.values()}


def test_lesions_to_learn_from_are_apart_from_those_that_are_measured_with() -> None:
    first = SETTINGS.pairs.first_seed
    healthy = HealthySettings()
    drawn = healthy.first_seed + healthy.lesions + healthy.held_out
    assert first > max(SYNTHETIC_SEEDS.stop, pasted_seeds(1000).stop, drawn)


def test_shares_are_of_films_with_pneumonia_and_of_normal_ones() -> None:
    called = np.array([1.0, 0.0, 1.0, 1.0])
    assert share_of_ill(called, LABELS) == 1.0
    assert share_of_well(called, LABELS) == 0.5


def test_a_border_that_tells_the_classes_the_wrong_way_round_tells_as_much() -> None:
    scores = np.array([0.1, 0.3, 0.2, 0.4])
    assert distance_of(scores, LABELS) == distance_of(-scores, LABELS) == 0.25


def test_the_calibration_error_is_that_of_the_runs() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.random(200), rng.integers(0, 2, 200)
    expected = expected_calibration_error(probabilities, labels).value
    assert calibration_error(probabilities, labels) == pytest.approx(expected)


def test_a_difference_is_of_the_groups_means_on_the_same_films() -> None:
    films, measure = some_films(), Measure("pasted", "hit", bench.mean_of)
    lead = difference([values(0.2), values(0.4)], [values(0.1)], films, measure)
    assert (lead.value, lead.low, lead.high) == pytest.approx((0.2, 0.2, 0.2))
    assert lead.n == 4


def test_averaged_networks_are_a_group_apart_from_the_seeds() -> None:
    names = ["f08", "pixel loss, seed 1", "pixel loss, seed 2", "pixel loss, mean weights"]
    runs = {name: values(place) for place, name in enumerate(names)}
    seeds, averaged = (group_runs(runs, "f08", averaged=each) for each in (False, True))
    assert seeds == {"f08": [runs["f08"]], "pixel loss": [runs[name] for name in names[1:3]]}
    assert averaged == {"f08": [runs["f08"]], "pixel loss": [runs[names[3]]]}


def test_the_tables_have_a_line_a_run_a_map_and_a_measure() -> None:
    runs = {"f08": values(0.0), "control, seed 1": values(0.1), "pixel loss, seed 1": values(0.3)}
    films = some_films()
    table = tabulate_runs(runs, {"centre": values(0.0)}, "f08", films)
    assert len(table) == 2 + len(runs) + 1
    assert {line.count("|") for line in table} == {len(MEASURES) + 3}
    assert table[3].endswith("| +0.100 (+0.100 to +0.100) |")
    groups = group_runs(runs, "f08", averaged=False)
    leads = compare_groups(groups, "f08", films)
    assert list(leads) == [("pixel loss", "control"), ("pixel loss", "f08")]
    of_groups = tabulate_groups(groups, leads, films)
    assert len(of_groups) == 2 + len(MEASURES)
    assert of_groups[2] == (
        f"| {LOSS} | 4 | 0.250 | 0.350 | 0.550 | +0.200 (+0.200 to +0.200) "
        "| +0.300 (+0.300 to +0.300) |"
    )


RISES, FALLS, CHANCE = Rate(0.1, 0.05, 0.2, 9), Rate(-0.1, -0.2, -0.05, 9), Rate(0.1, -0.1, 0.2, 9)
NEEDED = {
    **{f"{films}: AUC in lungs": RISES for films in LESIONS[1:]},
    **{f"{films}: {RISE}": CHANCE for films in BORDERS.values()},
}


def leads_of(over_control: dict[str, Rate], loss: Rate) -> Leads:
    return {("new", CONTROL): over_control, ("new", "f08"): {LOSS: loss}}


@pytest.mark.parametrize("loss", [CHANCE, FALLS])
def test_a_network_serves_if_all_of_the_rule_holds(loss: Rate) -> None:
    *checks, verdict = judge_group("new", {"seeds": leads_of(NEEDED, loss)}, "f08")
    assert len(checks) == 5
    assert all(line.endswith("**met**") for line in checks)
    assert "may serve" in verdict


@pytest.mark.parametrize("broken", [LOSS, *NEEDED])
def test_a_network_stays_an_experiment_if_any_of_the_rule_fails(broken: str) -> None:
    worse = CHANCE if broken.endswith("AUC in lungs") else RISES
    failing = leads_of(NEEDED | {broken: worse}, worse if broken == LOSS else CHANCE)
    both = {"seeds": leads_of(NEEDED, CHANCE), "mean weights": failing}
    lines = judge_group("new", both, "f08")
    assert sum(line.endswith("**NOT MET**") for line in lines) == 1
    assert "stays an experiment" in lines[-1]
