"""The likelihood ratios that are kept with every run: limits and counts follow from its files."""

import pytest

from core.evaluation.likelihood_ratio import measure_ratios, read_ratios
from core.runs.listing import list_runs
from core.runs.predictions import read_predictions
from core.settings import PROJECT_ROOT

RUNS = {run.run_id: run for run in list_runs(PROJECT_ROOT / "models")}


@pytest.mark.parametrize("name", RUNS)
def test_the_ratios_end_and_are_counted_where_the_runs_predictions_say(name):
    run = RUNS[name]
    kept, again = read_ratios(run), measure_ratios(run, read_predictions(run), draws=2)
    assert kept.counted == again.counted
    assert kept.log_odds == pytest.approx(again.log_odds, abs=1e-3)
    assert (kept.prevalence, kept.n_patients) == (again.prevalence, again.n_patients)
