"""The table of predictions: it comes back as it was written, or is refused with a sentence."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from film_tables import film_table, predictions_of

from core.domain import Calibration, OperatingPoint, RunRecord
from core.errors import ModelIntegrity, ModelMissing
from core.predictions import (
    FILM_COLUMNS,
    PREDICTIONS_FILE,
    SCORE_COLUMNS,
    read_predictions,
    write_predictions,
)
from core.run_store import sha256_of

PREDICTIONS = predictions_of(
    film_table(
        4,
        patient_in_train=np.array([True, False, False, True]),
        original_height_px=np.array([800.0, np.nan, 1200.0, 7.0]),
    ),
    [0.9, 0.2, 0.8, 0.1],
)


@pytest.fixture
def run(tmp_path) -> RunRecord:
    write_predictions(PREDICTIONS, tmp_path / PREDICTIONS_FILE)
    point = OperatingPoint(0.5, 1.0, 1.0, 4, 2, "validation patients")
    return RunRecord(
        run_id="r01",
        folder=tmp_path,
        sentence="",
        architecture="",
        input_px=8,
        calibration=Calibration(1.0, 0.0),
        operating_point=point,
        files={PREDICTIONS_FILE: sha256_of(tmp_path / PREDICTIONS_FILE)},
        metrics={},
        created="",
    )


def test_a_table_comes_back_as_it_was_written(run):
    read = read_predictions(run)

    assert len(read) == 4
    for name in FILM_COLUMNS:
        ours, theirs = getattr(read.films, name), getattr(PREDICTIONS.films, name)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
        assert ours.dtype.kind == theirs.dtype.kind, name
    for name in SCORE_COLUMNS:
        np.testing.assert_array_equal(getattr(read, name), getattr(PREDICTIONS, name))


def test_a_size_that_is_not_known_is_null_in_the_file(run):
    heights = pq.read_table(run.folder / PREDICTIONS_FILE)["original_height_px"].to_pylist()

    assert heights == [800, None, 1200, 7]


def test_films_are_chosen_with_their_scores():
    chosen = PREDICTIONS.where(PREDICTIONS.films.label == 1)

    assert chosen.probability.tolist() == [0.2, 0.1]
    assert chosen.films.patient.tolist() == ["person1", "person3"]
    assert np.isnan(chosen.films.short_side_px[0])
    assert chosen.films.short_side_px[1] == 7.0


def test_a_table_of_an_earlier_version_is_refused_with_the_way_out(run):
    path = run.folder / PREDICTIONS_FILE
    pq.write_table(pq.read_table(path).drop_columns(["contrast", "patient"]), path)
    older = replace(run, files={PREDICTIONS_FILE: sha256_of(path)})

    sentence = "run r01 lacks patient, contrast: an earlier version wrote it.*evaluate r01 --write"
    with pytest.raises(ModelIntegrity, match=sentence):
        read_predictions(older)


def test_a_table_that_is_not_the_stated_one_is_refused(run):
    with pytest.raises(ModelIntegrity, match="is not the file that was measured"):
        read_predictions(replace(run, files={PREDICTIONS_FILE: "0" * 64}))


def test_a_missing_table_is_named(run):
    (run.folder / PREDICTIONS_FILE).unlink()

    with pytest.raises(ModelMissing, match=f"{PREDICTIONS_FILE} is missing"):
        read_predictions(run)
