"""What each layer of a run's network makes of a film, by gradient times activation.

The map of a layer is the sum over its channels of activation times the gradient of the log odds, at
each place [1]_. LayerCAM [2]_ takes the same product also in early layers, but only positive
gradients; here the sign is kept, for a place may speak against pneumonia. At the last feature layer
of a network with mean pooling and a linear head the parts are exact: they add up to the log odds
without the constant term.

References
----------
.. [1] R. L. Draelos, L. Carin, HiResCAM, arXiv:2011.08891.
.. [2] P.-T. Jiang et al., LayerCAM, IEEE Trans. Image Process. 30 (2021) 5875-5888.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from core.domain.arrays import FloatImage, read_only
from core.domain.layers import Layer, LayerMap, LayerView
from core.domain.model import RunRecord
from core.training.kept_network import open_kept_network

SHOWN_CHANNELS = 12


def load_tensorflow() -> None:
    """Load what all else here takes: most of the time and of the memory."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401


def open_network(run: RunRecord) -> Any:
    """Build a run's network, after letting go of those before it.

    Keras numbers layers without a name through all that it has built.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the weights are missing or are not those that were measured.
    """
    import keras

    keras.utils.clear_session()
    return open_kept_network(run.folder, run.architecture, run.input_px, run.files)


def find_stages(model: Any) -> list[Any]:
    """Return the last learned layer at each resolution, the finest first.

    Parameters
    ----------
    model : keras.Model
        As `build_classifier` makes it.

    Returns
    -------
    list of keras.Layer
        Convolutions or the activations behind them. Pooling and padding learn nothing and are left
        out, as is what has no places.
    """
    import keras

    last: dict[int, Any] = {}
    for layer in model.layers:
        learned = layer.weights or isinstance(layer, keras.layers.ReLU | keras.layers.Activation)
        shape = layer.output.shape
        if learned and len(shape) == 4 and shape[1] > 1:
            last[shape[1]] = layer
    return [last[side] for side in sorted(last, reverse=True)]


def split_log_odds(
    model: Any, stages: list[Any], films: FloatImage, temperature: float
) -> Iterator[tuple[FloatImage, FloatImage]]:
    """Yield each stage's activations and gradients of the calibrated log odds, the last one first.

    Parameters
    ----------
    films : (N, px, px, 1) float32 ndarray in [0, 1]

    Yields
    ------
    activations, gradients : (N, h, w, C) float32 ndarrays
    """
    import keras
    import tensorflow as tf

    network = keras.Model(model.input, [*(layer.output for layer in stages), model.output])
    batch = tf.constant(films)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(batch)  # or a network without a trainable layer leaves no tape
        *activations, logits = network(batch, training=False)
        log_odds = logits[:, 0] / temperature
    for found in reversed(activations):
        yield found.numpy(), tape.gradient(log_odds, found).numpy()


def view_layers(
    model: Any, film: FloatImage, temperature: float, shown: int = SHOWN_CHANNELS
) -> Iterator[LayerView]:
    """Yield what each stage makes of a film, the last stage first.

    Parameters
    ----------
    film : (px, px) float32 ndarray in [0, 1]
    temperature : float
        Of the run's calibration: it turns a logit into log odds.
    shown : int
        Channels that are kept of each layer.
    """
    stages = find_stages(model)
    parts = split_log_odds(model, stages, film[np.newaxis, ..., np.newaxis], temperature)
    for layer, (activations, gradients) in zip(reversed(stages), parts, strict=True):
        described, exact = _describe(layer, len(film)), _is_last_feature(model, layer)
        yield _view(described, activations[0], gradients[0], shown, exact=exact)


def _describe(layer: Any, input_px: int) -> Layer:
    _, height, width, channels = layer.output.shape
    return Layer(layer.name, height, width, channels, input_px)


def _is_last_feature(model: Any, layer: Any) -> bool:
    """Return whether only a mean over places and a linear layer follow."""
    import keras

    pooled, last = model.get_layer("features"), model.get_layer("logit")
    return (
        isinstance(pooled, keras.layers.GlobalAveragePooling2D)
        and isinstance(last, keras.layers.Dense)
        and pooled.input is layer.output
    )


def _view(
    layer: Layer, activations: FloatImage, gradients: FloatImage, shown: int, *, exact: bool
) -> LayerView:
    products = activations * gradients
    sums = products.sum(axis=(0, 1), dtype=np.float64)
    strongest = np.argsort(-np.abs(sums), kind="stable")[:shown]
    maps = tuple(
        LayerMap(
            channel=int(channel),
            contribution=float(sums[channel]),
            activation=read_only(np.ascontiguousarray(activations[..., channel])),
            places=read_only(np.ascontiguousarray(products[..., channel])),
        )
        for channel in strongest
    )
    return LayerView(layer, read_only(products.sum(axis=-1)), maps, exact)
