"""The origin project's series on this project's split, and the exhibit that keeps its mistakes."""

from __future__ import annotations

from dataclasses import replace

from core.training.augmentation import PLAIN
from core.training.catalogue.settings import RunSettings, Search
from core.training.networks.vgg19 import VGG19

BASELINE = RunSettings(
    name="m01",
    sentence=(
        "The origin's first model as it was: three convolutions on plain films, classes unweighted."
    ),
    architecture="origin_3",
    input_px=224,
    starts_from="nothing",
    epochs=10,
    batch=64,
    optimizer="adam",
    schedule="constant",
    learning_rate=1e-3,
    weight_decay=0.0,
    dropout=0.0,
    label_smoothing=0.0,
    ema_momentum=0.0,
    class_weights="none",
    precision="mixed_bfloat16",
    augmentation=PLAIN,
)

WEIGHTED = replace(
    BASELINE,
    name="m02",
    parent="m01",
    sentence="Gives both classes the same weight, counted on all training films, not on one batch.",
    class_weights="all films",
)

DROPPED_OUT = replace(
    WEIGHTED,
    name="m03",
    parent="m02",
    sentence="Adds dropout and stops when validation no longer improves, against overfitting.",
    dropout=0.3,
    epochs=30,
    patience=2,
)

LONGER = replace(
    DROPPED_OUT,
    name="m04",
    parent="m03",
    sentence="Searches the batch size on validation patients, trains longer, keeps the best epoch.",
    epochs=45,
    patience=5,
    keep="best",
    search=Search(choices={"batch": (32, 64, 96, 128)}, trials=4, epochs=6),
)

FINAL_LAYOUT = replace(
    LONGER,
    name="m05",
    parent="m04",
    sentence=(
        "The origin's final layout done right: six convolutions, the best epoch kept, optimizer "
        "and dropout searched on validation patients."
    ),
    architecture="origin_6",
    epochs=65,
    search=Search(choices={"optimizer": ("adam", "sgd"), "dropout": (0.3, 0.5)}, trials=4),
)

AUGMENTED = replace(
    FINAL_LAYOUT,
    name="m06",
    parent="m05",
    sentence=(
        "Turns, shifts and scales the training films by what the origin meant, a zoom of 10 to 20 "
        "%; batch size and learning rate are searched."
    ),
    epochs=45,
    dropout=0.3,
    # On films of 96 px, for four epochs, no setting gets past a constant guess with these changes.
    search=Search(
        choices={"batch": (32, 64)},
        log_ranges={"learning_rate": (3e-4, 3e-3)},
        trials=6,
        epochs=6,
        input_px=160,
    ),
    augmentation=replace(PLAIN, rotation_deg=10.0, log_scale=0.18, shift=0.15),
)

LEARNING_RATE = replace(
    FINAL_LAYOUT,
    name="m07",
    parent="m05",
    sentence="Searches the learning rate of the six convolutions over three decades.",
    epochs=45,
    dropout=0.3,
    search=Search(log_ranges={"learning_rate": (1e-4, 1e-1)}),
)

FROZEN = RunSettings(
    name="m08",
    parent="m05",
    sentence=(
        "Transfer learning: MobileNetV2 with ImageNet weights, frozen, and a new head of 132 "
        "units; the origin's VGG19 is too large to ship."
    ),
    architecture="mobilenet_v2_dense",
    input_px=176,
    trained_from="head",
    epochs=10,
    batch=32,
    optimizer="adam",
    schedule="constant",
    learning_rate=1e-3,
    weight_decay=0.0,
    label_smoothing=0.0,
    ema_momentum=0.0,
    keep="best",
    patience=5,
    augmentation=AUGMENTED.augmentation,
)

HEAD_LONGER = replace(
    FROZEN,
    name="m09",
    parent="m08",
    starts_from="m08",
    sentence="Trains the head of m08 on, on plain films and more slowly.",
    learning_rate=2e-4,
    augmentation=PLAIN,
)

TOP_UNFROZEN = replace(
    HEAD_LONGER,
    name="m10",
    parent="m09",
    starts_from="m09",
    sentence="Lets the top of the network, from block 13 on, learn as well.",
    trained_from="block_13_expand",
    learning_rate=1e-4,
)

# Their exports are too large to serve and to ship; .gitignore leaves their folders out.
VGG19_RUNS = tuple(
    replace(
        run,
        name=f"{run.name}-vgg19",
        starts_from=run.starts_from if run is FROZEN else f"{run.starts_from}-vgg19",
        sentence=f"{run.name} with the origin's VGG19, whose weights are downloaded.",
        architecture=VGG19,
        trained_from="block5_conv1" if run is TOP_UNFROZEN else run.trained_from,
    )
    for run in (FROZEN, HEAD_LONGER, TOP_UNFROZEN)
)

EXHIBIT = replace(
    FINAL_LAYOUT,
    name="x05",
    parent="m05",
    sentence="The origin's final model with its own mistakes, all three together.",
    epochs=8,
    dropout=0.3,
    patience=5,
    keep="last",
    search=None,
    class_weights="one batch",
    split_by="films",
    augmentation=replace(PLAIN, rotation_deg=10.0, shift=0.15, zoom=(0.1, 0.2)),
    exhibit=(
        "Training films magnified five- to tenfold, validation films drawn without regard to "
        "patients, class weights from one batch."
    ),
)

ONLY_ZOOM = replace(
    EXHIBIT,
    name="x05-zoom",
    sentence="Only the first of the mistakes: the zoom that magnifies five- to tenfold.",
    class_weights="all films",
    split_by="patients",
    exhibit="Training films magnified five- to tenfold.",
)

ONLY_SPLIT = replace(
    EXHIBIT,
    name="x05-split",
    sentence="Only the second of the mistakes: validation films drawn without regard to patients.",
    class_weights="all films",
    augmentation=AUGMENTED.augmentation,
    exhibit="Validation films drawn without regard to patients.",
)

ONLY_WEIGHTS = replace(
    EXHIBIT,
    name="x05-weights",
    sentence="Only the third of the mistakes: class weights counted on one batch.",
    split_by="patients",
    augmentation=AUGMENTED.augmentation,
    exhibit="Class weights counted on one batch.",
)

CONTROL = replace(
    EXHIBIT,
    name="c05",
    sentence="The exhibit's control: none of the three mistakes, all else as in x05.",
    class_weights="all films",
    split_by="patients",
    augmentation=AUGMENTED.augmentation,
    exhibit="",
)
