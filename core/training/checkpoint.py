"""What is kept after every epoch, so that an interrupted training goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.training.catalogue.settings import RunSettings

STATE_FILE = "training.npz"
PRETRAINING_FILE = "pretraining.npz"
STATE_FILES = (STATE_FILE, PRETRAINING_FILE)
"""What no finished run has: the state of the training, and of what comes before it."""


@dataclass(slots=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    history : list of dict
        An entry an epoch: train_loss, validation_loss (of the weights before averaging); of what
        is learnt without labels train_loss alone.
    best : list of ndarray
        Weights of the epoch with the lowest validation loss; empty if they are not to be kept.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best: list[Any] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        """Validation loss of each epoch."""
        return [entry["validation_loss"] for entry in self.history]

    @property
    def best_epoch(self) -> int:
        """Index of the epoch with the lowest validation loss."""
        return int(np.argmin(self.losses))

    def ran_out_of_patience(self, patience: int) -> bool:
        """Return whether the last ``patience`` epochs were no better than the best one before."""
        return patience > 0 and len(self.history) - 1 - self.best_epoch >= patience


def _key(settings: RunSettings) -> str:
    return json.dumps(asdict(settings), sort_keys=True, default=dict)


def save_progress(
    folder: Path,
    settings: RunSettings,
    progress: Progress,
    model: Any,
    optimizer: Any,
    name: str = STATE_FILE,
) -> None:
    """Write weights, optimizer and history; an interruption leaves the file of the epoch before."""
    arrays: dict[str, Any] = {
        **{f"weight_{i:04}": np.asarray(value) for i, value in enumerate(model.get_weights())},
        **{f"state_{i:04}": np.asarray(value) for i, value in enumerate(optimizer.variables)},
        **{f"best_{i:04}": np.asarray(value) for i, value in enumerate(progress.best)},
    }
    partial = folder / f".{name}"
    with partial.open("wb") as content:
        np.savez(
            content,
            settings=np.array(_key(settings)),
            history=np.array(json.dumps(progress.history)),
            **arrays,
        )
    partial.replace(folder / name)


def load_progress(
    folder: Path, settings: RunSettings, model: Any, optimizer: Any, name: str = STATE_FILE
) -> Progress:
    """Bring network and optimizer to where an interrupted training of the same settings was.

    ``name`` is one of `STATE_FILES`.
    Without a file, or with one of other settings, nothing is changed.
    """
    path = folder / name
    if not path.is_file():
        return Progress()
    with np.load(path, allow_pickle=False) as kept:
        if str(kept["settings"]) != _key(settings):
            return Progress()

        def arrays(kind: str) -> list[Any]:
            return [kept[name] for name in sorted(kept.files) if name.startswith(f"{kind}_")]

        model.set_weights(arrays("weight"))
        optimizer.build(model.trainable_variables)
        for variable, value in zip(optimizer.variables, arrays("state"), strict=True):
            variable.assign(value)
        return Progress(json.loads(str(kept["history"])), arrays("best"))
