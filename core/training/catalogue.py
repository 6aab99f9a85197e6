"""The runs that can be trained, each with one sentence on what it is for."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import DatasetError
from core.training.augmentation import Augmentation


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run's weights, together with the data's hashes.

    Attributes
    ----------
    learning_rate : float
        Peak, reached after one epoch and brought to zero along a cosine.
    ema_momentum : float
        Of the moving average of the weights, which is what is kept.
    label_smoothing : float
        Both labels are moved towards 0.5 by half of it.
    sensitivity_wanted : float
        The operating point is the highest threshold that reaches it on validation.
    """

    name: str
    sentence: str
    architecture: str = "mobilenet_v2"
    input_px: int = 176
    epochs: int = 14
    batch: int = 32
    learning_rate: float = 2e-4
    weight_decay: float = 1e-3
    dropout: float = 0.3
    label_smoothing: float = 0.05
    ema_momentum: float = 0.995
    class_balanced: bool = True
    sensitivity_wanted: float = 0.97
    seed: int = 20
    augmentation: Augmentation = field(default_factory=Augmentation)


CATALOGUE: dict[str, RunSettings] = {
    run.name: run
    for run in (
        RunSettings(
            name="f01",
            sentence=(
                "MobileNetV2 from ImageNet weights, with changes of exposure, geometry and "
                "background during training: that is where the official test films differ."
            ),
        ),
        RunSettings(
            name="f02",
            sentence=(
                "f01 trained for longer, with wider changes of exposure and more films of which "
                "only the lungs are shown."
            ),
            epochs=22,
            dropout=0.4,
            label_smoothing=0.1,
            ema_momentum=0.998,
            augmentation=Augmentation(
                log_gamma=0.7, log_contrast=0.45, brightness=0.2, noise=0.05, lungs_only=0.4
            ),
        ),
        RunSettings(
            name="f03",
            sentence=(
                "f01 on smaller films and without the network's last, coarsest layers: for an "
                "explanation in half the time."
            ),
            architecture="mobilenet_v2_stride_16",
            input_px=144,
            epochs=18,
        ),
    )
}


def find_run(name: str) -> RunSettings:
    """Return the settings of a catalogued run.

    Raises
    ------
    DatasetError
        If there is no such run.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        known = ", ".join(sorted(CATALOGUE))
        raise DatasetError(f"no run is called {name!r}; the catalogue has {known}.") from None
