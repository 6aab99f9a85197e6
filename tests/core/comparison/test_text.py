"""Comparisons in words, and ``python -m core compare``."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of
from typer.testing import CliRunner

from core.__main__ import app
from core.comparison.case_matrix import Step
from core.comparison.paired_tests import ErrorCounts, PairComparison
from core.comparison.prevalence import expect_among
from core.comparison.scored_films import align_runs
from core.comparison.tables import (
    describe_pairs,
    tabulate_differences,
    tabulate_pairs,
    tabulate_scored,
)
from core.comparison.text import (
    area_text,
    difference_text,
    false_alarms_text,
    films_text,
    missed_text,
    p_text,
    step_text,
    ward_text,
)
from core.language.current import using
from core.runs.store import load_run
from core.settings import PROJECT_ROOT
from core.stats.intervals import Difference, wilson_rate

MISSED = ErrorCounts(12, 5, 9, 2, -13.2, -1.4, 0.0654, 390)
ALARMS = ErrorCounts(30, 40, 3, 13, 2.0, 18.0, 0.0213, 234)
PAIR = PairComparison(
    first="A",
    second="B",
    missed=MISSED,
    false_alarms=ALARMS,
    roc_auc=Difference(0.0123, -0.001, 0.0256, 0.0708, 624),
    differences={
        "log_loss": Difference(-0.05, -0.08, -0.02, 0.0004, 624),
        "ppv": Difference(float("nan"), -1.0, 1.0, 1.0, 624),
    },
    holm={"missed": 0.1962, "false_alarms": 0.0426, "delong": 0.2, "log_loss": 0.001, "ppv": 1.0},
)


def test_fewer_missed_films_are_said_with_interval_p_and_holm():
    assert missed_text(PAIR) == (
        "B misses 7 fewer of 390 pneumonias than A (95 % 1.4 to 13.2 fewer; 9 only A, 2 only B; "
        "p = 0.065, Holm-corrected p = 0.196, not statistically significant)."
    )


def test_more_false_alarms_are_said():
    assert false_alarms_text(PAIR) == (
        "B raises a false alarm on 10 more of 234 normal films than A (95 % 2.0 to 18.0 more; "
        "3 only A, 13 only B; p = 0.021, Holm-corrected p = 0.043)."
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-13.0, 2.0, "95 % 13.0 fewer to 2.0 more"),
        (-13.0, 0.0, "95 % 0.0 to 13.0 fewer"),
        (0.0, 4.0, "95 % 0.0 to 4.0 more"),
        (-4.02, 0.81, "95 % 4.1 fewer to 0.9 more"),
        (-0.4, 0.4, "95 % 0.4 fewer to 0.4 more"),
        (0.0345, 4.0, "95 % 0.03 to 4.0 more"),
    ],
)
def test_an_interval_says_on_which_side_it_lies(low, high, said):
    assert said in missed_text(replace(PAIR, missed=replace(MISSED, low=low, high=high)))


def test_runs_that_miss_the_same_films_are_said_to():
    same = replace(MISSED, first=5, second=5, only_first=0, only_second=0, p_value=1.0)
    said = missed_text(replace(PAIR, missed=same))
    assert said == "B and A miss the same 5 of 390 pneumonias."


def test_runs_that_miss_as_many_but_other_films_are_said_to():
    even = replace(MISSED, first=5, second=5, only_first=2, only_second=2, p_value=1.0)
    assert missed_text(replace(PAIR, missed=even)).startswith(
        "B and A miss 5 of 390 pneumonias each (2 only A, 2 only B; p = 1.000"
    )


def test_a_difference_of_areas_is_said():
    assert area_text(PAIR) == (
        "The ROC AUC of B is 0.0123 higher than that of A (95 % -0.0010 to +0.0256; p = 0.071, "
        "Holm-corrected p = 0.200, not statistically significant)."
    )


def test_areas_that_are_the_same_are_said_to_be_and_a_tiny_difference_is_not_0():
    same = replace(PAIR, roc_auc=Difference(0.0, -0.001, 0.001, 1.0, 624))
    tiny = replace(PAIR, roc_auc=Difference(-0.00002, -0.001, 0.001, 0.9, 624))
    assert area_text(same).startswith("The ROC AUC of B and A is the same (95 % -0.0010 to")
    assert area_text(tiny).startswith("The ROC AUC of B is less than 0.0001 lower than that of A")


def test_a_bootstrapped_difference_of_any_metric_is_said():
    assert difference_text(PAIR, "log_loss", "Log loss") == (
        "Log loss of B is 0.0500 lower than that of A (95 % -0.0800 to -0.0200; p < 0.001, "
        "Holm-corrected p = 0.001)."
    )


def test_a_metric_that_is_not_defined_is_said_to_be_so():
    assert (
        difference_text(PAIR, "ppv", "PPV") == "PPV is not defined for A or for B on these films."
    )


def test_a_pair_is_described_as_the_markdown_table_says_it():
    (line,) = describe_pairs([PAIR], "log_loss", "Log loss")
    row = tabulate_pairs([PAIR]).splitlines()[-1].strip("| ").split(" | ")
    assert list(line.values())[: len(row)] == row
    assert line["Difference in Log loss"] == "-0.0500 (-0.0800 to -0.0200)"
    assert line["Holm-corrected p Log loss"] == "0.001"


@pytest.mark.parametrize(
    ("p", "said"), [(1e-9, "< 0.001"), (0.0005, "= 0.001"), (0.0346, "= 0.035"), (1.0, "= 1.000")]
)
def test_a_p_value_has_three_decimals(p, said):
    assert p_text(p) == said


def test_a_step_is_said():
    step = Step("m04", "m05", ("a", "b"), ("c",), ("d",), ())
    assert step_text(step) == (
        "m05 corrects 3 of m04's errors and adds 1. Pneumonias: 2 found now, 1 missed now. "
        "False alarms: 1 gone, 0 new."
    )


def test_a_ward_is_said_in_children():
    ward = expect_among(1000, 0.1, wilson_rate(90, 100), wilson_rate(200, 250))
    said = ward_text("f04", ward)
    assert said.startswith(
        "Of 1,000 children, 100 with pneumonia, f04 misses 10 (6 to 17) and raises"
    )
    assert "PPV: 33.3 % (" in said


def test_a_ward_where_nobody_is_called_ill_is_said():
    ward = expect_among(100, 0.1, wilson_rate(0, 10), wilson_rate(10, 10))
    assert "PPV: not defined. NPV: 90.0 % (" in ward_text("f04", ward)


def test_tables_have_a_line_a_run_a_pair_and_a_metric():
    films = film_table(6)
    runs = {
        "a": predictions_of(films, np.full(6, 0.4)),
        "b": predictions_of(films, [0.1, 0.9] * 3),
    }
    scored = align_runs(runs, {"a": 0.5, "b": 0.5}, "test")

    lines = tabulate_scored(scored).splitlines()
    assert lines[2].startswith("| b | 0.500 | 0 | 0 | 1.000")  # the larger ROC area first
    assert lines[3].startswith("| a | 0.500 | 3 | 0 | 0.000 (0.000 to 0.561) | 1.000")
    assert tabulate_pairs([PAIR]).splitlines()[2] == (
        "| B minus A | -7 (-13.2 to -1.4) | 0.065 | 0.196 | +10 (+2.0 to +18.0) | 0.021 | 0.043 "
        "| +0.0123 (-0.0010 to +0.0256) | 0.071 | 0.200 |"
    )
    assert tabulate_differences([PAIR]).splitlines()[2:] == [
        "| B minus A | log_loss | -0.0500 (-0.0800 to -0.0200) | < 0.001 | 0.001 |",
        "| B minus A | ppv | not defined | 1.000 | 1.000 |",
    ]


def test_the_films_left_out_and_thresholds_chosen_on_the_same_films_are_said():
    films = film_table(4, split=["validation"] * 4)
    whole = predictions_of(films, [0.1, 0.9, 0.2, 0.8])
    runs = {"a": whole, "b": whole.where(np.array([1, 1, 1, 0], np.bool_))}

    said = films_text(align_runs(runs, {"a": 0.5, "b": 0.5}, "validation"))

    assert said == (
        "validation patients: 3 films (1 pneumonia, 2 normal) of 3 patients, at each run's own "
        "operating point. Left out: 1 film that at least one run did not score. Operating points "
        "were chosen on these films, so every run looks too good."
    )


# --- the command ----------------------------------------------------------------------------------


def compare(*arguments: str):
    return CliRunner().invoke(app, ["compare", *arguments])


def test_the_command_compares_kept_runs_in_words():
    outcome = compare("f01", "f04", "--prevalence", "0.1", "--all")

    assert outcome.exit_code == 0, outcome.output
    first, second = (load_run(PROJECT_ROOT / "models" / name) for name in ("f01", "f04"))
    missed = [run.metrics["test"]["matrix"]["false_negative"] for run in (first, second)]
    assert f"f04 misses {abs(missed[1] - missed[0])} " in outcome.output
    assert "| f04 minus f01 | log_loss |" in outcome.output
    assert "Of 1,000 children, 100 with pneumonia, f04 misses" in outcome.output
    assert "Holm-corrected p" in outcome.output


def test_the_command_sets_thresholds_together():
    outcome = compare("f01", "f04", "--at-sensitivity", "0.9")

    assert (
        "each run's highest operating point that finds 90 % of the pneumonias of validation"
        in outcome.output
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["f01", "nothing"], "there is no run nothing in"),
        (["f01", "../models/f01"], "there is no run ../models/f01 in"),
        (["f01"], "one run alone has nothing to be compared with"),
        (["f01", "f01"], "one run alone has nothing to be compared with"),
        (["f01", "f04", "--part", "train"], "there is no part 'train'"),
        (["f01", "f04", "--at-sensitivity", "2"], "the sensitivity is 2.0; it must be above 0"),
        (["f01", "f04", "--prevalence", "2"], "a prevalence of 2.0 is not between 0 and 1"),
    ],
)
def test_the_command_says_why_it_cannot(arguments, sentence):
    outcome = compare(*arguments)

    assert outcome.exit_code == 1
    assert sentence in outcome.output
    assert "Traceback" not in outcome.output


def test_the_command_says_which_of_the_runs_is_an_exhibit():
    said = compare("f01", "x05").output
    assert "Wrong on purpose, never served: x05 (exhibit)." in said


def test_a_pair_is_said_in_spanish_with_its_signs():
    with using("es"):
        said = missed_text(PAIR)
    assert said.startswith("B deja sin detectar 7 menos de 390 neumonías que A")
    assert "13,2" in said
