"""The table of runs, and the README that repeats it."""

import re
from dataclasses import replace

import pytest

from core.errors import ModelIntegrity
from core.run_store import load_run
from core.run_table import list_runs, tabulate_runs, tabulate_sides
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings


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


def test_the_readme_repeats_how_often_the_served_run_takes_a_side() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- sides -->")[1].split("<!-- /sides -->")[0].strip()
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    assert block == tabulate_sides(run)
    assert run.decided.keys() == {"validation", "test"}


def test_a_side_that_no_film_gets_is_said_in_words() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    measured = {**run.decided["test"], "error_normal": None}
    line = tabulate_sides(replace(run, decided={"test": measured})).splitlines()[-1]
    assert line.endswith("| no film |")


def test_a_folder_without_runs_gives_no_lines(tmp_path) -> None:
    assert list_runs(tmp_path) == []


def test_a_run_that_lacks_a_part_is_refused(tmp_path) -> None:
    (tmp_path / "m01").mkdir()
    (tmp_path / "m01" / "run.json").write_text('{"run_id": "m01", "operating_point": {}}')
    with pytest.raises(ModelIntegrity, match="lacks a part"):
        list_runs(tmp_path)
