"""The table of predictions: it comes back as it was written, or is refused with a sentence."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.domain.model import Calibration, OperatingPoint, RunRecord
from core.errors import ModelIntegrity, ModelMissing
from core.files import sha256_of
from core.runs.predictions import (
    FILM_COLUMNS,
    LEARNED_FILE,
    PREDICTIONS_FILE,
    SCORE_COLUMNS,
    join_predictions,
    learned_as_parquet,
    read_learned,
    read_predictions,
    write_predictions,
)
from core.runs.store import EXPORT_FILE

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


# --- films that a run has learned from ------------------------------------------------------------

LEARNED = predictions_of(
    film_table(3, film_id=["train/a", "train/b", "train/c"], split=["train"] * 3), [0.6, 0.7, 0.3]
)


def with_learned(run: RunRecord) -> RunRecord:
    """Return the run with a network's hash and the table of its training films."""
    run = replace(run, files={**run.files, EXPORT_FILE: "0" * 64})
    (run.folder / LEARNED_FILE).write_bytes(learned_as_parquet(LEARNED, run))
    return replace(run, files={**run.files, LEARNED_FILE: sha256_of(run.folder / LEARNED_FILE)})


def test_a_run_may_be_without_its_training_films(run):
    assert read_learned(run) is None


def test_training_films_come_back_as_they_were_written_and_apart_from_the_others(run):
    run = with_learned(run)

    read = read_learned(run)

    assert read.films.film_id.tolist() == ["train/a", "train/b", "train/c"]
    np.testing.assert_array_equal(read.probability, LEARNED.probability)
    assert read_predictions(run).films.film_id.tolist() == PREDICTIONS.films.film_id.tolist()


def test_training_films_that_another_network_has_scored_are_refused(run):
    run = with_learned(run)
    retrained = replace(run, files={**run.files, EXPORT_FILE: "1" * 64})

    with pytest.raises(ModelIntegrity, match=r"belongs to another export.*core score-training r01"):
        read_learned(retrained)


def test_a_changed_table_of_training_films_is_refused(run):
    run = with_learned(run)
    path = run.folder / LEARNED_FILE
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(ModelIntegrity, match="not the file that was measured"):
        read_learned(run)


def test_joined_films_keep_their_order_and_their_scores():
    both = join_predictions(PREDICTIONS, LEARNED)

    assert both.films.film_id.tolist() == [
        *PREDICTIONS.films.film_id.tolist(),
        *LEARNED.films.film_id.tolist(),
    ]
    assert both.probability.tolist() == [0.9, 0.2, 0.8, 0.1, 0.6, 0.7, 0.3]


def test_a_film_is_measured_or_learned_from_and_never_both():
    other = predictions_of(film_table(1, film_id=["test/NORMAL/2.jpeg"]), [0.5])

    with pytest.raises(
        ModelIntegrity, match=r"evaluation and its training: 1, first test/NORMAL/2\.jpeg"
    ):
        join_predictions(PREDICTIONS, other)
