"""From finished runs to an ensemble, and the checks that look at kept predictions."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.stand_in_audits import stand_in_audit
from fixtures.tiny_films import TINY, build_small_network, show_nothing
from scipy.special import expit
from typer.testing import CliRunner

from core.__main__ import app
from core.errors import DatasetError, ModelIntegrity
from core.evaluation.metrics import evaluate_predictions
from core.imaging.preprocessing import STANDARD_PX
from core.pipeline import open_classifier
from core.runs.predictions import PREDICTIONS_FILE, read_predictions
from core.runs.store import EXPORT_FILE, RECORD_FILE, add_files, load_run, read_record, write_record
from core.serving.requirements import require_servable
from core.serving.verification import add_abstention, check_run
from core.shortcuts.record import AUDIT_FILE, PartAudit, ShortcutAudit
from core.training.ensemble import make_ensemble
from core.training.shortcut_audit import open_run
from core.training.train_run import finish_run


@pytest.fixture(scope="module")
def two_runs(tiny_run, tmp_path_factory):
    """Return models with the tiny run and one of another input size."""
    import keras

    models = tmp_path_factory.mktemp("two")
    shutil.copytree(tiny_run.folder, models / "tiny")
    keras.utils.set_random_seed(6)  # one whose logits are higher for pneumonias, untrained as it is
    wider = build_small_network("", 48, TINY.dropout, None)
    settings = replace(TINY, name="wider", input_px=48)
    finish_run(wider, [], tiny_run.films, tiny_run.to_score, settings, models, show_nothing)
    make_ensemble(models, "e01", ["tiny", "wider"])
    return models


@pytest.fixture
def models(two_runs, tmp_path, monkeypatch):
    """Return a copy of the two runs and their ensemble, which the command line looks at."""
    copy = tmp_path / "models"
    shutil.copytree(two_runs, copy)
    monkeypatch.setenv("FIRSTREAD_MODELS", str(copy))
    return copy


def with_audit(folder):
    add_files(folder, {AUDIT_FILE: stand_in_audit(folder)})
    return folder


# --- the ensemble ---------------------------------------------------------------------------------


def test_its_kept_predictions_are_the_calibrated_means_of_its_members(two_runs):
    ensemble = load_run(two_runs / "e01")
    table = pq.read_table(ensemble.folder / PREDICTIONS_FILE)
    members = [load_run(two_runs / name) for name in ("tiny", "wider")]
    logits = []
    for run in members:
        own = pq.read_table(run.folder / PREDICTIONS_FILE)
        assert own["film_id"].to_pylist() == table["film_id"].to_pylist()
        assert own["label"].to_pylist() == table["label"].to_pylist()
        calibration = run.calibration
        logits.append(own["logit"].to_numpy() / calibration.temperature + calibration.offset)

    mean = (logits[0] + logits[1]) / 2
    calibration = ensemble.calibration
    probabilities = expit(mean / calibration.temperature + calibration.offset)
    assert table["logit"].to_numpy() == pytest.approx(mean)
    assert table["probability"].to_numpy() == pytest.approx(probabilities)
    assert np.abs(expit(logits[0]) - expit(logits[1])).max() > 1e-3


def test_its_metrics_are_those_of_its_predictions_at_its_own_operating_point(two_runs):
    ensemble = load_run(two_runs / "e01")
    assert ensemble.operating_point.sensitivity >= 0.97
    assert ensemble.operating_point.chosen_on == "validation patients"
    kept = read_predictions(ensemble)
    for part in ("validation", "test"):
        films = kept.of_split(part)
        measured = evaluate_predictions(
            films.probability,
            films.films.label,
            ensemble.operating_point.threshold,
            ensemble.metrics[part]["split"],
        )
        for name in ("sensitivity", "specificity", "roc_auc"):
            assert measured.rates[name].value == ensemble.metrics[part]["rates"][name]["value"]


def test_its_record_names_members_their_exports_and_their_parity(two_runs):
    record = read_record(two_runs / "e01")
    members = {name: read_record(two_runs / name) for name in ("tiny", "wider")}
    assert record["members"] == ["tiny", "wider"]
    assert record["member_exports"] == {n: m["files"][EXPORT_FILE] for n, m in members.items()}
    assert record["parity"] == {"members": {n: m["parity"] for n, m in members.items()}}
    assert list(record["files"]) == [PREDICTIONS_FILE]
    assert record["input_px"] == STANDARD_PX
    assert record["abstention"]["low"] is None  # a few films promise nothing


def test_served_it_says_of_a_film_what_was_kept(two_runs, tiny_run):
    ensemble = load_run(two_runs / "e01")
    classifier = open_classifier(ensemble)
    batch = tiny_run.films.test.films[..., np.newaxis].astype(np.float32) / np.float32(255)
    kept = [read_predictions(load_run(two_runs / name)) for name in ("e01", "tiny", "wider")]
    together, first, second = (one.of_split("test").probability for one in kept)
    assert classifier.predict(batch) == pytest.approx(together, abs=1e-4)
    assert classifier.disagreement(batch) == pytest.approx(np.abs(first - second), abs=1e-4)


def test_members_of_one_size_make_an_ensemble_of_that_size(models):
    shutil.copytree(models / "tiny", models / "twin")
    record = {k: v for k, v in read_record(models / "twin").items() if k != "files"}
    write_record(models / "twin", {**record, "run_id": "twin"})
    folder = make_ensemble(models, "e02", ["tiny", "twin"])
    assert load_run(folder).input_px == TINY.input_px


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (["tiny"], "two or more different runs"),
        (["tiny", "tiny"], "two or more different runs"),
        (["tiny", "e01"], "e01 is an ensemble itself"),
    ],
)
def test_what_is_no_ensemble_is_refused(models, members, sentence):
    with pytest.raises(DatasetError, match=sentence):
        make_ensemble(models, "e02", members)
    assert not (models / "e02").exists()


def amend(folder, **changes):
    (folder / RECORD_FILE).write_text(json.dumps({**read_record(folder), **changes}))


def test_an_exhibit_cannot_be_a_member(models):
    amend(models / "wider", exhibit=True)
    with pytest.raises(DatasetError, match="wider is an exhibit and cannot be a member"):
        make_ensemble(models, "e02", ["tiny", "wider"])


def test_runs_of_different_splits_are_refused(models):
    data = read_record(models / "wider")["data"]
    amend(models / "wider", data={**data, "split_sha256": "0" * 64})
    with pytest.raises(DatasetError, match="tiny, wider were not scored on the same films"):
        make_ensemble(models, "e02", ["tiny", "wider"])


def test_an_ensemble_is_not_overwritten(models):
    with pytest.raises(DatasetError, match="run e01 exists"):
        make_ensemble(models, "e01", ["tiny", "wider"])


def test_predictions_that_were_changed_are_refused(models):
    (models / "wider" / PREDICTIONS_FILE).write_bytes(b"other")
    with pytest.raises(ModelIntegrity, match="is not the file that was measured"):
        make_ensemble(models, "e02", ["tiny", "wider"])


# --- the rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "e01"])
def test_a_finished_run_with_an_audit_may_serve_and_without_one_may_not(models, name):
    assert [one.name for one in check_run(models / name) if not one.met] == ["a shortcut audit"]
    with_audit(models / name)
    assert [one.name for one in check_run(models / name) if not one.met] == []
    require_servable(models / name)


def test_the_audit_of_an_ensemble_lets_it_serve_and_reads_as_it_does(models, tiny_run):
    run, films = load_run(models / "e01"), tiny_run.films.test.films
    opened = open_run(models, "e01", threads=1)
    batch = films[..., np.newaxis].astype(np.float32) / np.float32(255)
    assert opened.predict(films) == pytest.approx(open_classifier(run).predict(batch), abs=1e-5)

    audit = ShortcutAudit(
        "e01", opened.export_sha256, opened.threshold, 127,
        {"test": PartAudit("official test split", 1, 1, 0, (), ())},
    )  # fmt: skip
    add_files(run.folder, {AUDIT_FILE: audit.to_json()})

    assert [one.name for one in check_run(run.folder) if not one.met] == []
    require_servable(run.folder)


def test_an_ensemble_whose_member_was_exported_anew_is_not_audited(models):
    shutil.copy(models / "wider" / EXPORT_FILE, models / "tiny" / EXPORT_FILE)
    write_record(
        models / "tiny", {k: v for k, v in read_record(models / "tiny").items() if k != "files"}
    )
    with pytest.raises(ModelIntegrity, match="tiny was exported again after the ensemble e01"):
        open_run(models, "e01", threads=1)


def test_an_operating_point_that_was_copied_from_another_run_is_found(models):
    other = read_record(models / "wider")
    metrics = read_record(models / "tiny")["metrics"]
    threshold = other["operating_point"]["threshold"]
    metrics["validation"]["threshold"] = threshold
    amend(models / "tiny", operating_point=other["operating_point"], metrics=metrics)
    assert abs(threshold - load_run(models / "e01").operating_point.threshold) > 1e-3

    names = [one.name for one in check_run(with_audit(models / "tiny")) if not one.met]

    assert "an operating point that its stored validation predictions reproduce" in names


def test_a_band_of_another_run_is_found_and_chosen_anew(models):
    with_audit(models / "tiny")
    band = read_record(models / "tiny")["abstention"]
    amend(models / "tiny", abstention={**band, "low": 0.1, "high": 0.9})
    names = [one.name for one in check_run(models / "tiny") if not one.met]
    assert names == ["limits of unsure that its stored validation predictions reproduce"]
    assert add_abstention(models / "tiny") == band
    assert [one for one in check_run(models / "tiny") if not one.met] == []


def test_the_command_line_checks_chooses_and_makes(models):
    shell = CliRunner()
    lacking = shell.invoke(app, ["serve-check", "tiny"])
    assert lacking.exit_code == 1
    assert "LACKS  a shortcut audit: none" in lacking.output
    assert "Run tiny may not read films." in lacking.output
    with_audit(models / "tiny")
    servable = shell.invoke(app, ["serve-check", "tiny"])
    assert (servable.exit_code, "LACKS" in servable.output) == (0, False)
    chosen = shell.invoke(app, ["abstain", "tiny", "--target", "0.2"])
    assert "called normal below no probability" in chosen.output
    assert "| no film | no film |" in chosen.output
    assert load_run(models / "tiny").abstention.target_error == 0.2
    made = shell.invoke(app, ["ensemble", "e02", "tiny", "wider"])
    assert made.exit_code == 0
    assert load_run(models / "e02").members == ("tiny", "wider")
    again = shell.invoke(app, ["ensemble", "e02", "tiny", "wider"])
    assert again.exit_code == 1
    assert "run e02 exists" in again.output
