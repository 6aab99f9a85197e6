"""Training of the lung segmenter that the quality gate uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.training.augmentation import Augmentation, augment_films
from core.training.films import Bytes
from core.training.networks.architectures import (
    MOBILENET_QUARTER_WEIGHTS,
    build_lung_net,
    starting_weights,
)


@dataclass(frozen=True, slots=True)
class LungSettings:
    """Everything that decides the lung segmenter's weights, with the data's hash."""

    input_px: int = 160
    epochs: int = 12
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 20
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(lungs_only=0.0, erase=0.3, log_gamma=0.6)
    )


def signed_masks(masks: Bytes) -> npt.NDArray[np.float32]:
    """Map 255, 127, 0 to 1 (lung), -1 (ignore), 0 (outside)."""
    signed = np.zeros(masks.shape, np.float32)
    signed[masks == 255] = 1.0
    signed[masks == 127] = -1.0
    return signed


def masked_segmentation_loss(truth: Any, mask: Any) -> Any:
    """Binary cross-entropy plus soft Dice loss over the pixels that are not to be ignored."""
    import tensorflow as tf

    known = tf.cast(truth >= 0.0, tf.float32)
    target = tf.maximum(truth, 0.0)
    mask = tf.clip_by_value(mask, 1e-6, 1.0 - 1e-6)
    entropy = -(target * tf.math.log(mask) + (1.0 - target) * tf.math.log(1.0 - mask))
    overlap = tf.reduce_sum(known * target * mask, axis=(1, 2, 3))
    total = tf.reduce_sum(known * (target + mask), axis=(1, 2, 3))
    dice = 1.0 - (2.0 * overlap + 1.0) / (total + 1.0)
    return tf.reduce_sum(known * entropy) / tf.reduce_sum(known) + tf.reduce_mean(dice)


def dice_scores(masks: npt.NDArray[np.float32], truth: Bytes) -> npt.NDArray[np.float64]:
    """Return each film's Dice coefficient, ignored pixels left out.

    Parameters
    ----------
    masks : (N, H, W) float32 ndarray
        Lung probability, cut at 0.5.
    truth : (N, H, W) uint8 ndarray
        255 lung, 127 ignore, 0 outside.

    Returns
    -------
    (N,) float64 ndarray

    References
    ----------
    .. [1] L. R. Dice, Ecology 26 (1945) 297-302.
    """
    known = truth != 127
    lung = (truth == 255) & known
    found = (masks > 0.5) & known
    overlap = (lung & found).sum(axis=(1, 2))
    total = lung.sum(axis=(1, 2)) + found.sum(axis=(1, 2))
    return np.asarray(2.0 * overlap / np.maximum(total, 1), np.float64)


def train_lung_net(
    films: Bytes,
    masks: Bytes,
    settings: LungSettings,
    data: Path | None,
    report: Callable[[str], None],
) -> Any:
    """Train the segmenter.

    Parameters
    ----------
    films, masks : (N, 224, 224) uint8 ndarrays
    data : Path or None
        Folder with the starting weights; None starts from random ones.

    Raises
    ------
    DatasetError
        If the starting weights are missing.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    weights = None if data is None else starting_weights(data, MOBILENET_QUARTER_WEIGHTS)
    model = build_lung_net(settings.input_px, weights)
    steps = -(-len(films) // settings.batch)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps * settings.epochs, warmup_target=settings.learning_rate, warmup_steps=steps // 2
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4)
    rng = np.random.default_rng(settings.seed)

    @tf.function  # type: ignore[untyped-decorator]
    def step(film_batch: Any, mask_batch: Any) -> Any:
        augmented, moved = augment_films(
            film_batch, mask_batch, settings.input_px, settings.augmentation
        )
        with tf.GradientTape() as tape:
            coarse = model(augmented, training=True)["coarse"]
            loss = masked_segmentation_loss(moved[:, ::2, ::2], coarse)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for epoch in range(settings.epochs):
        losses = []
        for chosen in np.array_split(rng.permutation(len(films)), steps):
            batch = films[chosen, ..., None].astype(np.float32) / 255.0
            losses.append(
                float(step(tf.constant(batch), tf.constant(signed_masks(masks[chosen, ..., None]))))
            )
        report(f"epoch {epoch + 1}/{settings.epochs}: loss {np.mean(losses):.4f}")
    return model
