"""Compare a run's maps with those of its network as the weights become random, from the logit down.

References
----------
.. [1] J. Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, arXiv:1810.03292: cascading
   randomisation, and rank correlation with and without absolute values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.index import index_dataset
from core.datasets.split import read_split
from core.domain.arrays import FloatImage
from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.explain.weight_randomisation import (
    SANITY_FILE,
    RandomisedStage,
    SanityCheck,
    correlate_ranks,
)
from core.runs.store import add_files, export_identity, redrawn_with
from core.stats.bootstrap import draw_patients, interval_of_draws
from core.training.activations import find_stages, open_network, split_log_odds
from core.training.films import find_training_set, load_films, to_input
from core.training.lung_crop import crop_films, find_boxes, open_segmenter
from core.training.networks.architectures import build_classifier
from core.training.training_data import redraw_split

FILMS, DRAWS = 32, 20

Progress = Callable[[int, int], None]
"""Called with (networks done, networks in all)."""


def check_maps(
    run: RunRecord,
    inputs: FloatImage,
    patients: npt.NDArray[np.str_],
    films: str,
    progress: Progress | None = None,
    draws: int = DRAWS,
) -> SanityCheck:
    """Randomise a run's network stage by stage, and compare the maps of its last feature layer.

    Parameters
    ----------
    inputs : (N, px, px, 1) float32 ndarray in [0, 1]
    patients : (N,) str ndarray
        Whose film each is.
    films : str
        What the films are, in words.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the run's Keras weights are missing or are not those that were measured.
    """
    model = open_network(run)
    stages = find_stages(model)
    trained, maps = model.get_weights(), _maps(model, stages[-1], inputs)
    groups = list(_group(model, stages))
    found = np.empty((2, len(groups), draws, len(inputs)))
    for draw in range(draws):
        model.set_weights(trained)
        fresh = _randomised(run, seed=draw)
        for place, (_, layers) in enumerate(groups):
            for number in layers:
                model.layers[number].set_weights(fresh.layers[number].get_weights())
            others = _maps(model, stages[-1], inputs)
            for film, (one, other) in enumerate(zip(maps, others, strict=True)):
                found[0, place, draw, film] = correlate_ranks(one, other)
                found[1, place, draw, film] = correlate_ranks(np.abs(one), np.abs(other))
            if progress is not None:
                progress(draw * len(groups) + place + 1, draws * len(groups))
    return SanityCheck(
        run_id=run.run_id,
        export_sha256=export_identity(run),
        films=films,
        map_layer=stages[-1].name,
        draws=draws,
        stages=tuple(
            RandomisedStage(words, *(mean_over_both(each[place], patients) for each in found))
            for place, (words, _) in enumerate(groups)
        ),
    )


def mean_over_both(values: npt.NDArray[np.float64], patients: npt.NDArray[np.str_]) -> Rate:
    """Return the mean over films and draws of weights, with its interval over both.

    Parameters
    ----------
    values : (D, N) float64 ndarray
        Of each draw and film.
    patients : (N,) str ndarray
    """
    of_films = draw_patients(patients).film_counts(np.arange(values.shape[1]))
    of_draws = draw_patients(np.arange(len(values)), seed=1).counts
    sums = np.einsum("bd,dn,bn->b", of_draws, values, of_films)
    means = sums / (len(values) * of_films.sum(axis=1))
    return Rate(float(values.mean()), *interval_of_draws(means), values.shape[1])


def _randomised(run: RunRecord, seed: int) -> Any:
    """Return the run's network as it is before any training, without starting weights."""
    import keras

    keras.utils.set_random_seed(seed)
    return build_classifier(run.architecture, run.input_px, 0.0, None)


def _maps(model: Any, layer: Any, inputs: FloatImage) -> FloatImage:
    """Return (N, h, w): what each place of a layer adds to the logit."""
    ((activations, gradients),) = split_log_odds(model, [layer], inputs, temperature=1.0)
    maps: FloatImage = (activations * gradients).sum(axis=-1)
    return maps


def _group(model: Any, stages: list[Any]) -> Iterator[tuple[str, list[int]]]:
    """Yield the places of the layers with weights, in words which, from the logit down."""
    ends = [model.layers.index(stage) + 1 for stage in reversed(stages)]
    head = _with_weights(model, ends[0], len(model.layers))
    yield "last layer" if len(head) == 1 else f"last {len(head)} layers", head
    for stage, start, end in zip(reversed(stages[:-1]), ends[1:], ends, strict=False):
        side = stage.output.shape[1]
        yield f"down to {side} x {side} maps", _with_weights(model, start, end)
    yield "all", _with_weights(model, 0, ends[-1])


def _with_weights(model: Any, start: int, end: int) -> list[int]:
    return [number for number in range(start, end) if model.layers[number].weights]


def make_check(
    run: RunRecord, data: Path, models: Path, progress: Progress | None = None
) -> SanityCheck:
    """Check a run on validation films drawn at random, and keep the record in its folder.

    Parameters
    ----------
    data : Path
        Folder that holds the films (`find_training_set`).
    models : Path
        Holds ``split.json`` and the lung segmenter.

    Raises
    ------
    DatasetError
        If films are missing, or the split was made from other films.
    ModelMissing, ModelIntegrity
        If the run's Keras weights are missing or are not those that were measured.
    """
    index = index_dataset(find_training_set(data))
    split, seed = read_split(models / "split.json", index), redrawn_with(run.folder)
    if seed is not None:
        split = redraw_split(split, seed)
    count = min(FILMS, len(split.validation))
    chosen = np.random.default_rng(0).choice(np.array(split.validation), count, replace=False)
    loaded = load_films(index, [str(film_id) for film_id in chosen])
    pixels = loaded.films
    if run.cropped_to_lungs:
        pixels = crop_films(pixels, find_boxes(pixels, open_segmenter(models)))
    patients = np.array([split.group[film_id] for film_id in loaded.film_ids])
    films = f"{count} validation films drawn at random, {int(loaded.labels.sum())} with pneumonia"
    check = check_maps(run, to_input(pixels, run.input_px), patients, films, progress)
    add_files(run.folder, {SANITY_FILE: check.to_json()})
    return check
