"""What a run of the catalogue is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.training.augmentation import Augmentation


@dataclass(frozen=True, slots=True)
class Search:
    """A hyperparameter search over a declared space, judged by log loss on validation patients.

    Attributes
    ----------
    choices : mapping of str to tuple
        Field of `RunSettings` to the values it may take.
    log_ranges : mapping of str to (float, float)
        Field to the ends of a range that is drawn from evenly in its logarithm.
    trials, epochs : int
        How many settings are tried, and how long each at most.
    input_px : int
        Side of the films while searching; smaller than the run's to try more.
    """

    choices: Mapping[str, tuple[float | int | str, ...]] = field(default_factory=dict)
    log_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    trials: int = 8
    epochs: int = 4
    input_px: int = 96

    @property
    def size(self) -> float:
        """Number of settings in the space; infinite with a range."""
        return math.inf if self.log_ranges else math.prod(map(len, self.choices.values()))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run's weights, together with the data's hashes.

    Attributes
    ----------
    sentence : str
        What it changes against its parent, and why.
    parent : str
        The run it is compared with; empty for the first of a series.
    starts_from : str
        ``imagenet``, ``nothing`` (random weights), or a run whose weights it goes on from.
    trained_from : str
        The first layer that is trained, ``head`` for the layers after the backbone, empty for all.
    schedule : str
        ``cosine``: the learning rate is reached after one epoch and brought to zero; or
        ``constant``.
    ema_momentum : float
        Of the moving average of the weights, which is then what is kept; 0 for none.
    patience : int
        Epochs without a better validation loss after which training stops; 0 for never.
    keep : str
        ``last`` or ``best``: the epoch whose weights are kept.
    label_smoothing : float
        Both labels are moved towards 0.5 by half of it.
    self_supervised_epochs : int
        How long it first learns from the training films without their labels; see
        `self_supervised`.
    teachers : tuple of str
        Finished runs whose common opinion of each changed film it learns to give; see `teachers`.
    teachers_share : float
        What their opinion counts beside the label, between 0 and 1.
    class_weights : str
        Counted on ``all films`` of the training part or on ``one batch``; or ``none``.
    cropped_to_lungs : bool
        Whether it sees the box around the lungs instead of the whole film.
    split_by : str
        ``patients``: the project's split; ``films``: validation films drawn one by one.
    sensitivity_wanted : float
        The operating point is the highest threshold that reaches it on validation.
    exhibit : str
        What is wrong with it on purpose; such a run is teaching material and never serves.
    """

    name: str
    sentence: str
    parent: str = ""
    architecture: str = "mobilenet_v2"
    input_px: int = 176
    starts_from: str = "imagenet"
    trained_from: str = ""
    epochs: int = 14
    batch: int = 32
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    schedule: Literal["cosine", "constant"] = "cosine"
    learning_rate: float = 2e-4
    weight_decay: float = 1e-3
    dropout: float = 0.3
    label_smoothing: float = 0.05
    self_supervised_epochs: int = 0
    teachers: tuple[str, ...] = ()
    teachers_share: float = 0.0
    ema_momentum: float = 0.995
    patience: int = 0
    keep: Literal["last", "best"] = "last"
    class_weights: Literal["all films", "one batch", "none"] = "all films"
    cropped_to_lungs: bool = False
    split_by: Literal["patients", "films"] = "patients"
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    sensitivity_wanted: float = 0.97
    seed: int = 20
    exhibit: str = ""
    search: Search | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
