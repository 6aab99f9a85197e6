"""From films and masks to the lung segmenter in models/lungs, with the quality gate's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.covariance import LedoitWolf

from core.datasets.index import DatasetIndex
from core.domain.arrays import FloatImage, read_only
from core.gate.lungs import FeatureReference, LungField, feature_distance
from core.gate.quality import GateLimits, Tone, measure_tone
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import resize_film
from core.inference.litert import LiteRTNetwork
from core.runs.store import EXPORT_FILE, write_record
from core.stats.bootstrap import mean_rate
from core.training.export import export_litert, now, versions
from core.training.films import STORED_PX, FilmSet, find_training_set, load_lung_masks
from core.training.lung_crop import LUNGS_RUN, segment_all
from core.training.lung_segmenter import LungSettings, dice_scores, train_lung_net
from core.training.train_run import new_run_folder
from core.training.training_data import Report, TrainingData, load_training_data

REFERENCE_FILE = "reference.npz"

ACCEPTED_SHARE = 0.999
"""Share of validation films that lies inside each of the gate's limits."""

DISTANCE_MARGIN = 1.25
"""The distance limit stands this factor above that share, for films of other hospitals."""


def fit_reference(features: npt.NDArray[np.float32]) -> FeatureReference:
    """Fit the Gaussian of the training films' features, shrunk as by Ledoit and Wolf.

    Parameters
    ----------
    features : (N, F) float32 ndarray

    References
    ----------
    .. [1] O. Ledoit and M. Wolf, J. Multivariate Anal. 88 (2004) 365-411.
    """
    spread = np.maximum(features.std(axis=0), 1e-3)
    scaled = (features - features.mean(axis=0)) / spread
    precision = LedoitWolf().fit(scaled.astype(np.float64)).precision_
    root = np.linalg.cholesky(precision).T / spread
    return FeatureReference(
        read_only(features.mean(axis=0).astype(np.float32)), read_only(root.astype(np.float32))
    )


def at_mask_size(fields: Sequence[LungField]) -> FloatImage:
    """Return the (N, 224, 224) lung probabilities."""
    return np.stack([resize_film(field.mask, STORED_PX, STORED_PX) for field in fields])


def _tones(index: DatasetIndex, films: FilmSet) -> list[Tone]:
    by_id = {film.film_id: film for film in index.films}
    return [
        measure_tone(decode_radiograph(index.read_bytes(by_id[film_id])).pixels)
        for film_id in films.film_ids
    ]


def measure_limits(
    fields: Sequence[LungField], tones: Sequence[Tone], reference: FeatureReference
) -> GateLimits:
    """Derive the gate's limits from validation films alone."""
    tail = (1.0 - ACCEPTED_SHARE) / 2.0
    distances = [feature_distance(field.features, reference) for field in fields]

    def middle(values: list[float]) -> tuple[float, float]:
        low, high = np.quantile(values, [tail, 1.0 - tail])
        return float(low), float(high)

    low, high = middle([field.fraction for field in fields])
    return GateLimits(
        distance=float(np.quantile(distances, ACCEPTED_SHARE)) * DISTANCE_MARGIN,
        lung_fraction=(low * 0.6, min(0.95, high * 1.3)),
        median_grey=middle([tone.median for tone in tones]),
        clipped=float(np.quantile([tone.clipped for tone in tones], ACCEPTED_SHARE)),
    )


def _dice(fields: Sequence[LungField], data: Path, films: FilmSet) -> dict[str, Any]:
    masks, trusted = load_lung_masks(data, films.film_ids)
    scores = dice_scores(at_mask_size(fields)[trusted], masks[trusted])
    return {
        "dice": asdict(mean_rate(scores)),
        "dice_5th_percentile": float(np.quantile(scores, 0.05)),
    }


def finish_lungs(
    model: Any,
    films: TrainingData,
    settings: LungSettings,
    data: Path,
    models: Path,
    report: Report,
) -> Path:
    """Export the segmenter, fit the reference, measure limits and Dice, and write the run."""
    folder = new_run_folder(models, LUNGS_RUN)
    report("exporting to LiteRT")
    export_litert(model, folder / EXPORT_FILE)
    network = LiteRTNetwork((folder / EXPORT_FILE).read_bytes(), threads=2)
    report("measuring the training films' features")
    train = segment_all(films.train.films, network)
    reference = fit_reference(np.stack([field.features for field in train]))
    (folder / REFERENCE_FILE).write_bytes(reference.to_bytes())
    validation = segment_all(films.validation.films, network)
    limits = measure_limits(validation, _tones(films.index, films.validation), reference)
    report("measuring the official test split, once")
    test = segment_all(films.test.films, network)
    distances = np.array([feature_distance(field.features, reference) for field in test])
    record = {
        "run_id": LUNGS_RUN,
        "sentence": "Lung segmenter of the quality gate: MobileNet 0.25 encoder, U-Net decoder.",
        "created": now(),
        "input_px": settings.input_px,
        "limits": asdict(limits),
        "metrics": {
            "validation": _dice(validation, data, films.validation),
            "test": {
                **_dice(test, data, films.test),
                "beyond_distance_limit": int((distances > limits.distance).sum()),
                "n": len(test),
            },
        },
        "settings": asdict(settings),
        "data": {"index_sha256": films.index.sha256, "split_sha256": films.split_sha256},
        "versions": versions(),
    }
    write_record(folder, record)
    return folder.rename(models / LUNGS_RUN)


def make_lungs(data: Path, models: Path, report: Report) -> Path:
    """Train the lung segmenter from start to its folder.

    Raises
    ------
    DatasetError
        If the run exists, or films, masks or starting weights are missing.
    """
    new_run_folder(models, LUNGS_RUN)
    settings = LungSettings()
    films = load_training_data(find_training_set(data), models / "split.json", report)
    masks, trusted = load_lung_masks(data, films.train.film_ids)
    model = train_lung_net(films.train.films[trusted], masks[trusted], settings, data, report)
    return finish_lungs(model, films, settings, data, models, report)
