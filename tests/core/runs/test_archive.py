"""Runs whose numbers are kept without their files."""

import json

import pytest
from fixtures.kept_run_copies import copy_runs
from typer.testing import CliRunner

from core.__main__ import app
from core.errors import DatasetError, ModelIntegrity, ModelMissing
from core.evaluation.tables import tabulate_archive
from core.runs.archive import ARCHIVE_FILE, EARLIER_FILE, archive_run, read_archive
from core.runs.store import read_record
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.catalogue.runs import CATALOGUE


@pytest.fixture
def models(tmp_path):
    return copy_runs(tmp_path / "models", "m05", "m07")


def test_the_numbers_of_a_run_stay_when_its_folder_goes(models):
    record = read_record(models / "m05")

    archive_run(models, "m05")
    archive_run(models, "m07")

    assert not (models / "m05").exists()
    kept = read_archive(models)
    assert set(kept) == {"m05", "m07"}
    assert kept["m05"]["metrics"]["test"]["rates"] == record["metrics"]["test"]["rates"]
    assert kept["m05"]["settings"] == record["settings"]
    table = tabulate_archive(kept)
    assert f"| m05 | m04 | {record['sentence']} |" in table
    area = record["metrics"]["test"]["rates"]["roc_auc"]["value"]
    point = record["operating_point"]["threshold"]
    assert f"| m05 | official test split | 624 | {point:.3f} | {area:.3f} (" in table
    assert table.index("| m05 | validation patients") < table.index("| m05 | official test split")


def test_a_second_run_of_the_name_is_refused_and_stays(models, tmp_path):
    archive_run(models, "m05")
    copy_runs(models, "m05")
    before = (models / ARCHIVE_FILE).read_bytes()

    with pytest.raises(DatasetError, match="give this one another name in the catalogue"):
        archive_run(models, "m05")

    assert (models / "m05" / "run.json").is_file()
    assert (models / ARCHIVE_FILE).read_bytes() == before


def test_an_unreadable_file_is_not_written_over(models):
    (models / ARCHIVE_FILE).write_text("{")

    with pytest.raises(ModelIntegrity, match="restore it from the repository"):
        archive_run(models, "m05")

    assert (models / "m05").is_dir()
    assert (models / ARCHIVE_FILE).read_text() == "{"


def test_a_missing_run_is_said(models):
    with pytest.raises(ModelMissing):
        archive_run(models, "f99")
    assert read_archive(models) == {}


def test_an_archive_under_its_earlier_name_is_read_and_goes_on_under_todays(models):
    archive_run(models, "m05")
    (models / ARCHIVE_FILE).rename(models / EARLIER_FILE)
    assert set(read_archive(models)) == {"m05"}
    archive_run(models, "m07")
    assert set(read_archive(models)) == {"m05", "m07"}
    assert (models / ARCHIVE_FILE).is_file()


def test_the_run_that_reads_films_is_not_archived():
    outcome = CliRunner().invoke(app, ["archive", SERVED_RUN])

    assert outcome.exit_code == 1
    assert "serve another run first" in outcome.output
    assert (PROJECT_ROOT / "models" / SERVED_RUN).is_dir()


def test_every_archived_run_states_the_settings_of_the_catalogue():
    kept = json.loads((PROJECT_ROOT / "models" / ARCHIVE_FILE).read_text())
    catalogued = [name for name in kept if name in CATALOGUE]

    assert {name for name in kept if not kept[name].get("settings")} <= {"e01", "e02"}
    for name in catalogued:
        assert kept[name]["sentence"] == CATALOGUE[name].sentence
        assert kept[name]["settings"]["architecture"] == CATALOGUE[name].architecture
        assert kept[name]["settings"]["seed"] == CATALOGUE[name].seed
    assert len(catalogued) >= 3
