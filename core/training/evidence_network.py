"""Fine-tuning of a run so that its evidence by place lies on the lesion: an experiment.

Where the logit is a mean over places, each place has its own part of it (class activation mapping).
A second loss asks of each place whether a synthetic lesion is there, in pairs of films: with the
lesion, and the same child without it. Pairs carry no label of the film. The first layers stay as
they are, so that what they make of every film is computed once for all trainings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.domain.arrays import FloatImage
from core.evaluation.operating_point import fit_temperature
from core.runs.store import WEIGHTS_FILE
from core.training.augmentation import Augmentation, augment_films
from core.training.catalogue.runs import find_run
from core.training.export import export_litert, with_parts
from core.training.films import STORED_PX, Bytes, FilmSet, find_training_set, load_lung_masks
from core.training.lesion_pairs import (
    CORE,
    LUNG,
    RIM,
    LesionPairs,
    PairSettings,
    draw_lesions,
    make_lesion_pairs,
)
from core.training.lung_crop import open_segmenter
from core.training.lung_segmenter import signed_masks
from core.training.networks.architectures import build_classifier
from core.training.train_healthy import take_normals
from core.training.train_step import make_optimizer, sample_weights
from core.training.training_data import Report, as_the_run_sees, load_training_data

CORE_OF_PLACE, RIM_OF_PLACE = 0.4, 0.1
"""Share of a place that the core must cover for the lesion to be there; and the share of core and
rim from which a place that is not covered is not asked."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a group of networks is trained.

    Attributes
    ----------
    pixel_loss : bool
        Whether it learns from pairs.
    keeps_opinion : bool
        Whether it learns what the parent says of each changed film, instead of the film's label.
    """

    pixel_loss: bool = True
    keeps_opinion: bool = False


CONTROL, PIXEL, KEPT = "control", "pixel loss", "opinion kept"
GROUPS = {
    CONTROL: Way(pixel_loss=False),
    PIXEL: Way(),
    KEPT: Way(keeps_opinion=True),
}
MEAN_WEIGHTS = "mean weights"
FEATURES_FILE = "features.npz"
CHUNK = 64


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """Everything that decides the networks' weights, with the data's hash.

    Attributes
    ----------
    parent, first_layer : str
        The run that is fine-tuned, and the first of its layers that learns.
    epochs : int
        Also the number of different random changes of each film.
    pairs_a_step : int
        Beside the batch of films with a label.
    share : float
        What the pixel loss counts beside the films' labels.
    groups : tuple of str
        Of `GROUPS`.
    seeds : tuple of int
        Of the trainings; each group has all of them.
    """

    parent: str = "f08"
    first_layer: str = "block_6_expand"
    epochs: int = 4
    batch: int = 32
    learning_rate: float = 2e-4
    ema_momentum: float = 0.99
    pairs: PairSettings = field(default_factory=PairSettings)
    pairs_a_step: int = 4
    share: float = 0.5
    groups: tuple[str, ...] = tuple(GROUPS)
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, slots=True, eq=False)
class SplitNetwork:
    """A classifier cut in two; all parts share their layers.

    Attributes
    ----------
    whole : keras.Model
        (N, px, px, 1) in [0, 1] -> (N, 1) logit.
    early : keras.Model
        Films to what the first layer that learns sees; it never learns.
    late : keras.Model
        From there to the (N, p, p, C) map whose mean over places the last layer weighs.
    last : keras.layers.Dense
    """

    whole: Any
    early: Any
    late: Any
    last: Any

    @property
    def trained(self) -> list[Any]:
        """The variables that learn."""
        return [*self.late.trainable_variables, *self.last.trainable_variables]


def split_network(model: Any, first_layer: str) -> SplitNetwork:
    """Cut a classifier before a layer and freeze what comes before the cut."""
    import keras

    cut = model.get_layer(first_layer).input
    early = keras.Model(model.input, cut)
    early.trainable = False
    late = keras.Model(cut, model.get_layer("features").input)
    return SplitNetwork(model, early, late, model.get_layer("logit"))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingFeatures:
    """What the frozen layers make of all training films, randomly changed.

    Attributes
    ----------
    films : (epochs, N, h, w, C) float16 ndarray
    labels : (N,) int64 ndarray
        1 for pneumonia.
    ill, well : (M, h, w, C) float16 ndarrays
        Of pairs, both with the same random changes.
    shows : (M, px, px, 1) uint8 ndarray
        Of the changed pairs, as in `LesionPairs`.
    """

    films: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    ill: npt.NDArray[np.float16]
    well: npt.NDArray[np.float16]
    shows: Bytes

    def save(self, path: Path) -> None:
        """Keep all arrays in one file."""
        np.savez(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> TrainingFeatures:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(**{name: kept[name] for name in kept.files})


def compute_features(
    network: SplitNetwork,
    films: FilmSet,
    masks: Bytes,
    pairs: LesionPairs,
    augmentation: Augmentation,
    epochs: int,
    report: Report,
) -> TrainingFeatures:
    """Change films and pairs at random and take them through the frozen layers.

    Pairs get no erased rectangle: it could hide the lesion. A pair's two films get the same
    geometry, exposure and surroundings, but for the noise.

    Parameters
    ----------
    masks : (N, 224, 224) uint8 ndarray
        Lung masks of the films, 127 where unknown.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    px = network.early.input.shape[1]

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def of_films(some: Any, lungs: Any) -> Any:
        changed, _ = augment_films(some, lungs, px, augmentation)
        return tf.cast(network.early(changed, training=False), tf.float16)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def of_pairs(some: Any, shows: Any) -> Any:
        changed, shows = augment_films(some, shows, px, replace(augmentation, erase=0.0))
        both = [network.early(changed[..., n : n + 1], training=False) for n in (0, 1)]
        return *(tf.cast(each, tf.float16) for each in both), tf.cast(shows, tf.uint8)

    signed = signed_masks(masks[..., np.newaxis])
    views = []
    for epoch in range(epochs):
        report(f"changing {len(films)} films, {epoch + 1} of {epochs}")
        parts = [
            of_films(_grey(films.films[some, ..., np.newaxis]), signed[some])
            for some in _chunks(len(films))
        ]
        views.append(np.concatenate([part.numpy() for part in parts]))
    report(f"changing {len(pairs.ill)} pairs")
    both = [
        of_pairs(
            _grey(np.stack([pairs.ill[some], pairs.well[some]], axis=-1)),
            pairs.shows[some, ..., np.newaxis].astype(np.float32),
        )
        for some in _chunks(len(pairs.ill))
    ]
    columns = [
        np.concatenate([part.numpy() for part in column]) for column in zip(*both, strict=True)
    ]
    return TrainingFeatures(np.stack(views), films.labels, *columns)


def _chunks(n: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, n, CHUNK)]


def _grey(films: Bytes) -> FloatImage:
    return films.astype(np.float32) / np.float32(255.0)


def ask_places(shows: Any, places: int) -> tuple[Any, Any, Any]:
    """Return where the lesion is, and what each place counts with the lesion and without it.

    Parameters
    ----------
    shows : (N, px, px, 1) uint8 array
        As in `LesionPairs`.
    places : int
        Side of the map; it divides ``px``.

    Returns
    -------
    lesion : (N, places, places) float32 tensor
        1 where the lesion covers a place, else 0.
    asked, lungs : (N, places, places) float32 tensors in [0, 1]
        The share of lung, in ``asked`` 0 at the lesion's rim.
    """
    import tensorflow as tf

    side = shows.shape[1] // places

    def share(least: int) -> Any:
        covered = tf.cast(shows >= least, tf.float32)
        return tf.nn.avg_pool2d(covered, side, side, "VALID")[..., 0]

    core, touched, lungs = share(CORE), share(RIM), share(LUNG)
    lesion = core >= CORE_OF_PLACE
    asked = lungs * tf.cast(lesion | (touched < RIM_OF_PLACE), tf.float32)
    return tf.cast(lesion, tf.float32), asked, lungs


def fine_tune(
    network: SplitNetwork,
    features: TrainingFeatures,
    settings: EvidenceSettings,
    seed: int,
    way: Way,
    report: Report,
) -> None:
    """Train a network on, in place; kept is the moving average of the weights.

    A place's log odds of a lesion are a line in its evidence. The line is fitted to the network as
    it comes and then learns too, so that the film's logit stays free.

    Parameters
    ----------
    network : SplitNetwork
        With the parent's weights.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    run = replace(
        find_run(settings.parent),
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        ema_momentum=settings.ema_momentum,
    )
    steps = -(-len(features.labels) // settings.batch)
    optimizer, variables = make_optimizer(run, steps), network.trained
    line = tf.Variable(
        _fit_line(network, features) if way.pixel_loss else [1.0, 0.0], dtype=tf.float32
    )
    learning = [*variables, line] if way.pixel_loss else variables

    def cross_entropy(wanted: Any, logits: Any) -> Any:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(films: Any, wanted: Any, weights: Any, ill: Any, well: Any, shows: Any) -> Any:
        batch, n = tf.concat([films, ill, well], axis=0), tf.shape(films)[0]
        with tf.GradientTape() as tape:
            evidence = _evidence(network, tf.cast(batch, tf.float32), run.dropout)
            logits = tf.reduce_mean(evidence[:n], axis=(1, 2)) + network.last.bias
            loss = tf.reduce_mean(weights * cross_entropy(wanted, logits))
            if way.pixel_loss:
                lesion, *counted = ask_places(shows, evidence.shape[1])
                lesion = tf.concat([lesion, tf.zeros_like(lesion)], axis=0)
                counts = tf.concat(counted, axis=0)
                losses = cross_entropy(lesion, line[0] * evidence[n:] + line[1])
                loss += settings.share * tf.reduce_sum(counts * losses) / tf.reduce_sum(counts)
        gradients = tape.gradient(loss, learning)
        optimizer.apply_gradients(zip(gradients, learning, strict=True))
        return loss

    smoothed = features.labels * (1.0 - run.label_smoothing) + run.label_smoothing / 2.0
    opinions = [
        expit(_logits(network, view)) if way.keeps_opinion else smoothed for view in features.films
    ]
    weights = sample_weights(features.labels, run)
    pairs = _endless_pairs(len(features.ill), settings.pairs_a_step if way.pixel_loss else 0, seed)
    for epoch in range(settings.epochs):
        view = (seed + epoch) % len(features.films)
        wanted = opinions[view].astype(np.float32)
        order = np.random.default_rng([seed, epoch]).permutation(len(features.labels))
        losses = [
            step(
                *(each[some] for each in (features.films[view], wanted, weights)),
                *(each[pair] for each in (features.ill, features.well, features.shows)),
            )
            for some, pair in zip(np.array_split(order, steps), pairs, strict=False)
        ]
        report(f"epoch {epoch + 1}/{settings.epochs}: loss {np.mean(losses):.4f}")
    optimizer.finalize_variable_values(learning)


def _evidence(network: SplitNetwork, batch: Any, dropout: float = 0.0) -> Any:
    """Return each place's part of the logit, (N, p, p); whole channels are dropped."""
    import tensorflow as tf

    seen = network.late(batch, training=False)
    if dropout:
        seen = tf.nn.dropout(seen, dropout, noise_shape=(tf.shape(seen)[0], 1, 1, seen.shape[3]))
    return tf.tensordot(seen, network.last.kernel, 1)[..., 0]


def _logits(network: SplitNetwork, films: npt.NDArray[np.float16]) -> npt.NDArray[np.float64]:
    """Return the logits of films that have come through the frozen layers, (N,)."""
    parts = [_evidence(network, films[some].astype(np.float32)) for some in _chunks(len(films))]
    means = np.concatenate([np.asarray(part).mean(axis=(1, 2)) for part in parts])
    return np.asarray(means + np.asarray(network.last.bias), np.float64)


def _endless_pairs(n: int, pairs_a_step: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the pairs of each step without end; all of them come before one comes again."""
    rng, waiting = np.random.default_rng([seed, n]), np.arange(0)
    while True:
        if len(waiting) < pairs_a_step:
            waiting = np.concatenate([waiting, rng.permutation(n)])
        now, waiting = waiting[:pairs_a_step], waiting[pairs_a_step:]
        yield now


def _fit_line(network: SplitNetwork, features: TrainingFeatures) -> tuple[float, float]:
    """Return slope and offset with which the network's evidence tells best where lesions are."""
    some = slice(0, 4 * CHUNK)
    both = np.concatenate([features.ill[some], features.well[some]]).astype(np.float32)
    evidence = np.asarray(_evidence(network, both))
    lesion, *counted = ask_places(features.shows[some], evidence.shape[1])
    sure = np.concatenate(counted) >= 0.5
    wanted = np.concatenate([lesion, np.zeros_like(lesion)])[sure].astype(np.int64)
    found = fit_temperature(evidence[sure].astype(np.float64), wanted)
    return 1.0 / found.temperature, found.offset


def make_networks(
    data: Path, models: Path, folder: Path, settings: EvidenceSettings, report: Report
) -> dict[str, Path]:
    """Train every seed of every group, and export them.

    What an interrupted call has left in ``folder`` is not computed again. Of each group, the
    network with the mean of its seeds' weights is exported as well (a model soup [1]_).

    Parameters
    ----------
    folder : Path
        Exists; for these settings and these films alone.

    Returns
    -------
    dict of str to Path
        Exports, by names that begin with their group's.

    Raises
    ------
    DatasetError
        If films or lung masks are missing.

    References
    ----------
    .. [1] M. Wortsman et al., ICML 2022, arXiv:2203.05482.
    """
    run = find_run(settings.parent)
    parent = build_classifier(run.architecture, run.input_px, run.dropout, None)
    parent.load_weights(models / settings.parent / WEIGHTS_FILE)
    weights = parent.get_weights()
    network = split_network(parent, settings.first_layer)
    kept = folder / FEATURES_FILE
    if not kept.is_file():
        _gather_features(network, data, models, settings, report).save(kept)
    features = TrainingFeatures.load(kept)
    exports = {}
    for group in settings.groups:
        states = []
        for seed in settings.seeds:
            name = f"{group}, seed {seed}"
            state = folder / f"{name}.weights.h5"
            if not state.is_file():
                report(f"training {name}")
                network.whole.set_weights(weights)
                fine_tune(network, features, settings, seed, GROUPS[group], report)
                network.whole.save_weights(state)
            network.whole.load_weights(state)
            states.append(network.whole.get_weights())
            exports[name] = _export(network, folder / f"{name}.tflite")
        network.whole.set_weights([np.mean(each, axis=0) for each in zip(*states, strict=True)])
        name = f"{group}, {MEAN_WEIGHTS}"
        exports[name] = _export(network, folder / f"{name}.tflite")
    return exports


def _export(network: SplitNetwork, path: Path) -> Path:
    if not path.is_file():
        export_litert(with_parts(network.whole), path)
    return path


def _gather_features(
    network: SplitNetwork, data: Path, models: Path, settings: EvidenceSettings, report: Report
) -> TrainingFeatures:
    run = find_run(settings.parent)
    whole = load_training_data(find_training_set(data), models / "split.json", report)
    normals = take_normals(whole.train, STORED_PX, open_segmenter(models))
    pairs = make_lesion_pairs(normals, draw_lesions(settings.pairs, report), settings.pairs)
    masks, _ = load_lung_masks(data, whole.train.film_ids)
    films, masks = as_the_run_sees(run, whole, masks, models, report)
    return compute_features(
        network, films.train, masks, pairs, run.augmentation, settings.epochs, report
    )
