"""The runs that can be trained, each with one sentence on what it changes and why.

``m01`` to ``m10`` rebuild the origin project's series on the project's split, mistakes corrected;
``x05`` and its parts keep the mistakes, one at a time, to find which of them did the harm, and
``c05`` is what they are compared with; ``f01`` onwards go past the series.
"""

from __future__ import annotations

from dataclasses import replace

from core.errors import DatasetError
from core.training.augmentation import Augmentation
from core.training.catalogue import origin_runs as origin
from core.training.catalogue.settings import RunSettings

FIRST = RunSettings(
    name="f01",
    sentence=(
        "MobileNetV2 from ImageNet weights, with changes of exposure, geometry and background "
        "during training: that is where the official test films differ."
    ),
)

WIDER = replace(
    FIRST,
    name="f02",
    parent="f01",
    sentence=(
        "f01 trained for longer, with wider changes of exposure and more films of which only the "
        "lungs are shown."
    ),
    epochs=22,
    dropout=0.4,
    label_smoothing=0.1,
    ema_momentum=0.998,
    augmentation=Augmentation(
        log_gamma=0.7, log_contrast=0.45, brightness=0.2, noise=0.05, lungs_only=0.4
    ),
)

LIGHTER = replace(
    FIRST,
    name="f03",
    parent="f01",
    sentence=(
        "f01 on smaller films and without the network's last, coarsest layers: for an explanation "
        "in half the time."
    ),
    architecture="mobilenet_v2_stride_16",
    input_px=144,
    epochs=18,
)

CROPPED = replace(
    LIGHTER,
    name="f04",
    parent="f03",
    sentence=(
        "f03 on the box around the lungs instead of the whole film: in training, how tightly a "
        "film is cropped tells the classes apart, and in the official test split it does not."
    ),
    cropped_to_lungs=True,
    epochs=24,
    augmentation=Augmentation(log_scale=0.14, shift=0.06, soften=0.8),
)

CROPPED_LARGER = replace(
    CROPPED,
    name="f05",
    parent="f04",
    sentence=(
        "f04 on larger films, from another seed and with stronger changes of exposure, noise and "
        "sharpness: a second opinion that an ensemble can average with f04."
    ),
    input_px=192,
    epochs=18,
    seed=21,
    augmentation=replace(
        CROPPED.augmentation, log_gamma=0.7, log_contrast=0.45, brightness=0.2, noise=0.05
    ),
)

DISTILLED = replace(
    CROPPED,
    name="f06",
    parent="f04",
    sentence=(
        "f04 and f05 distilled into one network of f04's size: it learns their mean output "
        "for each changed film, with f05's stronger changes and storing as JPEG among them."
    ),
    epochs=24,
    seed=22,
    teachers=("f04", "f05"),
    teachers_share=0.7,
    augmentation=replace(CROPPED_LARGER.augmentation, jpeg=0.5),
)

THREE_WAY = replace(
    CROPPED,
    name="f07",
    parent="f04",
    sentence=(
        "f04 with a head that tells normal, bacterial and viral films apart; its probability of "
        "pneumonia is that of either kind."
    ),
    architecture="mobilenet_v2_three_way",
)

SURROUNDINGS_EXCHANGED = replace(
    CROPPED,
    name="f08",
    parent="f04",
    sentence=(
        "f04 with another film's surroundings put around the lungs of half of the films, so that "
        "the surroundings carry less information about the label."
    ),
    augmentation=replace(CROPPED.augmentation, other_surroundings=0.5),
)

NORMALISED = replace(
    CROPPED,
    name="f09",
    parent="f04",
    sentence=(
        "f04 with the grey values of every film made relative to their surroundings before "
        "anything is learnt: where contrast is mixed as in the official test, validation loses "
        "specificity."
    ),
    architecture="mobilenet_v2_normalised",
)

SELF_SUPERVISED = replace(
    CROPPED,
    name="f10",
    parent="f04",
    sentence=(
        "f04 from weights that first learnt, without any label, to give the same output for "
        "two different changes of one training film."
    ),
    self_supervised_epochs=12,
)

COARSENED = replace(
    SURROUNDINGS_EXCHANGED,
    name="f11",
    parent="f08",
    sentence=(
        "f08 with the finest detail taken from two thirds of the training films: on validation it "
        "misses pneumonias where films are sharpest."
    ),
    augmentation=replace(SURROUNDINGS_EXCHANGED.augmentation, coarse=0.67),
)

CATALOGUE: dict[str, RunSettings] = {
    run.name: run
    for run in (
        origin.BASELINE,
        origin.WEIGHTED,
        origin.DROPPED_OUT,
        origin.LONGER,
        origin.FINAL_LAYOUT,
        origin.AUGMENTED,
        origin.LEARNING_RATE,
        origin.FROZEN,
        origin.HEAD_LONGER,
        origin.TOP_UNFROZEN,
        *origin.VGG19_RUNS,
        origin.EXHIBIT,
        origin.ONLY_ZOOM,
        origin.ONLY_SPLIT,
        origin.ONLY_WEIGHTS,
        origin.CONTROL,
        FIRST,
        WIDER,
        LIGHTER,
        CROPPED,
        CROPPED_LARGER,
        DISTILLED,
        THREE_WAY,
        SURROUNDINGS_EXCHANGED,
        NORMALISED,
        SELF_SUPERVISED,
        COARSENED,
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
