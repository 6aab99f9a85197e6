"""The table of runs, and the documents that repeat it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.rate import interval_text
from core.error_analysis.generalisation_gap import causes_of, tabulate_causes
from core.errors import ModelIntegrity
from core.evaluation.film_number import tabulate_ratios
from core.evaluation.likelihood_ratio import read_ratios
from core.evaluation.tables import (
    MEASURES,
    QUALITIES,
    tabulate_archive,
    tabulate_metrics,
    tabulate_runs,
    tabulate_sides,
    tabulate_slices,
    tabulate_tried,
)
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality
from core.runs.archive import read_archive
from core.runs.listing import list_readable_runs, list_runs
from core.runs.store import load_run, read_record
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings


def test_every_line_has_a_run_a_split_and_intervals() -> None:
    runs = list_runs(get_settings().models)
    lines = tabulate_runs(runs).splitlines()
    assert len(lines) == 2 + 2 * len(runs)
    assert {run.run_id for run in runs} >= {get_settings().served_run}
    assert all(re.search(r"\| 0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\) \|", line) for line in lines[2:])


def test_every_part_of_the_data_is_there_when_asked_for() -> None:
    runs = list_runs(get_settings().models)
    lines = tabulate_runs(runs, every_part=True).splitlines()
    assert len(lines) == 2 + sum(len(run.metrics) for run in runs)
    assert any("out of population" in line for line in lines)


def test_an_exhibit_is_called_one_in_the_table_of_runs() -> None:
    models = get_settings().models
    lines = tabulate_runs([load_run(models / name) for name in ("x05", SERVED_RUN)]).splitlines()
    assert all(line.startswith("| x05 (exhibit) |") for line in lines[2:4])
    assert all(line.startswith(f"| {SERVED_RUN} |") for line in lines[4:6])


RATE = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 4}
PART = {
    "split": "official test split",
    "n": 4,
    "n_positive": 2,
    "n_patients": 3,
    "matrix": dict.fromkeys(
        ("true_positive", "false_negative", "true_negative", "false_positive"), 1
    ),
    "rates": dict.fromkeys(MEASURES, RATE) | {"ppv": {**RATE, "value": None}},
    "rates_by_patient": {"sensitivity": {**RATE, "low": 0.125}},
}


def test_a_runs_own_table_has_a_column_a_part_and_both_intervals() -> None:
    lines = tabulate_metrics({"test": PART, "nih": {**PART, "split": "adults"}}).splitlines()
    assert lines[0] == "|  | official test split | adults |"
    assert "| Patients | 3 | 3 |" in lines
    assert "| Sensitivity | 0.500 (0.250 to 0.750) | 0.500 (0.250 to 0.750) |" in lines
    assert "| Sensitivity, interval by patient | (0.125 to 0.750) | (0.125 to 0.750) |" in lines
    assert "| PPV | no films | no films |" in lines
    assert "| ECE | 0.500 (0.250 to 0.750) | 0.500 (0.250 to 0.750) |" in lines
    assert "| False positive | 1 | 1 |" in lines


def test_slices_state_their_range_and_the_films_of_each_rate() -> None:
    third = {"n": 4, "sensitivity": {**RATE, "n": 3}, "specificity": {**RATE, "n": 1}}
    ends = [(None, 0.6), (0.6, 0.8), (0.8, None)]
    thirds = [{**third, "low": low, "high": high} for low, high in ends]
    slices = {"cut_points": {"contrast": [0.6, 0.8]}, "test": {"contrast": thirds}}

    lines = tabulate_slices(slices).splitlines()[2:]

    rate, ranges = "0.500 (0.250 to 0.750)", ["below 0.6", "0.6 to 0.8", "from 0.8"]
    assert lines == [
        f"| contrast | {name} | test | 4 | {rate} | 3 | {rate} | 1 |" for name in ranges
    ]


def test_the_served_runs_slices_are_of_every_quality_and_of_validation_and_test() -> None:
    settings = get_settings()
    slices = read_record(settings.models / settings.served_run)["slices"]
    lines = tabulate_slices(slices).splitlines()
    assert len(lines) == 2 + len(QUALITIES) * 2 * 3


def block_of(path: str, name: str) -> str:
    text = (PROJECT_ROOT / path).read_text(encoding="utf-8")
    return text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip()


def test_the_documents_repeat_the_tables_as_they_are() -> None:
    models = PROJECT_ROOT / "models"
    served = tabulate_runs([load_run(models / SERVED_RUN)], every_part=True)
    assert block_of("docs/evaluation.md", "runs") == served
    assert block_of("docs/runs.md", "runs") == tabulate_runs(list_runs(models))
    assert block_of("docs/runs.md", "tried") == tabulate_tried(list_readable_runs(models)[0])
    assert block_of("docs/runs.md", "aside") == tabulate_archive(read_archive(models))
    for name in (SERVED_RUN, "f01"):
        table = tabulate_causes(causes_of(load_run(models / name)))
        assert block_of("docs/runs.md", f"causes {name}") == table


def test_the_readme_repeats_three_numbers_of_the_served_run() -> None:
    metrics = read_record(PROJECT_ROOT / "models" / SERVED_RUN)["metrics"]
    stated = [
        ("Sensitivity", "official test split", metrics["test"]["rates"]["sensitivity"]),
        ("Specificity", "official test split", metrics["test"]["rates"]["specificity"]),
        ("ROC AUC", "adults of another hospital", metrics["nih"]["rates"]["roc_auc"]),
    ]
    rows = [
        f"| {name} | {films} | {rate['n']} | "
        f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f}) |"
        for name, films, rate in stated
    ]
    assert block_of("README.md", "measured").splitlines()[2:] == rows


def test_the_evaluation_repeats_how_often_the_served_run_takes_a_side() -> None:
    block = block_of("docs/evaluation.md", "sides")
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    assert block == tabulate_sides(run)
    assert run.decided.keys() == {"validation", "test"}


def test_the_evaluation_repeats_the_served_runs_likelihood_ratios() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    measured = read_ratios(run)
    text = (PROJECT_ROOT / "docs/evaluation.md").read_text("utf-8")
    assert measured is not None
    assert block_of("docs/evaluation.md", "ratios") == tabulate_ratios(measured)
    assert f"assume that {measured.n_positive} of {measured.n} films" in text
    assert f"{measured.draws:,} bootstrap samples of the {measured.n_patients}" in text.replace(
        "\n", " "
    )


def test_a_side_that_no_film_gets_is_said_in_words() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    measured = {**run.decided["test"], "error_normal": None}
    line = tabulate_sides(replace(run, decided={"test": measured})).splitlines()[-1]
    assert line.endswith("| no film |")


def record_of(folder, run_id: str) -> None:
    run = read_record(PROJECT_ROOT / "models" / SERVED_RUN)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**run, "run_id": run_id}))


def test_runs_of_several_folders_are_listed_in_their_order_and_each_name_once(tmp_path) -> None:
    for place in ("trained/m02", "trained/m01", "imported/a1", "imported/m01"):
        record_of(tmp_path / place, place)
    found = list_runs(tmp_path / "trained", tmp_path / "imported", tmp_path / "nowhere")
    assert [run.run_id for run in found] == ["trained/m01", "trained/m02", "imported/a1"]


def test_a_run_in_the_making_is_not_listed(tmp_path) -> None:
    record_of(tmp_path / ".m01.partial", "m01")
    assert list_runs(tmp_path) == []


def test_a_folder_without_runs_gives_no_lines(tmp_path) -> None:
    assert list_runs(tmp_path) == []


def test_a_run_that_lacks_a_part_is_refused(tmp_path) -> None:
    (tmp_path / "m01").mkdir()
    (tmp_path / "m01" / "run.json").write_text('{"run_id": "m01", "operating_point": {}}')
    with pytest.raises(ModelIntegrity, match="lacks a part"):
        list_runs(tmp_path)


def test_a_run_that_cannot_be_read_is_a_sentence_and_hides_no_other(tmp_path: Path) -> None:
    own = get_settings().models / SERVED_RUN
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "run.json").write_bytes((own / "run.json").read_bytes())
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    listed, sentences = list_readable_runs(tmp_path)
    assert [run.record.folder.name for run in listed] == ["good"]
    assert listed[0].parent == read_record(own)["parent"]
    assert listed[0].exhibit == ""
    assert len(sentences) == 1
    assert "bad/run.json cannot be read" in sentences[0]


def test_the_guide_repeats_where_the_served_runs_regions_lay() -> None:
    content = (PROJECT_ROOT / "models" / SERVED_RUN / EXPLANATIONS_FILE).read_bytes()
    quality = ExplanationQuality.from_json(content)
    rows = [
        [way, *(rates[way].points_at_lesion for rates in quality.rates.values())]
        for way in quality.ways
    ]
    assert block_of("docs/user-guide/regions.md", "localisation").splitlines()[2:] == [
        f"| {way} | {' | '.join(interval_text(rate, 2) for rate in rates)} |"
        for way, *rates in rows
    ]
