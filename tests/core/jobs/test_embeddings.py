"""Films in a network's feature space: as the export gives it, kept by their bytes, stopped."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from fixtures.kermany_stand_in import draw_film, encode_film

from core.error_analysis.neighbours import nearest_films
from core.errors import DatasetError, ModelMissing
from core.imaging.preprocessing import resize_film
from core.inference.ensemble import EnsembleClassifier
from core.jobs import embeddings
from core.jobs.embeddings import FeatureTask, read_film_features
from core.library.films import PublicLibrary
from core.pipeline import Engine, open_engine, prepare_film
from core.runs.embeddings import read_features
from core.runs.store import export_identity
from core.settings import PROJECT_ROOT, SERVED_RUN

FILMS = {f"{number}.png": encode_film(draw_film(number)) for number in range(6)}
WAIT_S = 60.0


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(PROJECT_ROOT / "models", SERVED_RUN)


def test_distances_are_those_of_the_exports_own_features(engine) -> None:
    found = read_film_features(list(FILMS), FILMS.__getitem__, engine)
    inputs = [prepare_film(content, engine).tensor for content in FILMS.values()]
    own = engine.classifier.features(np.stack(inputs)[..., np.newaxis])
    apart = np.linalg.norm(own[:, np.newaxis] - own, axis=2)
    kept = np.linalg.norm(found.space[:, np.newaxis] - found.space, axis=2)
    np.testing.assert_allclose(kept, apart, atol=0.01 * apart.max())
    assert found.export_sha256 == export_identity(engine.classifier.run_record)


def test_an_ensemble_has_no_features_of_its_own(engine) -> None:
    run = replace(engine.classifier.run_record, members=("f01", "f04"))
    ensemble = Engine(EnsembleClassifier([engine.classifier], run, resize_film), engine.gate)
    with pytest.raises(ModelMissing, match="choose one of its members, f01, f04"):
        read_film_features(list(FILMS), FILMS.__getitem__, ensemble)


def test_what_was_read_is_kept_by_the_films_bytes(engine, tmp_path, monkeypatch) -> None:
    task = FeatureTask(list(FILMS), FILMS.__getitem__, engine, tmp_path).start()
    task.wait(WAIT_S)
    assert (task.progress, task.sentence, task.running) == (1.0, "", False)

    def never(*_args, **_words):
        raise DatasetError("read again")

    monkeypatch.setattr(embeddings, "read_film_features", never)
    again = FeatureTask(list(FILMS), FILMS.__getitem__, engine, tmp_path).start()
    again.wait(WAIT_S)
    np.testing.assert_array_equal(again.result.space, task.result.space)
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes().replace(b"PAR1", b"PAR2", 1))
    damaged = FeatureTask(list(FILMS), FILMS.__getitem__, engine, tmp_path).start()
    damaged.wait(WAIT_S)
    assert (damaged.result, damaged.sentence) == (None, "read again")
    other = dict(FILMS) | {"0.png": FILMS["1.png"]}
    changed = FeatureTask(list(other), other.__getitem__, engine, tmp_path).start()
    changed.wait(WAIT_S)
    assert (changed.result, changed.sentence) == (None, "read again")


def test_a_reading_is_stopped_and_begun_again(engine, tmp_path) -> None:
    reached, go_on, reads = threading.Event(), threading.Event(), []

    def read_bytes(film_id: str) -> bytes:
        reads.append(film_id)
        if len(reads) == len(FILMS) + 2:  # after the hashes, in the second film
            reached.set()
            go_on.wait(WAIT_S)
        return FILMS[film_id]

    task = FeatureTask(list(FILMS), read_bytes, engine, tmp_path).start()
    assert reached.wait(WAIT_S)
    assert task.running
    task.cancel()
    go_on.set()
    task.wait(WAIT_S)
    assert task.result is None
    assert task.sentence == "Reading was stopped after 2 of 6 films."
    task.start().wait(WAIT_S)
    assert len(task.result) == len(FILMS)
    assert task.sentence == ""


@pytest.mark.parametrize(
    ("exc", "sentence"),
    [(DatasetError("it is gone."), "it is gone."), (ZeroDivisionError(), "a fault in First Read")],
)
def test_what_goes_wrong_becomes_a_sentence(engine, tmp_path, exc, sentence) -> None:
    def read_bytes(_film_id: str) -> bytes:
        raise exc

    task = FeatureTask(list(FILMS), read_bytes, engine, tmp_path).start()
    task.wait(WAIT_S)
    assert sentence in task.sentence


def test_the_nearest_films_are_of_other_patients_and_stand_in_order() -> None:
    space = np.array([[0.0], [0.1], [3.0], [1.0], [-2.0]])
    patient = np.array(["a", "a", "b", "c", "d"])
    assert nearest_films(space, 0, patient, 2).tolist() == [3, 4]
    assert nearest_films(space, 0, patient, 9).tolist() == [3, 4, 2]


@pytest.mark.real_films
def test_the_kept_features_are_those_of_the_kept_export_and_the_films(engine, real_data) -> None:
    kept = read_features(engine.classifier.run_record)
    film_ids = kept.film_id[:: len(kept) // 16].tolist()
    found = read_film_features(film_ids, PublicLibrary(real_data).read_bytes, engine)
    places = kept.places_of(np.array(film_ids))
    now, then = (
        np.linalg.norm(space[:, np.newaxis] - space, axis=2) for space in (found.space, places)
    )
    np.testing.assert_allclose(then, now, atol=0.1 * now.max())
