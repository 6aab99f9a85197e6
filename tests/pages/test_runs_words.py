"""What the comparison of runs says in words, held to other programs on the films themselves."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from pages.test_runs import address_of, films_of, open_page, runs, table_with, words_of

from core.domain.model import OperatingPoint
from core.domain.rate import Rate
from core.imported_runs.importing import ImportedRun
from core.runs.store import load_run, read_history
from core.settings import PROJECT_ROOT
from core.stats.bootstrap import pr_auc
from ui.runs import data as runs_data
from ui.runs.importing import parts_of

__all__ = ["runs"]


def area_by_all_pairs(probability: np.ndarray, ill: np.ndarray) -> tuple[float, ...]:
    """Return the ROC area, and every ill and every normal film's share in it (DeLong)."""
    above = probability[ill][:, None] - probability[~ill][None, :]
    wins = (above > 0) + 0.5 * (above == 0)
    return wins.mean(), wins.mean(axis=1), wins.mean(axis=0)


def test_the_words_on_an_area_are_those_of_delong_over_all_pairs_of_films(runs) -> None:
    words = words_of(open_page(runs="f03,f04", earlier="f03", later="f04", part="test"))
    found = re.search(
        r"ROC AUC of f04 is ([\d.]+) (higher|lower) than that of f03 "
        r"\(95 % ([+-][\d.]+) to ([+-][\d.]+); p = ([\d.]+)",
        words,
    )
    assert found is not None
    ill = films_of("f03").films.label == 1
    one, two = (area_by_all_pairs(films_of(run).probability, ill) for run in ("f03", "f04"))
    difference = two[0] - one[0]
    variance = sum(
        np.var(after - before, ddof=1) / len(after)
        for before, after in zip(one[1:], two[1:], strict=True)
    )
    half = NormalDist().inv_cdf(0.975) * variance**0.5
    p_value = 2.0 * NormalDist().cdf(-abs(difference) / variance**0.5)
    assert found.groups() == (
        f"{abs(difference):.4f}",
        "higher" if difference > 0 else "lower",
        f"{difference - half:+.4f}",
        f"{difference + half:+.4f}",
        f"{p_value:.3f}",
    )


def test_either_loss_of_a_training_is_drawn(runs) -> None:
    page = open_page(runs="f04", tab="training")
    history = read_history(load_run(PROJECT_ROOT / "models" / "f04"))
    (measure,) = [one for one in page.button_group if one.key == "runs-measure"]
    assert measure.label == "Performance after perturbation, official test split"
    assert "Decisions changed" in measure.options
    drawn = []
    for loss, choice in (("validation", "Validation loss"), ("train", "Training loss")):
        page.button_group(key="runs-loss").set_value(loss).run()
        assert address_of(page)["loss"] == loss
        (chart,) = [one for one in page.get("plotly_chart") if choice in one.proto.spec]
        drawn.append(chart.proto.spec)
    for spec, kind in zip(drawn, ("validation_loss", "train_loss"), strict=True):
        assert str(history[-1][kind])[:12] in spec


def test_validation_films_of_its_own_are_said_to_flatter_a_run(runs, monkeypatch) -> None:
    monkeypatch.setenv("FIRSTREAD_MODELS", str(PROJECT_ROOT / "models"))
    said = words_of(open_page(runs="f04,x05-split", part="validation"))
    assert "of run x05-split are validation films of patients who are also in training" in said
    assert "look too good" in said
    assert "of run f04 are" not in said
    assert "look too good" not in words_of(open_page(runs="f04,x05-split", part="test"))


@pytest.mark.parametrize(
    ("films", "part"),
    [
        ({"validation": 3}, "validation"),
        ({"validation": 3, "test": 5}, "test"),
        ({"nih": 2, "validation": 0}, "nih"),
    ],
)
def test_an_imported_run_is_compared_on_films_that_it_has(films, part) -> None:
    point = OperatingPoint(0.5, 0.9, 0.9, 10, 5, "validation patients")
    imported = ImportedRun(Path("theirs"), films, {}, {}, point, reversed_scores=False)
    assert parts_of(imported)[0] == part


def test_a_sensitivity_that_changes_no_operating_point_is_said_to(runs: Path) -> None:
    same = "the operating points are the same as each run's own"
    assert same in words_of(open_page(runs="f03,f04", at="97"))
    assert same not in words_of(open_page(runs="f03,f04", at="90"))
    assert same not in words_of(open_page(runs="f03,f04"))


def test_a_press_that_compares_the_same_runs_measures_no_area_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def measure(scores: np.ndarray, labels: np.ndarray) -> Rate:
        measured.append(len(scores))
        return pr_auc(scores, labels)

    monkeypatch.setattr(runs_data, "pr_auc", measure)
    page = open_page(runs="f03,f04", part="test")
    assert measured == [624, 624]
    page.run()
    assert measured == [624, 624]


def test_runs_are_chosen_in_a_list_too_which_keys_reach_in_step_with_the_ticks(runs: Path) -> None:
    page = open_page(runs="f03,f04", earlier="f04", later="f03")
    chosen = page.multiselect(key="runs-runs")
    assert chosen.value == ["f03", "f04"]
    chosen.set_value(["f04", "f03", "f01"]).run()
    assert address_of(page)["runs"] == "f01,f03,f04"
    assert address_of(page)["earlier"] != "f04"  # the pair in words is the usual one again
    assert page.multiselect(key="runs-runs").value == ["f01", "f03", "f04"]
    order = table_with(page, "Role")["Run"].tolist()
    ticked = page.session_state["runs-table"]["selection"]["rows"]
    assert {order[place] for place in ticked} == {"f01", "f03", "f04"}


def test_a_ward_that_was_measured_on_adults_is_said_to_be_none_of_children(runs: Path) -> None:
    assert "measured on adults here" in words_of(open_page(part="nih"))
    assert "measured on adults here" not in words_of(open_page(part="test"))
