"""One step of training: the network, its optimizer and the weighting of the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import DatasetError
from core.training.augmentation import augment_films, resize_films
from core.training.catalogue.settings import RunSettings
from core.training.distillation import Teacher, opinion_of
from core.training.networks.architectures import KINDS, build_classifier, imagenet_weights


@contextmanager
def _precision(name: str) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_for_training(settings: RunSettings, data: Path | None, parent: Path | None) -> Any:
    """Build a run's network with the weights that it starts from and the layers that it trains.

    Parameters
    ----------
    data : Path or None
        Folder with the starting weights; None starts from random ones.
    parent : Path or None
        Weights file of the run that it goes on from.

    Raises
    ------
    DatasetError
        If starting weights are missing, or the settings name a layer that is not there.
    """
    weights = None
    if data is not None and settings.starts_from == "imagenet":
        weights = imagenet_weights(data, settings.architecture)
    with _precision(settings.precision):
        model = build_classifier(
            settings.architecture, settings.input_px, settings.dropout, weights
        )
    if parent is not None:
        model.load_weights(parent)
    _freeze_before(model, settings.trained_from)
    return model


def _freeze_before(model: Any, first: str) -> None:
    if not first:
        return
    names = [layer.name for layer in model.layers]
    start = "features" if first == "head" else first
    if start not in names:
        raise DatasetError(f"{model.name} has no layer {start!r} to train from; it has {names}.")
    for layer in model.layers[: names.index(start)]:
        layer.trainable = False


def in_float32(model: Any, settings: RunSettings) -> Any:
    """Return the network that computes in float32, whatever it was trained in."""
    if settings.precision == "float32":
        return model
    same = build_classifier(settings.architecture, settings.input_px, settings.dropout, None)
    same.set_weights(model.get_weights())
    return same


def make_optimizer(settings: RunSettings, steps: int) -> Any:
    """Return the optimizer with its schedule for epochs of that many steps."""
    import keras

    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, steps * (settings.epochs - 1)),
            warmup_target=settings.learning_rate,
            warmup_steps=steps,
        )
    average: dict[str, Any] = {}
    if settings.ema_momentum:
        average = {"use_ema": True, "ema_momentum": settings.ema_momentum}
    match settings.optimizer:
        case "adamw":
            return keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay, **average)
        case "adam":
            return keras.optimizers.Adam(rate, **average)
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=0.9, **average)


def make_step(
    model: Any, optimizer: Any, settings: RunSettings, teachers: Sequence[Teacher] = ()
) -> Any:
    """Return the compiled function that changes a batch at random and learns from it.

    It takes films, lung masks, kinds (0 normal, 1 bacterial, 2 viral pneumonia) and weights. A
    network that does not tell the kinds apart learns pneumonia of either.
    """
    import keras
    import tensorflow as tf

    told_apart = None
    if any(layer.name == KINDS for layer in model.layers):
        told_apart = keras.Model(model.input, model.get_layer(KINDS).output)
        if teachers:
            raise DatasetError(
                "teachers give pneumonia or normal, and a network with three classes cannot learn "
                "from them: name none."
            )
    largest_px = max([settings.input_px, *(teacher.input_px for teacher in teachers)])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(films: Any, masks: Any, kinds: Any, weights: Any) -> Any:
        augmented, _ = augment_films(films, masks, largest_px, settings.augmentation)
        seen = resize_films(augmented, settings.input_px)
        with tf.GradientTape() as tape:
            if told_apart is None:
                wanted = _smoothed(tf.cast(kinds > 0, tf.float32), settings.label_smoothing / 2.0)
                if teachers:
                    wanted += settings.teachers_share * (opinion_of(teachers, augmented) - wanted)
                logits = model(seen, training=True)[:, 0]
                losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)
            else:
                wanted = _smoothed(tf.one_hot(kinds, 3), settings.label_smoothing / 3.0)
                logits = told_apart(seen, training=True)
                losses = tf.nn.softmax_cross_entropy_with_logits(labels=wanted, logits=logits)
            loss = tf.reduce_mean(weights * losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def _smoothed(wanted: Any, floor: float) -> Any:
    """Move what is wanted of each class towards what is said of all of them."""
    classes = 2.0 if len(wanted.shape) == 1 else float(wanted.shape[1])
    return wanted * (1.0 - classes * floor) + floor


def class_weights(labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return the weights of normal and pneumonia that make both classes count the same.

    Parameters
    ----------
    labels : (N,) int64 ndarray
        Of both classes.
    """
    positive = float(labels.mean())
    return 0.5 / (1.0 - positive), 0.5 / positive


def sample_weights(labels: npt.NDArray[np.int64], settings: RunSettings) -> npt.NDArray[np.float32]:
    """Return what each training film counts."""
    match settings.class_weights:
        case "none":
            normal, ill = 1.0, 1.0
        case "all films":
            normal, ill = class_weights(labels)
        case "one batch":
            drawn = np.random.default_rng(settings.seed).permutation(labels)[: settings.batch]
            normal, ill = class_weights(drawn)
    return np.where(labels == 1, ill, normal).astype(np.float32)
