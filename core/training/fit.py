"""Training of one classifier run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.training.catalogue.settings import RunSettings
from core.training.checkpoint import Progress, load_progress, save_progress
from core.training.distillation import Teacher
from core.training.films import Bytes, FilmSet, kinds_of, to_input
from core.training.lung_segmenter import signed_masks
from core.training.self_supervised import learn_without_labels
from core.training.train_step import build_for_training, make_optimizer, make_step, sample_weights

Logits = npt.NDArray[np.float64]
History = list[dict[str, float]]


def predict_logits(model: Any, inputs: FloatImage, batch: int = 64) -> Logits:
    """Return the model's (N,) logits in inference mode."""
    parts = [
        np.asarray(model(inputs[start : start + batch], training=False))
        for start in range(0, len(inputs), batch)
    ]
    return np.concatenate(parts)[:, 0].astype(np.float64)


def log_loss_of(logits: Logits, labels: npt.NDArray[np.int64]) -> float:
    """Return the mean binary cross-entropy of logits, in nats."""
    signed = np.where(labels == 1, logits, -logits)
    return float(np.mean(np.logaddexp(0.0, -signed)))


def train_classifier(
    train: FilmSet,
    masks: Bytes,
    validation: FilmSet,
    settings: RunSettings,
    data: Path | None,
    report: Callable[[str], None],
    *,
    parent: Path | None = None,
    teachers: Sequence[Teacher] = (),
    state: Path | None = None,
    after_epoch: Callable[[int, float], None] | None = None,
) -> tuple[Any, History]:
    """Train one run.

    Kept are the weights of the best epoch where the settings say so, else the last ones: their
    moving average where there is one.

    Parameters
    ----------
    masks : (N, 224, 224) uint8 ndarray
        Lung masks of the training films, 127 where unknown.
    data : Path or None
        Folder with the starting weights; None starts from random ones.
    parent : Path, optional
        Weights file of the run that this one goes on from.
    state : Path, optional
        Folder that holds what an interrupted training left, and gets the same of this one. A
        training that goes on draws other random changes than one that was never interrupted.
    after_epoch : callable, optional
        Called with epoch and validation loss; what it raises ends the training.

    Returns
    -------
    history : list of dict
        An entry an epoch: train_loss, validation_loss (of the weights before averaging).

    Raises
    ------
    DatasetError
        If the starting weights are missing.
    """
    import keras

    keras.utils.set_random_seed(settings.seed)
    model = build_for_training(settings, data, parent)
    steps = -(-len(train) // settings.batch)
    optimizer = make_optimizer(settings, steps)
    progress = Progress() if state is None else load_progress(state, settings, model, optimizer)
    if settings.self_supervised_epochs and not progress.history:
        learn_without_labels(model, train.films, masks, settings, report, state=state)
    step = make_step(model, optimizer, settings, teachers)
    weights = sample_weights(train.labels, settings)
    kinds = kinds_of(train)
    held_out = to_input(validation.films, settings.input_px)
    while len(progress.history) < settings.epochs:
        epoch = len(progress.history)
        if progress.history and progress.ran_out_of_patience(settings.patience):
            report(f"no better validation loss for {settings.patience} epochs: training ends")
            break
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(train))
        batches = np.array_split(order, steps)
        losses = [_learn(step, train, masks, kinds, weights, chosen) for chosen in batches]
        loss = log_loss_of(predict_logits(model, held_out), validation.labels)
        progress.history.append({"train_loss": float(np.mean(losses)), "validation_loss": loss})
        if settings.keep == "best" and progress.best_epoch == epoch:
            progress.best = model.get_weights()
        if state is not None:
            save_progress(state, settings, progress, model, optimizer)
        report(
            f"epoch {epoch + 1}/{settings.epochs}: train {np.mean(losses):.4f}, "
            f"validation {loss:.4f}"
        )
        if after_epoch is not None:
            after_epoch(epoch, loss)
    if settings.keep == "best":
        model.set_weights(progress.best)
    elif settings.ema_momentum:
        optimizer.finalize_variable_values(model.trainable_variables)
    return model, progress.history


def _learn(
    step: Any,
    train: FilmSet,
    masks: Bytes,
    kinds: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float32],
    chosen: npt.NDArray[np.int64],
) -> float:
    import tensorflow as tf

    loss = step(
        tf.constant(train.films[chosen, ..., None].astype(np.float32) / 255.0),
        tf.constant(signed_masks(masks[chosen, ..., None])),
        tf.constant(kinds[chosen]),
        tf.constant(weights[chosen]),
    )
    return float(loss)
