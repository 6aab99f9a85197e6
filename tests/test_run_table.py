"""The table of runs, and the README that repeats it."""

import re

import pytest

from core.errors import ModelIntegrity
from core.run_table import list_runs, tabulate_runs
from core.settings import PROJECT_ROOT, get_settings


def test_every_line_has_a_run_a_split_and_intervals() -> None:
    runs = list_runs(get_settings().models)
    lines = tabulate_runs(runs).splitlines()
    assert len(lines) == 2 + sum(len(run.metrics) for run in runs)
    assert {run.run_id for run in runs} >= {get_settings().served_run}
    assert all(re.search(r"\| 0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\) \|", line) for line in lines[2:])


def test_the_readme_repeats_the_table_as_it_is() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- runs -->")[1].split("<!-- /runs -->")[0].strip()
    assert block == tabulate_runs(list_runs(PROJECT_ROOT / "models"))


def test_a_folder_without_runs_gives_no_lines(tmp_path) -> None:
    assert list_runs(tmp_path) == []


def test_a_run_that_lacks_a_part_is_refused(tmp_path) -> None:
    (tmp_path / "m01").mkdir()
    (tmp_path / "m01" / "run.json").write_text('{"run_id": "m01", "operating_point": {}}')
    with pytest.raises(ModelIntegrity, match="lacks a part"):
        list_runs(tmp_path)
