"""Training of the network in models/healthy: a film as it would be without a lesion.

It learns from pairs. A drawn lesion is laid on a real normal training film, and the network gives
the film back; or a child is drawn with a lesion and without it. A fifth of the films have no lesion
and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import FilmBox, Geometry
from core.files import sha256_of
from core.imaging.preprocessing import crop_film, crop_map, resize_film, standardise_film
from core.inference.litert import LiteRTNetwork
from core.phantom.builtin import DRAWING_VERSION
from core.phantom.paste import DrawnLesion, draw_lesion, mirror_lesion, paste_lesion
from core.phantom.settings import FINDINGS, draw_settings
from core.runs.store import EXPORT_FILE, write_record
from core.training.export import export_litert, now, versions
from core.training.films import FilmSet, find_training_set
from core.training.lung_crop import LUNGS_RUN, open_segmenter, segment_all
from core.training.networks.architectures import build_healthy_net
from core.training.train_run import new_run_folder
from core.training.training_data import Report, load_training_data

HEALTHY_RUN = "healthy"
NORMAL = 0
MARGIN = 0.06
"""Around the drawn lungs, as the pipeline leaves around real ones."""


@dataclass(frozen=True, slots=True)
class HealthySettings:
    """Everything that decides the network's weights, with the data's hash.

    Attributes
    ----------
    input_px : int
        Side of the square input: the box around the lungs, as the served run sees it.
    lesions, held_out : int
        Drawn lesions to learn from, and others to measure with.
    without, drawn : float
        Share of pairs without a lesion, and of pairs that are drawn altogether.
    strength, size : (float, float)
        Between which a lesion's strength and size are drawn, 1 as it is.
    """

    input_px: int = 144
    lesions: int = 800
    held_out: int = 80
    first_seed: int = 50_000
    seed: int = 17
    steps: int = 2400
    batch: int = 16
    learning_rate: float = 2e-3
    without: float = 0.2
    drawn: float = 0.2
    strength: tuple[float, float] = (0.6, 1.4)
    size: tuple[float, float] = (0.9, 1.1)


@dataclass(frozen=True, slots=True, eq=False)
class NormalFilms:
    """Normal films as the network takes them.

    Attributes
    ----------
    films, lungs : (N, px, px) float32 ndarrays in [0, 1]
    """

    films: FloatImage
    lungs: FloatImage


def take_normals(films: FilmSet, input_px: int, segmenter: LiteRTNetwork) -> NormalFilms:
    """Cut the normal films of a set to the box around their lungs."""
    normal = films.films[films.labels == NORMAL]
    fields = segment_all(normal, segmenter)
    cut: list[FloatImage] = []
    lungs: list[FloatImage] = []
    for film, field in zip(normal, fields, strict=True):
        height, width = film.shape
        box = field.box(height, width)
        if box is not None:
            cut.append(_cut(film.astype(np.float32) / np.float32(255), box, input_px))
            lungs.append(crop_map(field.mask, Geometry(height, width, input_px, box)))
    return NormalFilms(np.stack(cut), np.stack(lungs))


def _cut(film: FloatImage, box: FilmBox, px: int) -> FloatImage:
    return resize_film(crop_film(film, box, *film.shape), px, px)


def draw_lesions(count: int, first_seed: int, report: Report) -> list[DrawnLesion]:
    """Draw lesions of all four kinds in turn, a child each."""
    kinds = FINDINGS[1:]
    lesions = []
    for number in range(count):
        if number % 100 == 0:
            report(f"{number} of {count} lesions drawn")
        kind = kinds[number % len(kinds)]
        lesions.append(draw_lesion(draw_settings(first_seed + number, kind)))
    return lesions


Pair = tuple[FloatImage, FloatImage, FloatImage]


def make_pairs(
    normals: NormalFilms, lesions: list[DrawnLesion], settings: HealthySettings, seed: int
) -> Iterator[Pair]:
    """Return without end a film with a lesion, without it, and its lungs, each (px, px)."""
    rng = np.random.default_rng(seed)
    while True:
        lesion = lesions[rng.integers(len(lesions))]
        if rng.random() < settings.drawn:
            pair = _drawn_pair(lesion, settings.input_px)
        else:
            place = rng.integers(len(normals.films))
            film, lungs = normals.films[place], normals.lungs[place]
            pair = _pasted_pair(film, lungs, lesion, settings, rng)
        yield _other_exposure(pair, rng)


def _pasted_pair(
    film: FloatImage,
    lungs: FloatImage,
    lesion: DrawnLesion,
    settings: HealthySettings,
    rng: np.random.Generator,
) -> Pair:
    if rng.random() < 0.5:
        film, lungs = film[:, ::-1], lungs[:, ::-1]
    if rng.random() < settings.without:
        return film, film, lungs
    if rng.random() < 0.5:
        lesion = mirror_lesion(lesion)
    strength, size = rng.uniform(*settings.strength), rng.uniform(*settings.size)
    pasted = paste_lesion(film, lungs, lesion, strength=strength, size=size)
    return (film if pasted is None else pasted.pixels), film, lungs


def _drawn_pair(lesion: DrawnLesion, px: int) -> Pair:
    height, width = lesion.well.shape
    box = box_around(lesion.lungs)
    ill = standardise_film(np.clip(lesion.well + lesion.change, 0.0, 1.0))
    well = standardise_film(lesion.well)
    lungs = crop_map(lesion.lungs.astype(np.float32), Geometry(height, width, px, box))
    cut = [resize_film(crop_film(each, box, height, width), px, px) for each in (ill, well)]
    return cut[0], cut[1], lungs


def box_around(lungs: npt.NDArray[np.bool_]) -> FilmBox:
    """Return the box of a synthetic film that its run would see: the lungs with a margin."""
    edges = []
    for axis in (0, 1):
        filled = np.flatnonzero(lungs.any(axis=1 - axis))
        margin = MARGIN * (filled[-1] - filled[0])
        edges.append((filled[0] - margin, filled[-1] + 1 + margin))
    (top, bottom), (left, right) = edges
    height, width = lungs.shape
    return FilmBox(
        max(0, int(top)), max(0, int(left)), min(height, int(bottom)), min(width, int(right))
    )


def _other_exposure(pair: Pair, rng: np.random.Generator) -> Pair:
    gamma, brighter = np.exp(rng.normal(0.0, 0.15)), rng.normal(0.0, 0.04)
    film, healthy = (
        np.clip(np.clip(each, 0.0, 1.0) ** gamma + brighter, 0.0, 1.0).astype(np.float32)
        for each in pair[:2]
    )
    return film, healthy, np.ascontiguousarray(pair[2], np.float32)


def train_healthy_net(
    normals: NormalFilms, lesions: list[DrawnLesion], settings: HealthySettings, report: Report
) -> Any:
    """Train on pairs that are made as they are needed."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    model, px = build_healthy_net(settings.input_px), settings.input_px

    def pairs() -> Iterator[tuple[FloatImage, FloatImage]]:
        for film, healthy, lungs in make_pairs(normals, lesions, settings, settings.seed):
            yield film[..., np.newaxis], np.stack([healthy, lungs], -1)

    def squared_error(wanted: Any, found: Any) -> Any:
        healthy, lungs = wanted[..., :1], wanted[..., 1:]
        return 100 * tf.reduce_mean((0.1 + lungs) * tf.square(found - healthy))

    shapes = (tf.TensorSpec((px, px, 1)), tf.TensorSpec((px, px, 2)))
    films = tf.data.Dataset.from_generator(pairs, output_signature=shapes)
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.steps)
    model.compile(keras.optimizers.AdamW(rate), loss={"healthy": squared_error})
    for part in range(8):
        done = model.fit(
            films.batch(settings.batch).prefetch(4),
            steps_per_epoch=max(1, settings.steps // 8),
            shuffle=False,
            verbose=0,
        )
        report(f"{part + 1} of 8 parts: loss {done.history['loss'][0]:.4f}")
    return model


def measure_healthy_net(
    network: LiteRTNetwork,
    normals: NormalFilms,
    lesions: list[DrawnLesion],
    settings: HealthySettings,
) -> dict[str, float | int]:
    """Return how much of a lesion the network takes away, and what it changes without one.

    Returns
    -------
    dict
        ``n`` films of each kind; ``left``, the squared change that is left as a share of what the
        lesion had made, on the lungs; ``changed``, the mean change in grey of films without one.
    """
    made = left = changed = 0.0
    pasted_settings = replace(settings, without=0.0, drawn=0.0)
    pairs = make_pairs(normals, lesions, pasted_settings, settings.seed + 1)
    count = len(lesions)
    for _, (film, healthy, lungs) in zip(range(count), pairs, strict=False):
        found, same = (_draw(network, each) for each in (film, healthy))
        made += float((lungs * (film - healthy) ** 2).sum())
        left += float((lungs * (found - healthy) ** 2).sum())
        changed += float((lungs * np.abs(same - healthy)).sum() / max(1.0, lungs.sum()))
    return {"n": count, "left": left / made, "changed": changed / count}


def _draw(network: LiteRTNetwork, film: FloatImage) -> FloatImage:
    return np.asarray(network.run(film[np.newaxis, ..., np.newaxis])["healthy"][0, ..., 0])


def make_healthy(data: Path, models: Path, report: Report) -> Path:
    """Train the network from start to its folder.

    Raises
    ------
    DatasetError
        If the run exists, or films are missing.
    """
    folder, settings = new_run_folder(models, HEALTHY_RUN), HealthySettings()
    films = load_training_data(find_training_set(data), models / "split.json", report)
    segmenter = open_segmenter(models)
    normals = take_normals(films.train, settings.input_px, segmenter)
    lesions = draw_lesions(settings.lesions, settings.first_seed, report)
    model = train_healthy_net(normals, lesions, settings, report)
    report("exporting to LiteRT")
    export_litert(model, folder / EXPORT_FILE)
    network = LiteRTNetwork((folder / EXPORT_FILE).read_bytes(), threads=2)
    others = draw_lesions(settings.held_out, settings.first_seed + settings.lesions, report)
    validation = take_normals(films.validation, settings.input_px, segmenter)
    record = {
        "run_id": HEALTHY_RUN,
        "sentence": "Draws the lungs of a film as they would be without a lesion.",
        "created": now(),
        "input_px": settings.input_px,
        "trained_on": {"normal films": len(normals.films), "drawn lesions": len(lesions)},
        "metrics": {
            "validation": measure_healthy_net(network, validation, others, settings),
        },
        "settings": asdict(settings),
        "data": {
            "index_sha256": films.index.sha256,
            "split_sha256": films.split_sha256,
            "segmenter_sha256": sha256_of(models / LUNGS_RUN / EXPORT_FILE),
            "drawing": DRAWING_VERSION,
        },
        "versions": versions(),
    }
    write_record(folder, record)
    return folder.rename(models / HEALTHY_RUN)
