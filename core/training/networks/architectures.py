"""Networks that the runs train. Every one takes (N, px, px, 1) float32 in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DatasetError
from core.training.networks.contrast_normalisation import normalise_contrast
from core.training.networks.origin import LAYOUTS, build_origin_network
from core.training.networks.vgg19 import VGG19, build_vgg19, find_vgg19_weights

MOBILENET_V2_WEIGHTS = "imagenet_weights/mobilenet_v2_1.0_224_imagenet_bnfolded_dequantised.npz"
MOBILENET_QUARTER_WEIGHTS = "imagenet_weights/mobilenet_2_5_224_tf_no_top.h5"


def starting_weights(data: Path, relative: str) -> Path:
    """Return the path of a starting-weights file.

    Raises
    ------
    DatasetError
        If the file is not in the data folder.
    """
    path = data / relative
    if not path.is_file():
        raise DatasetError(
            f"initial weights {relative} are not in {data}: training needs them, "
            "the app and its tests do not. Point FIRSTREAD_DATA at the folder that holds them."
        )
    return path


def imagenet_weights(data: Path, architecture: str) -> Path:
    """Return the path of the ImageNet weights that an architecture starts from.

    Raises
    ------
    DatasetError
        If they are not there, and cannot be had.
    """
    if architecture == VGG19:
        return find_vgg19_weights(data)
    return starting_weights(data, MOBILENET_V2_WEIGHTS)


def _load_folded_imagenet(backbone: Any, path: Path) -> None:
    """Put BatchNorm-folded ImageNet kernels into a one-channel Keras MobileNetV2.

    The first kernel is summed over RGB, which is what a grey film in all three channels would meet.
    """
    import keras

    with np.load(path) as archive:
        arrays = [archive[name] for name in archive.files]
    pairs = [(arrays[i], arrays[i + 1]) for i in range(0, len(arrays) - 1, 2)]
    convolutions = [
        layer
        for layer in backbone.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    ]
    norms = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    for layer, norm, (kernel, bias) in zip(convolutions, norms, pairs, strict=False):
        if layer is convolutions[0]:
            kernel = kernel.sum(axis=2, keepdims=True)  # noqa: PLW2901
        layer.set_weights([kernel])
        channels = bias.shape[0]
        unit = np.full(channels, np.sqrt(1.001), np.float32)
        zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
        norm.set_weights([unit, bias, zeros, ones])


KINDS = "kinds"
"""Name of the layer with the logits of normal, bacterial and viral films."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """MobileNetV2 up to a layer, and what stands between its features and the logit.

    Attributes
    ----------
    dense : int
        Units of a layer before the last one; 0 for none.
    three_way : bool
        Whether it tells normal, bacterial and viral films apart, and the logit is that of either
        pneumonia against normal.
    normalised : bool
        Whether it sees grey values relative to their surroundings; see `normalise_contrast`.
    """

    last_layer: str
    dense: int = 0
    three_way: bool = False
    normalised: bool = False


BACKBONES = {
    "mobilenet_v2": Backbone("out_relu"),
    "mobilenet_v2_dense": Backbone("out_relu", dense=132),
    "mobilenet_v2_stride_16": Backbone("block_13_expand_relu"),
    "mobilenet_v2_three_way": Backbone("block_13_expand_relu", three_way=True),
    "mobilenet_v2_normalised": Backbone("block_13_expand_relu", normalised=True),
}


def build_classifier(architecture: str, input_px: int, dropout: float, weights: Path | None) -> Any:
    """Build a network with one logit.

    Parameters
    ----------
    architecture : str
        A layout of the origin project, which always starts from random weights; `VGG19`; or a key
        of `BACKBONES`: MobileNetV2 whole, or up to the last layer of stride 16, which takes six
        tenths of the time and less than a third of the parameters.
    dropout : float
        Before the last layer.
    weights : Path or None
        ImageNet weights, None for a random start; see `imagenet_weights`.

    Returns
    -------
    keras.Model
        (N, px, px, 1) in [0, 1] -> (N, 1) logit; what the logit is made of is called ``features``.

    Raises
    ------
    DatasetError
        If there is no such architecture.
    """
    if architecture in LAYOUTS:
        return build_origin_network(LAYOUTS[architecture], input_px, dropout)
    if architecture == VGG19:
        return build_vgg19(input_px, dropout, weights)
    if architecture not in BACKBONES:
        known = ", ".join(sorted([*LAYOUTS, *BACKBONES, VGG19]))
        raise DatasetError(f"no architecture is called {architecture!r}; there are {known}.")
    return _build_mobilenet_v2(architecture, input_px, dropout, weights)


def _build_mobilenet_v2(
    architecture: str, input_px: int, dropout: float, weights: Path | None
) -> Any:
    """Build MobileNetV2 with BatchNorm in inference mode.

    The supplied weights have BatchNorm folded in, and letting it move collapses validation.
    """
    import keras
    from keras import layers

    settings = BACKBONES[architecture]
    film = keras.Input((input_px, input_px, 1), name="film")
    if settings.normalised:
        scaled = normalise_contrast(film)
    else:
        scaled = layers.Rescaling(2.0, offset=-1.0, name="to_minus_one_one")(film)
    backbone = keras.applications.MobileNetV2(
        input_shape=(input_px, input_px, 1), include_top=False, weights=None, input_tensor=scaled
    )
    if weights is not None:
        _load_folded_imagenet(backbone, weights)
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    x = backbone.get_layer(settings.last_layer).output
    x = layers.GlobalAveragePooling2D(name="pooled" if settings.dense else "features")(x)
    if settings.dense:
        x = layers.Dense(settings.dense, activation="relu", name="features")(x)
    kept = layers.Dropout(dropout)(x)
    if settings.three_way:
        logit = add_three_way_head(kept)
    else:
        logit = layers.Dense(1, dtype="float32", name="logit")(kept)
    return keras.Model(film, logit, name=architecture)


def add_three_way_head(features: Any) -> Any:
    """Return the logit of pneumonia, of either kind, from the logits of normal, bacteria, virus.

    These are the layer `KINDS`, which is what learns.
    """
    import keras

    kinds = keras.layers.Dense(3, dtype="float32", name=KINDS)(features)
    either = keras.ops.logsumexp(kinds[:, 1:], axis=1, keepdims=True)
    return keras.layers.Subtract(dtype="float32", name="logit")([either, kinds[:, :1]])


def _one_channel_mobilenet(input_px: int, weights: Path | None) -> Any:
    """MobileNet 0.25 for grey films; the first kernel is the sum over RGB of the supplied one."""
    import keras

    film = keras.Input((input_px, input_px, 1), name="film")
    scaled = keras.layers.Rescaling(2.0, offset=-1.0, name="to_minus_one_one")(film)
    encoder = keras.applications.MobileNet(
        input_shape=(input_px, input_px, 1),
        alpha=0.25,
        include_top=False,
        weights=None,
        input_tensor=scaled,
    )
    if weights is None:
        return encoder
    coloured = keras.applications.MobileNet(
        input_shape=(input_px, input_px, 3), alpha=0.25, include_top=False, weights=str(weights)
    )
    by_name = {layer.name: layer.get_weights() for layer in coloured.layers}
    by_name["conv1"] = [by_name["conv1"][0].sum(axis=2, keepdims=True)]
    for layer in encoder.layers:
        if layer.get_weights():
            layer.set_weights(by_name[layer.name])
    return encoder


def build_lung_net(input_px: int, weights: Path | None) -> Any:
    """Build the lung segmenter: MobileNet 0.25 encoder, light U-Net decoder.

    Parameters
    ----------
    input_px : int
        Side of the square input, a multiple of 32.
    weights : Path or None
        ImageNet weights of the encoder (.h5), None for a random start (tests only).

    Returns
    -------
    keras.Model
        (N, px, px, 1) in [0, 1] -> ``mask`` (N, px, px, 1) lung probability, ``coarse`` the same at
        half the size, where it is trained, and ``features`` (N, F), pooled from three depths of the
        encoder and an 8 x 8 summary of the mask.
    """
    import keras
    from keras import layers

    encoder = _one_channel_mobilenet(input_px, weights)
    skips = ["conv_pw_11_relu", "conv_pw_5_relu", "conv_pw_3_relu", "conv_pw_1_relu"]
    x = encoder.output
    for name, filters in zip(skips, (64, 48, 32, 16), strict=True):
        x = layers.UpSampling2D()(x)
        x = layers.Concatenate()([x, encoder.get_layer(name).output])
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    coarse = layers.Conv2D(1, 1, activation="sigmoid", name="coarse")(x)
    mask = layers.UpSampling2D(interpolation="bilinear", name="mask")(coarse)
    pooled = [
        layers.GlobalAveragePooling2D()(encoder.get_layer(name).output)
        for name in ("conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu")
    ]
    summary = layers.Flatten()(layers.AveragePooling2D(input_px // 16)(coarse))
    features = layers.Concatenate(name="features")([*pooled, summary])
    outputs = {"mask": mask, "coarse": coarse, "features": features}
    return keras.Model(encoder.input, outputs, name="lung_net")


def build_view_net(mean: Any, deviation: Any, views: int) -> Any:
    """Build the view network: two dense layers on what the lung segmenter makes of a film.

    Parameters
    ----------
    mean, deviation : (F,) float32 ndarrays
        Of the training films' features; the first layer takes them away and divides by them.
    views : int
        How many it tells apart.

    Returns
    -------
    keras.Model
        (N, F) features of `build_lung_net` -> ``views`` (N, views) probabilities.
    """
    import keras
    from keras import layers

    features = keras.Input((len(mean),), name="features")
    scaled = layers.Normalization(mean=mean, variance=deviation**2, name="scaled")(features)
    near = keras.ops.clip(scaled, -5.0, 5.0)
    x = layers.Dropout(0.3)(layers.GaussianNoise(0.3)(near))
    x = layers.Dense(48, activation="relu", kernel_regularizer="l2", name="hidden")(x)
    x = layers.Dropout(0.3)(x)
    probabilities = layers.Dense(views, activation="softmax", name="views")(x)
    return keras.Model(features, {"views": probabilities}, name="view_net")


def build_healthy_net(input_px: int) -> Any:
    """Build the network that draws a film as it would be without a lesion.

    A U-Net that looks at half the size, and adds what it finds to the film.

    Parameters
    ----------
    input_px : int
        Side of the square input, a multiple of 16.

    Returns
    -------
    keras.Model
        (N, px, px, 1) film in [0, 1] -> ``healthy`` (N, px, px, 1).
    """
    import keras
    from keras import layers

    def block(x: Any, filters: int, count: int = 2) -> Any:
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        return x

    def widen(x: Any, beside: Any, filters: int) -> Any:
        larger = layers.UpSampling2D(interpolation="bilinear")(layers.Conv2D(filters, 1)(x))
        return block(layers.Concatenate()([larger, beside]), filters)

    film = keras.Input((input_px, input_px, 1), name="film")
    half = layers.Rescaling(4.0, offset=-2.0)(layers.AveragePooling2D(2)(film))
    first = block(half, 16)
    second = block(layers.MaxPooling2D()(first), 32)
    third = block(layers.MaxPooling2D()(second), 64)
    x = block(layers.MaxPooling2D()(third), 96, 3)
    x = widen(widen(widen(x, third, 64), second, 32), first, 16)
    small = keras.initializers.RandomNormal(stddev=0.003)
    change = layers.Conv2D(1, 3, padding="same", kernel_initializer=small)(x)
    healthy = layers.Add(name="healthy")(
        [film, layers.UpSampling2D(interpolation="bilinear")(change)]
    )
    return keras.Model(film, {"healthy": healthy}, name="healthy_net")
