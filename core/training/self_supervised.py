"""Learning from films without their labels, before a run learns from the labels.

Every film is changed at random twice, and the network learns to give both the same features, while
every feature keeps varying from film to film and no two features say the same [1]_. The terms are
counted as in the authors' published code: variance halved, invariance as a mean over all values.

References
----------
.. [1] A. Bardes, J. Ponce, Y. LeCun, VICReg, ICLR 2022, arXiv:2105.04906.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.training.augmentation import augment_films
from core.training.catalogue.settings import RunSettings
from core.training.checkpoint import PRETRAINING_FILE, Progress, load_progress, save_progress
from core.training.films import Bytes
from core.training.lung_segmenter import signed_masks
from core.training.train_step import make_optimizer

FILMS_AT_ONCE = 64
"""Over which variance and covariance are counted; twice as many pass through the network."""
EXPANDED = 512
"""Features that are compared, made of those of the network by two layers that are then dropped."""
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""What the three terms count."""
LEAST_VARIANCE = 1e-4
"""Added to a variance before its root."""


def expand(features: Any) -> Any:
    """Return the features that are compared."""
    from keras import layers

    hidden = layers.Dense(EXPANDED, use_bias=False, name="expand_1")(features)
    hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
    return layers.Dense(EXPANDED, use_bias=False, name="expand_2")(hidden)


def compare_views(first: Any, second: Any) -> Any:
    """Return the loss of what the network says of two views of the same films.

    Parameters
    ----------
    first, second : (N, D) float32 tensors
        Of the same N films, N at least 2.

    Returns
    -------
    () float32 tensor
        Small where both agree, every feature varies and no two vary together.
    """
    import tensorflow as tf

    loss = INVARIANCE * tf.reduce_mean(tf.math.squared_difference(first, second))
    for view in (first, second):
        n, width = tf.cast(tf.shape(view)[0], tf.float32), view.shape[1]
        centred = view - tf.reduce_mean(view, axis=0)
        covariance = tf.matmul(centred, centred, transpose_a=True) / (n - 1.0)
        variance = tf.linalg.diag_part(covariance)
        narrow = tf.nn.relu(1.0 - tf.sqrt(variance + LEAST_VARIANCE))
        shared = tf.reduce_sum(covariance**2) - tf.reduce_sum(variance**2)
        loss += VARIANCE * tf.reduce_mean(narrow) / 2.0 + COVARIANCE * shared / width
    return loss


def _make_step(network: Any, optimizer: Any, settings: RunSettings) -> Any:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(films: Any, masks: Any) -> Any:
        views = [
            augment_films(films, masks, settings.input_px, settings.augmentation)[0]
            for _ in range(2)
        ]
        with tf.GradientTape() as tape:
            expanded = network(tf.concat(views, axis=0), training=True)
            loss = compare_views(*tf.split(expanded, 2))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return step


def learn_without_labels(
    model: Any,
    films: Bytes,
    masks: Bytes,
    settings: RunSettings,
    report: Callable[[str], None],
    *,
    state: Path | None = None,
) -> list[float]:
    """Pretrain a classifier's layers up to its features without labels.

    Parameters
    ----------
    model : keras.Model
        With a layer ``features``.
    films, masks : (N, 224, 224) uint8 ndarrays
        As in `train_classifier`.
    state : Path, optional
        Folder that holds what an interrupted learning left, and gets the same of this one. What
        goes on draws other random changes than what was never interrupted.
    """
    import keras
    import tensorflow as tf

    network = keras.Model(model.input, expand(model.get_layer("features").output))
    batches = max(1, len(films) // FILMS_AT_ONCE)
    course = replace(settings, epochs=settings.self_supervised_epochs, ema_momentum=0.0)
    optimizer = make_optimizer(course, batches)
    progress = Progress()
    if state is not None:
        progress = load_progress(state, settings, network, optimizer, PRETRAINING_FILE)
    step = _make_step(network, optimizer, settings)
    while len(progress.history) < settings.self_supervised_epochs:
        epoch = len(progress.history)
        order = np.random.default_rng([settings.seed, epoch, 1]).permutation(len(films))
        losses = [
            float(
                step(
                    tf.constant(films[chosen, ..., None].astype(np.float32) / 255.0),
                    tf.constant(signed_masks(masks[chosen, ..., None])),
                )
            )
            for chosen in np.array_split(order, batches)
        ]
        progress.history.append({"train_loss": float(np.mean(losses))})
        if state is not None:
            save_progress(state, settings, progress, network, optimizer, PRETRAINING_FILE)
        report(
            f"without labels {epoch + 1}/{settings.self_supervised_epochs}: "
            f"{progress.history[-1]['train_loss']:.3f}"
        )
    return [entry["train_loss"] for entry in progress.history]
