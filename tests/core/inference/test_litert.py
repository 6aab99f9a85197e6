"""Running exported networks: what is refused, threads, and from a logit to a probability."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.domain.arrays import read_only
from core.domain.model import Calibration, Geometry, ModelInput
from core.errors import Cancelled, ModelInputMismatch, ModelIntegrity
from core.inference.litert import LiteRTClassifier, LiteRTNetwork, predict_film
from core.runs.store import EXPORT_FILE, load_run, read_verified
from core.settings import PROJECT_ROOT, SERVED_RUN

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
PX = RUN.input_px


@pytest.fixture(scope="module")
def content() -> bytes:
    return read_verified(RUN.folder, EXPORT_FILE, RUN.files)


@pytest.fixture(scope="module")
def classifier(content) -> LiteRTClassifier:
    return LiteRTClassifier(content, RUN)


@pytest.fixture(scope="module")
def plain(content) -> LiteRTClassifier:
    """Return the classifier with a calibration that can be checked in the head."""
    return LiteRTClassifier(content, replace(RUN, calibration=Calibration(2.0, -1.0)))


def draw_films(n: int, seed: int = 0) -> np.ndarray:
    """Return (n, px, px, 1) random grey levels, each film brighter than the one before."""
    noise = np.random.default_rng(seed).random((n, PX, PX, 1), dtype=np.float32)
    return noise * np.linspace(0.2, 1.0, n, dtype=np.float32)[:, None, None, None]


def test_work_that_comes_while_the_interpreter_closes_counts_as_stopped(content, monkeypatch):
    closing = LiteRTClassifier(content, RUN)
    monkeypatch.setattr("concurrent.futures.thread._shutdown", True)

    with pytest.raises(Cancelled, match="closing"):
        closing.logits(draw_films(2))


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(1, 160, 160, 1), (1, PX, PX, 3), (1, PX, PX), (PX, PX), (1, PX, PX + 1, 1), ()]
)
def test_films_of_another_shape_are_refused_with_both_shapes(classifier, shape):
    sentence = rf"takes films of \({PX}, {PX}, 1\) float32, and got \(.*\) float32"
    with pytest.raises(ModelInputMismatch, match=sentence):
        classifier.predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.uint8, np.int64])
def test_films_of_another_type_are_refused_with_both_types(classifier, kind):
    with pytest.raises(ModelInputMismatch, match=f"float32, and got .* {np.dtype(kind)}"):
        classifier.predict(np.zeros((1, PX, PX, 1), kind))


def test_a_film_prepared_for_another_run_is_refused(classifier):
    small = ModelInput(read_only(np.zeros((160, 160), np.float32)), Geometry(900, 1200, 160))

    with pytest.raises(ModelInputMismatch, match=r"and got \(160, 160, 1\) float32"):
        predict_film(small, classifier)


@pytest.mark.parametrize("damage", ["empty", "text", "first half", "end missing", "header changed"])
def test_bytes_that_are_no_model_are_refused(content, damage):
    damaged = {
        "empty": b"",
        "text": b"not a model",
        "first half": content[: len(content) // 2],
        "end missing": content[:-100],
        "header changed": content[:4] + b"XXXX" + content[8:],
    }[damage]

    with pytest.raises(ModelIntegrity, match=r"cannot be read by LiteRT .*Restore it"):
        LiteRTNetwork(damaged, threads=1)


# --- what comes back ------------------------------------------------------------------------------


def test_a_network_states_the_film_that_it_takes(content):
    assert LiteRTNetwork(content, threads=1).input_shape == (PX, PX, 1)


def test_every_film_of_a_batch_gets_the_logit_that_it_gets_alone(classifier):
    films = draw_films(5)

    together = classifier.logits(films)
    alone = np.concatenate([classifier.logits(film[np.newaxis]) for film in films])

    assert together.shape == (5,)
    assert together.dtype == np.float32
    assert len(set(together.tolist())) == 5
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_batch_of_no_film_gives_no_probability(classifier):
    assert classifier.predict(draw_films(0)).shape == (0,)


def test_an_answer_is_not_overwritten_by_the_next_one(classifier):
    films = draw_films(2)
    first = classifier.logits(films[:1])
    kept = first.copy()

    second = classifier.logits(films[1:])

    assert first[0] == kept[0]
    assert first[0] != second[0]


def test_the_films_are_not_changed(classifier):
    films = draw_films(2)
    before = films.copy()
    films.setflags(write=False)

    classifier.predict(films)

    np.testing.assert_array_equal(films, before)


def test_one_and_four_threads_within_a_call_agree(content):
    films = draw_films(4)
    one, four = (LiteRTNetwork(content, n).run(films)["logit"] for n in (1, 4))

    assert one == pytest.approx(four, abs=1e-5)


def test_eight_threads_get_the_answers_that_one_gets(classifier):
    films = draw_films(8)
    expected = [classifier.logits(film[np.newaxis])[0] for film in films]
    start = threading.Barrier(8)

    def read_again(number: int) -> list[np.float32]:
        start.wait()
        return [classifier.logits(films[number : number + 1])[0] for _ in range(12)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read_again, range(8)))

    assert answers == [[logit] * 12 for logit in expected]


def test_batches_of_different_sizes_from_several_threads_do_not_mix(classifier):
    films = draw_films(4)
    expected = classifier.logits(films)
    start = threading.Barrier(4)

    def read_first(n: int) -> np.ndarray:
        start.wait()
        return np.stack([classifier.logits(films[:n]) for _ in range(8)])

    with ThreadPoolExecutor(4) as pool:
        for n, answers in zip(range(1, 5), pool.map(read_first, range(1, 5)), strict=True):
            assert answers == pytest.approx(np.tile(expected[:n], (8, 1)), abs=1e-5)


# --- calibration ----------------------------------------------------------------------------------


def test_a_logit_becomes_the_probability_of_the_formula(plain):
    # sigmoid(logit / 2 - 1): 2 -> sigmoid(0), 0 -> sigmoid(-1), 6 -> sigmoid(2)
    probabilities = plain.calibrate(np.array([2.0, 0.0, 6.0], np.float32))

    expected = [0.5, 1 / (1 + exp(1)), 1 / (1 + exp(-2))]
    assert probabilities == pytest.approx(expected, abs=1e-7)
    assert probabilities.dtype == np.float32


def test_a_prediction_is_the_calibrated_logit(plain):
    films = draw_films(3)

    np.testing.assert_array_equal(plain.predict(films), plain.calibrate(plain.logits(films)))


@given(arrays(np.float32, 8, elements=st.floats(-60, 60, width=32)))
def test_a_higher_logit_never_has_a_lower_probability(plain, logits):
    probabilities = plain.calibrate(np.sort(logits))

    assert (np.diff(probabilities) >= 0.0).all()
    assert ((probabilities >= 0.0) & (probabilities <= 1.0)).all()


def test_clearly_different_logits_have_different_probabilities(classifier):
    probabilities = classifier.calibrate(np.linspace(-8.0, 2.0, 101, dtype=np.float32))

    assert (np.diff(probabilities) > 0.0).all()


def test_no_logit_is_too_large_for_a_probability(plain):
    probabilities = plain.calibrate(np.array([-1e30, 1e30], np.float32))

    assert probabilities.tolist() == [0.0, 1.0]


def test_the_read_of_one_film_states_probability_score_and_run(plain):
    film = draw_films(1)
    logit = float(plain.logits(film)[0])
    prepared = ModelInput(read_only(film[0, :, :, 0]), Geometry(900, 1200, PX))

    prediction = predict_film(prepared, plain)

    assert prediction.probability == pytest.approx(1 / (1 + exp(1 - logit / 2)), abs=1e-6)
    assert prediction.score == pytest.approx(1 / (1 + exp(-logit)), abs=1e-6)
    assert prediction.run_id == RUN.run_id
    assert prediction.operating_point == RUN.operating_point
