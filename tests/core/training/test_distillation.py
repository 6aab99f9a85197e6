"""A run that learns what other runs say."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import (
    TINY,
    build_small_network,
    flat_weights,
    grey_inputs,
    show_nothing,
    smooth_films,
)

from core.errors import DatasetError, ModelIntegrity
from core.runs.store import WEIGHTS_FILE
from core.training import fit, kept_network, train_step
from core.training.augmentation import PLAIN
from core.training.distillation import Teacher, load_teachers, opinion_of

STUDENT = replace(TINY, name="student", teachers=("tiny",), teachers_share=1.0)


class SaysTheMean:
    """A network whose logit is a multiple of the film's mean grey."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, films, training: bool):
        import tensorflow as tf

        assert training is False
        self.shapes.append(tuple(films.shape))
        return self.times * tf.reduce_mean(films, axis=(1, 2))


@pytest.fixture
def small_network(monkeypatch):
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)
    monkeypatch.setattr(kept_network, "build_classifier", build_small_network)


def test_the_opinion_is_the_probability_of_the_mean_logit():
    films = grey_inputs(smooth_films(3, 64, seed=4))
    two = [Teacher(SaysTheMean(8.0), 64), Teacher(SaysTheMean(-2.0), 32)]

    opinion = np.asarray(opinion_of(two, films))

    grey = films.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(opinion, 1.0 / (1.0 + np.exp(-3.0 * grey)), atol=2e-3)
    assert [teacher.model.shapes for teacher in two] == [[(3, 64, 64, 1)], [(3, 32, 32, 1)]]


def test_a_student_of_no_labels_comes_to_say_what_its_teacher_says(tiny_run, small_network):
    films = tiny_run.films.train
    masks = np.full(films.films.shape, 127, np.uint8)
    plain = replace(
        STUDENT, augmentation=PLAIN, label_smoothing=0.0, dropout=0.0, ema_momentum=0.0, epochs=30
    )
    wrong = replace(films, labels=1 - films.labels)  # the labels are not to be learnt from
    teacher = Teacher(SaysTheMean(-6.0), TINY.input_px)

    model, _ = fit.train_classifier(
        wrong, masks, films, plain, None, show_nothing, teachers=[teacher]
    )

    inputs = fit.to_input(films.films, TINY.input_px)
    wanted = -6.0 * inputs.mean(axis=(1, 2, 3))
    assert np.abs(fit.predict_logits(model, inputs) - wanted).mean() < 0.5
    assert {shape[1] for shape in teacher.model.shapes} == {TINY.input_px}


@pytest.mark.usefixtures("without_graphs")
def test_a_share_of_nothing_leaves_the_labels(tiny_run, small_network):
    films = tiny_run.films.train
    masks = np.full(films.films.shape, 127, np.uint8)
    settings = replace(STUDENT, epochs=1, teachers_share=0.0)
    teacher = Teacher(SaysTheMean(-6.0), TINY.input_px)

    alone, with_teacher = (
        fit.train_classifier(films, masks, films, settings, None, show_nothing, teachers=present)[0]
        for present in ([], [teacher])
    )

    np.testing.assert_allclose(flat_weights(alone), flat_weights(with_teacher), atol=1e-5)


def test_teachers_are_the_kept_weights(tiny_run, small_network):
    (teacher,) = load_teachers(STUDENT, tiny_run.models)

    np.testing.assert_array_equal(flat_weights(teacher.model), flat_weights(tiny_run.model))
    assert teacher.input_px == TINY.input_px


def test_a_teacher_that_looks_at_another_part_is_refused(tiny_run, small_network):
    with pytest.raises(DatasetError, match="do not look at the same part"):
        load_teachers(replace(STUDENT, cropped_to_lungs=True), tiny_run.models)


def test_weights_that_are_not_those_of_the_record_are_refused(tiny_run, small_network, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in tiny_run.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / WEIGHTS_FILE).write_bytes(b"others")

    with pytest.raises(ModelIntegrity):
        load_teachers(STUDENT, tmp_path)
