"""VGG19, the network of the origin project's transfer learning: selectable, too large to ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import DatasetError

VGG19 = "vgg19_dense"
VGG19_WEIGHTS = "imagenet_weights/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
ADDRESS = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
MD5 = "253f8cb515780f3b799900260a226db6"

DENSE_UNITS = 132
IMAGENET_MEANS = (103.939, 116.779, 123.68)
"""Of blue, green and red, in grey levels of 0 to 255; the weights expect them taken away."""


def find_vgg19_weights(data: Path) -> Path:
    """Return the path of the ImageNet weights: from the data folder, or downloaded (80 MB).

    Parameters
    ----------
    data : Path
        May hold the file as ``imagenet_weights/``; a download goes into Keras' own cache.

    Raises
    ------
    DatasetError
        If they are in neither place and cannot be downloaded.
    """
    kept = data / VGG19_WEIGHTS
    if kept.is_file():
        return kept
    import keras

    try:
        return Path(keras.utils.get_file(kept.name, ADDRESS, cache_subdir="models", file_hash=MD5))
    except Exception as exc:  # Keras raises a bare one for whatever kept it from the file
        raise DatasetError(
            f"the weights of VGG19 could not be downloaded: {exc}. Put {kept.name} from {ADDRESS} "
            f"into {kept.parent}, or train m08 to m10, which start from the supplied weights."
        ) from exc


def build_vgg19(input_px: int, dropout: float, weights: Path | None) -> Any:
    """Build VGG19 with a head of dense units and one logit.

    Parameters
    ----------
    dropout : float
        Before the last layer.
    weights : Path or None
        ImageNet weights of the convolutions (.h5), None for a random start.

    Returns
    -------
    keras.Model
        (N, px, px, 1) in [0, 1] -> (N, 1) logit; what the logit is made of is called ``features``.

    References
    ----------
    .. [1] K. Simonyan and A. Zisserman, ICLR 2015, arXiv:1409.1556.
    """
    import keras
    from keras import layers

    film = keras.Input((input_px, input_px, 1), name="film")
    coloured = layers.Concatenate(name="three_channels")([film, film, film])
    offsets = [-mean for mean in IMAGENET_MEANS]
    centred = layers.Rescaling(255.0, offset=offsets, name="centred")(coloured)
    backbone = keras.applications.VGG19(
        include_top=False,
        weights=None if weights is None else str(weights),
        input_tensor=centred,
    )
    pooled = layers.GlobalAveragePooling2D(name="pooled")(backbone.output)
    units = layers.Dense(DENSE_UNITS, activation="relu", name="features")(pooled)
    kept = layers.Dropout(dropout)(units)
    logit = layers.Dense(1, dtype="float32", name="logit")(kept)
    return keras.Model(film, logit, name=VGG19)
