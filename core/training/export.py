"""Turning a trained Keras model into a run that can be served, and proving the two agree."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import Calibration, OperatingPoint
from core.errors import ModelIntegrity
from core.evaluation.operating_point import calibrate
from core.inference.litert import LiteRTNetwork

PARITY_LIMIT = 1e-4
HALF_PRECISION_PARITY_LIMIT = 1e-3
LARGEST_EXPORT_BYTES = 10 * 2**20


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send the exporter's own prints nowhere: they name temporary folders of this machine."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def export_litert(model: Any, path: Path) -> bool:
    """Write a model as LiteRT, in float16 if over 10 MiB; return whether it is in float16."""
    import tensorflow as tf

    halved = bool(model.count_params() * 4 > LARGEST_EXPORT_BYTES)
    options: dict[str, Any] = {}
    if halved:
        options = {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "target_spec": {"supported_types": [tf.float16]},
        }
    with _quiet():
        model.export(str(path), format="litert", verbose=False, **options)
    return halved


def with_parts(model: Any) -> Any:
    """Return the classifier with what its logit is made of beside it.

    ``features`` are those that the last layer sees. Where they are means over the places of a map,
    and the last layer is linear, ``evidence`` is (N, h, w): each place's own part of the logit. The
    map's mean and the last layer's bias are the logit (class activation mapping).

    References
    ----------
    .. [1] Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016.
    """
    import keras

    pooled, last = model.get_layer("features"), model.get_layer("logit")
    outputs = {"logit": model.output, "features": pooled.output}
    linear = isinstance(last, keras.layers.Dense)
    if linear and isinstance(pooled, keras.layers.GlobalAveragePooling2D):
        weigh = keras.layers.Conv2D(1, 1, use_bias=False, dtype="float32", name="weighed")
        places = weigh(pooled.input)
        weigh.set_weights([last.get_weights()[0][np.newaxis, np.newaxis]])
        outputs["evidence"] = keras.ops.squeeze(places, axis=-1)
    return keras.Model(model.input, outputs, name=model.name)


def exported_logits(
    content: bytes, inputs: FloatImage, threads: int = 2
) -> npt.NDArray[np.float64]:
    """Return the (N,) logits that an exported classifier gives, one film at a time."""
    network = LiteRTNetwork(content, threads)
    return np.array([network.run(film[np.newaxis])["logit"][0, 0] for film in inputs], np.float64)


def check_parity(
    keras_logits: npt.NDArray[np.float64],
    export_logits: npt.NDArray[np.float64],
    calibration: Calibration,
    operating_point: OperatingPoint,
    limit: float = PARITY_LIMIT,
) -> dict[str, float | int]:
    """Compare Keras and its export on the same films.

    Returns
    -------
    dict
        ``n``, ``max_difference`` (of calibrated probabilities) and ``decisions_changed``.

    Raises
    ------
    ModelIntegrity
        If a probability differs by more than the limit, or a decision differs.
    """
    ours, theirs = calibrate(keras_logits, calibration), calibrate(export_logits, calibration)
    difference = float(np.abs(ours - theirs).max())
    threshold = operating_point.threshold
    changed = int(((ours >= threshold) != (theirs >= threshold)).sum())
    if not difference <= limit or changed:  # no number is no agreement
        raise ModelIntegrity(
            f"the export differs from the Keras model by up to {difference:.1e} (limit "
            f"{limit:.0e}) and changes {changed} of {len(ours)} decisions: it is not served."
        )
    return {
        "n": len(ours),
        "max_difference": difference,
        "limit": limit,
        "decisions_changed": changed,
    }


def versions() -> dict[str, str]:
    """Return the versions that a run depends on."""
    names = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow", "scikit-learn", "scipy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def now() -> str:
    """Return the date and time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
