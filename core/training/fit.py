"""Training of one classifier run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain import FloatImage
from core.preprocessing import resize_film
from core.training.architectures import (
    MOBILENET_V2_WEIGHTS,
    build_classifier,
    starting_weights,
)
from core.training.augmentation import augment_films
from core.training.catalogue import RunSettings
from core.training.films import Bytes, FilmSet
from core.training.lung_fit import signed_masks

Logits = npt.NDArray[np.float64]
History = list[dict[str, float]]


def to_input(films: Bytes, input_px: int) -> FloatImage:
    """Return stored films as the model's input, resized as the served pipeline does.

    Parameters
    ----------
    films : (N, 224, 224) uint8 ndarray

    Returns
    -------
    (N, input_px, input_px, 1) float32 ndarray in [0, 1]
    """
    inputs = np.empty((len(films), input_px, input_px, 1), np.float32)
    for position, film in enumerate(films):
        small = resize_film(film.astype(np.float32) / np.float32(255.0), input_px, input_px)
        inputs[position, ..., 0] = small
    return inputs


def predict_logits(model: Any, inputs: FloatImage, batch: int = 64) -> Logits:
    """Return the model's (N,) logits in inference mode."""
    parts = [
        np.asarray(model(inputs[start : start + batch], training=False))
        for start in range(0, len(inputs), batch)
    ]
    return np.concatenate(parts)[:, 0].astype(np.float64)


def _optimizer(settings: RunSettings, steps: int) -> Any:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps * (settings.epochs - 1)),
        warmup_target=settings.learning_rate,
        warmup_steps=steps,
    )
    return keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.weight_decay,
        use_ema=True,
        ema_momentum=settings.ema_momentum,
    )


def _make_step(model: Any, optimizer: Any, settings: RunSettings) -> Any:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(films: Any, masks: Any, labels: Any, weights: Any) -> Any:
        augmented, _ = augment_films(films, masks, settings.input_px, settings.augmentation)
        smooth = labels * (1.0 - settings.label_smoothing) + settings.label_smoothing / 2.0
        with tf.GradientTape() as tape:
            logits = model(augmented, training=True)[:, 0]
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=smooth, logits=logits)
            loss = tf.reduce_mean(weights * losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def class_weights(labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return the weights of normal and pneumonia that make both classes count the same.

    They are computed on all training films, never on a batch.
    """
    positive = float(labels.mean())
    return 0.5 / (1.0 - positive), 0.5 / positive


def train_classifier(
    train: FilmSet,
    masks: Bytes,
    validation: FilmSet,
    settings: RunSettings,
    data: Path | None,
    report: Callable[[str], None],
) -> tuple[Any, History]:
    """Train one run; the kept weights are the moving average at the end, no epoch is picked.

    Parameters
    ----------
    train, validation : FilmSet
    masks : (N, 224, 224) uint8 ndarray
        Lung masks of the training films, 127 where unknown.
    settings : RunSettings
    data : Path or None
        Folder with the starting weights; None starts from random ones.
    report : callable
        Gets one line an epoch.

    Returns
    -------
    model : keras.Model
    history : list of dict
        An entry an epoch: train_loss, validation_loss (of the weights before averaging).

    Raises
    ------
    DatasetError
        If the starting weights are missing.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    weights = None if data is None else starting_weights(data, MOBILENET_V2_WEIGHTS)
    model = build_classifier(settings.architecture, settings.input_px, settings.dropout, weights)
    steps = -(-len(train) // settings.batch)
    optimizer = _optimizer(settings, steps)
    step = _make_step(model, optimizer, settings)
    balance = class_weights(train.labels) if settings.class_balanced else (1.0, 1.0)
    sample_weights = np.where(train.labels == 1, balance[1], balance[0]).astype(np.float32)
    held_out = to_input(validation.films, settings.input_px)
    rng = np.random.default_rng(settings.seed)
    history: History = []
    for epoch in range(settings.epochs):
        losses = []
        for chosen in np.array_split(rng.permutation(len(train)), steps):
            batch = train.films[chosen, ..., None].astype(np.float32) / 255.0
            loss = step(
                tf.constant(batch),
                tf.constant(signed_masks(masks[chosen, ..., None])),
                tf.constant(train.labels[chosen].astype(np.float32)),
                tf.constant(sample_weights[chosen]),
            )
            losses.append(float(loss))
        validation_loss = log_loss_of(predict_logits(model, held_out), validation.labels)
        entry = {"train_loss": float(np.mean(losses)), "validation_loss": validation_loss}
        history.append(entry)
        report(
            f"epoch {epoch + 1}/{settings.epochs}: train {entry['train_loss']:.4f}, "
            f"validation {validation_loss:.4f}"
        )
    optimizer.finalize_variable_values(model.trainable_variables)
    return model, history


def log_loss_of(logits: Logits, labels: npt.NDArray[np.int64]) -> float:
    """Return the mean binary cross-entropy of logits, in nats."""
    signed = np.where(labels == 1, logits, -logits)
    return float(np.mean(np.logaddexp(0.0, -signed)))
