"""Stored predictions and metrics against new ones: what is said, and what writing leaves alone."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.domain.model import OperatingPoint
from core.errors import ModelIntegrity, ModelMissing
from core.evaluation.evaluate import measure_run
from core.evaluation.reproduction import compare_run, replace_predictions
from core.runs.predictions import PREDICTIONS_FILE, read_predictions, write_predictions
from core.runs.store import RECORD_FILE, load_run, read_record, write_record

CUTS = {"contrast": (0.6, 0.8)}
PREDICTIONS = predictions_of(film_table(12), np.linspace(0.05, 0.95, 12))
POINT = OperatingPoint(0.5, 1.0, 1.0, 4, 2, "validation patients")


def measure(predictions):
    return measure_run(predictions, POINT.threshold, CUTS)


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a run whose record states what its predictions give."""
    (tmp_path / "model.tflite").write_bytes(b"an exported model")
    write_predictions(PREDICTIONS, tmp_path / PREDICTIONS_FILE)
    record = {
        "run_id": "r01",
        "sentence": "A stand-in.",
        "created": "2024-05-04T12:00:00+00:00",
        "architecture": "none",
        "input_px": 8,
        "calibration": {"temperature": 2.0, "offset": -1.0},
        "operating_point": asdict(POINT),
        **measure(PREDICTIONS),
        "parity": {"n": 4},
    }
    write_record(tmp_path, record)
    return tmp_path


def compare(folder, recomputed):
    run = load_run(folder)
    return compare_run(run, read_predictions(run), recomputed, measure(recomputed))


def test_the_same_predictions_agree(folder):
    agreement = compare(folder, PREDICTIONS)

    assert agreement.holds
    assert (agreement.n, agreement.max_difference, agreement.decisions_changed) == (12, 0.0, 0)
    assert agreement.sentence.startswith("The run agrees with what is stored: over 12 films")


def test_the_last_digits_of_another_machine_agree(folder):
    other = replace(PREDICTIONS, probability=PREDICTIONS.probability + 5e-5)

    agreement = compare(folder, other)

    assert agreement.max_difference == pytest.approx(5e-5)
    assert agreement.holds


def test_a_probability_beyond_the_limit_does_not_agree(folder):
    other = replace(PREDICTIONS, probability=PREDICTIONS.probability + 2e-4)

    agreement = compare(folder, other)

    assert not agreement.holds
    assert "does not agree" in agreement.sentence
    assert "2.0e-04 (limit 1e-04), decisions changed: 0" in agreement.sentence


def test_a_changed_decision_is_counted_and_the_metrics_that_it_changes_are_named(folder):
    swapped = PREDICTIONS.probability.copy()
    swapped[6] = 0.3  # was 0.54: a normal film that is now cleared

    agreement = compare(folder, replace(PREDICTIONS, probability=swapped))

    assert not agreement.holds
    assert agreement.decisions_changed == 1
    assert "metrics/test/matrix/false_positive" in agreement.metrics_differ
    assert "slices/test/contrast/1/specificity/value" in agreement.metrics_differ
    assert "metrics/test/n" not in agreement.metrics_differ
    assert "(metrics/test/" in agreement.sentence
    assert agreement.sentence.endswith(", ...).")


def test_a_metric_that_was_edited_in_the_record_is_named(folder):
    record = read_record(folder)
    record["metrics"]["test"]["rates"]["sensitivity"]["value"] += 0.01
    (folder / RECORD_FILE).write_text(json.dumps(record))

    agreement = compare(folder, PREDICTIONS)

    assert not agreement.holds
    assert agreement.metrics_differ == ("metrics/test/rates/sensitivity/value",)


def test_a_record_without_slices_does_not_agree(folder):
    record = read_record(folder)
    del record["slices"]
    (folder / RECORD_FILE).write_text(json.dumps(record))

    assert compare(folder, PREDICTIONS).metrics_differ == ("slices",)


@pytest.mark.parametrize(
    ("films", "sentence"),
    [
        (film_table(11), "12 films are stored and 11 were read"),
        (film_table(12, label=np.ones(12, np.int64)), "label of 6 films, the first is test/NORMAL"),
        (film_table(12, contrast=np.full(12, 0.71)), "contrast of 12 films, the first is"),
        (film_table(12, original_width_px=np.full(12, np.nan)), "original_width_px of 12 films"),
    ],
    ids=["missing", "label", "contrast", "size"],
)
def test_other_films_do_not_agree(folder, films, sentence):
    run = load_run(folder)
    recomputed = predictions_of(films, PREDICTIONS.probability[: len(films)])

    agreement = compare_run(run, read_predictions(run), recomputed, measure(PREDICTIONS))

    assert not agreement.holds
    assert agreement.sentence.startswith("The films are not those that were scored: ")
    assert sentence in agreement.sentence


# --- writing --------------------------------------------------------------------------------------


def test_writing_replaces_predictions_and_metrics_and_nothing_else(folder):
    before = read_record(folder)
    other = replace(PREDICTIONS, probability=PREDICTIONS.probability[::-1].copy())

    replace_predictions(folder, other, measure(other))

    after = read_record(folder)
    assert compare(folder, other).holds
    assert not compare(folder, PREDICTIONS).holds
    assert after["files"]["model.tflite"] == before["files"]["model.tflite"]
    assert after["files"][PREDICTIONS_FILE] != before["files"][PREDICTIONS_FILE]
    replaced = {"metrics", "slices", "files"}
    assert {key: value for key, value in after.items() if key not in replaced} == {
        key: value for key, value in before.items() if key not in replaced
    }


def test_a_run_with_a_changed_model_is_not_given_new_hashes(folder):
    (folder / "model.tflite").write_bytes(b"another model")
    before = (folder / RECORD_FILE).read_bytes()

    with pytest.raises(ModelIntegrity, match="is not the file that was measured"):
        replace_predictions(folder, PREDICTIONS, measure(PREDICTIONS))

    assert (folder / RECORD_FILE).read_bytes() == before


def test_a_file_that_the_record_does_not_name_is_not_taken_in(folder):
    (folder / "notes.txt").write_text("mine")

    with pytest.raises(ModelIntegrity, match="the record states None"):
        replace_predictions(folder, PREDICTIONS, measure(PREDICTIONS))


def test_a_run_that_lost_a_file_is_not_written(folder):
    (folder / "model.tflite").unlink()

    with pytest.raises(ModelMissing, match=r"model.tflite is missing"):
        replace_predictions(folder, PREDICTIONS, measure(PREDICTIONS))
