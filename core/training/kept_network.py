"""The Keras network of a finished run, built again with the weights that are kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.runs.store import WEIGHTS_FILE, read_verified
from core.training.networks.architectures import build_classifier


def open_kept_network(
    folder: Path, architecture: str, input_px: int, files: Mapping[str, str]
) -> Any:
    """Build a finished run's network and load its weights.

    Parameters
    ----------
    files : mapping of str to str
        The run's file names to sha256, as its record states them.

    Returns
    -------
    keras.Model
        As `build_classifier` makes it.

    Raises
    ------
    DatasetError
        If there is no such architecture.
    ModelMissing, ModelIntegrity
        If the weights are missing or are not those that were measured.
    """
    read_verified(folder, WEIGHTS_FILE, files)
    model = build_classifier(architecture, input_px, 0.0, None)
    model.load_weights(folder / WEIGHTS_FILE)
    return model
