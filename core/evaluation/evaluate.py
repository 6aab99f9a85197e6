"""From a run's predictions to its metrics on every part of the data, and by image quality."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.evaluation.metrics import Evaluation, confusion_at, evaluate_predictions, rates_of
from core.language.words import msg
from core.runs.predictions import FilmTable, Predictions
from core.runs.tertiles import CutPoints, Third, cut_thirds, place_in_thirds
from core.stats.intervals import Mask


@dataclass(frozen=True, slots=True)
class Part:
    """Films that are evaluated together, and what they are called."""

    name: str
    choose: Callable[[FilmTable], Mask]


def _test_with(subtype: str) -> Callable[[FilmTable], Mask]:
    def choose(films: FilmTable) -> Mask:
        chosen: Mask = (films.split == "test") & ((films.subtype == subtype) | (films.label == 0))
        return chosen

    return choose


SITE = "site"
"""Films that a site scored itself, with its own labels."""

PARTS = {
    "validation": Part(msg("validation patients"), lambda films: films.split == "validation"),
    "test": Part(msg("official test split"), lambda films: films.split == "test"),
    "test_new_patients": Part(
        msg("official test split, patients not in training or validation"),
        lambda films: (films.split == "test") & ~films.patient_in_train,
    ),
    "test_bacterial": Part(
        msg("official test split, bacterial pneumonia and all normals"), _test_with("bacteria")
    ),
    "test_viral": Part(
        msg("official test split, viral pneumonia and all normals"), _test_with("virus")
    ),
    "nih": Part(
        msg("external adults (NIH), out of population"), lambda films: films.split == "nih"
    ),
}
SITE_PARTS = {
    SITE: Part(msg("films of a site, scored as an archive"), lambda films: films.split == SITE)
}

SLICED_BY: dict[str, Callable[[FilmTable], npt.NDArray[np.float64]]] = {
    "contrast": lambda films: films.contrast,
    "median_grey": lambda films: films.median_grey,
    "sharpness": lambda films: films.sharpness,
    "short_side_px": lambda films: films.short_side_px,
}
SLICED_PARTS = ("validation", "test")


@dataclass(frozen=True, slots=True)
class Slice:
    """Films of one third of the training films' range of a quality: [low, high), None is open."""

    low: float | None
    high: float | None
    n: int
    n_positive: int
    sensitivity: Rate
    specificity: Rate


def evaluate_parts(
    predictions: Predictions, threshold: float, validation: str = PARTS["validation"].name
) -> dict[str, Evaluation]:
    """Measure a run on every part that has films.

    Parameters
    ----------
    validation : str
        What the validation films are, where a run drew its own.

    Returns
    -------
    dict of str to Evaluation
        A key of `PARTS` or `SITE_PARTS` to its metrics; intervals keep a patient's films together.

    Raises
    ------
    DatasetError
        If a part has films, but fewer than two of a class.
    """
    measured = {}
    for key, part in (PARTS | SITE_PARTS).items():
        chosen = predictions.where(part.choose(predictions.films))
        if len(chosen):
            name = validation if key == "validation" else part.name
            measured[key] = evaluate_predictions(
                chosen.probability, chosen.films.label, threshold, name, chosen.films.patient
            )
    return measured


def find_cut_points(films: FilmTable) -> dict[str, tuple[float, float]]:
    """Return the tertiles of each image quality; a quality that no film states is left out.

    Parameters
    ----------
    films : FilmTable
        The training films: neither validation nor test has a part in where the cuts are.
    """
    return cut_thirds(films, SLICED_BY)


def evaluate_slices(
    predictions: Predictions, threshold: float, cut_points: CutPoints
) -> dict[str, dict[str, tuple[Slice, ...]]]:
    """Measure sensitivity and specificity by thirds of each image quality.

    Parameters
    ----------
    cut_points : mapping
        From `find_cut_points`. A film whose quality is not known is in no slice.

    Returns
    -------
    dict
        Key of `SLICED_PARTS`, then of ``cut_points``, to the low, the middle and the high third.
    """
    sliced = {}
    for key in SLICED_PARTS:
        part = predictions.where(PARTS[key].choose(predictions.films))
        sliced[key] = {
            quality: _slices(part, threshold, quality, cuts) for quality, cuts in cut_points.items()
        }
    return sliced


def _slices(
    part: Predictions, threshold: float, quality: str, cuts: tuple[float, float]
) -> tuple[Slice, ...]:
    third = place_in_thirds(SLICED_BY[quality](part.films), cuts)
    edges = [None, *cuts, None]
    slices = []
    for number in range(len(Third)):
        films = part.where(third == number)
        matrix = confusion_at(films.probability, films.films.label, threshold)
        rates = rates_of(matrix)
        slices.append(
            Slice(
                low=edges[number],
                high=edges[number + 1],
                n=matrix.n,
                n_positive=int(films.films.label.sum()),
                sensitivity=rates["sensitivity"],
                specificity=rates["specificity"],
            )
        )
    return tuple(slices)


def measure_part(
    predictions: Predictions, threshold: float, name: str, *, by_patient: bool = False
) -> dict[str, Any]:
    """Return the metrics of films that stand for themselves, as a record states those of a part.

    Parameters
    ----------
    predictions : Predictions
    by_patient : bool
        Whether intervals keep a patient's films together; else each film is of another patient.

    Raises
    ------
    DatasetError
        If the films are fewer than two of a class.
    """
    label = predictions.films.label
    patients = predictions.films.patient if by_patient else None
    measured = evaluate_predictions(predictions.probability, label, threshold, name, patients)
    plain: dict[str, Any] = _plain(asdict(measured))
    return plain


def measure_run(
    predictions: Predictions,
    threshold: float,
    cut_points: CutPoints,
    validation: str = PARTS["validation"].name,
) -> dict[str, Any]:
    """Return all that a run's record states of its predictions.

    Parameters
    ----------
    cut_points : mapping
        From `find_cut_points`.
    validation : str
        What the validation films are, where a run drew its own.

    Returns
    -------
    dict
        ``metrics`` by part and ``slices`` (``cut_points``, and an entry a part), as plain values
        that JSON holds; a rate of no films is None.

    Raises
    ------
    DatasetError
        If a part has films, but fewer than two of a class.
    """
    evaluated = evaluate_parts(predictions, threshold, validation)
    parts = {key: asdict(part) for key, part in evaluated.items()}
    slices = {
        key: {name: [asdict(third) for third in thirds] for name, thirds in by_quality.items()}
        for key, by_quality in evaluate_slices(predictions, threshold, cut_points).items()
    }
    cuts = {quality: list(pair) for quality, pair in cut_points.items()}
    plain: dict[str, Any] = _plain({"metrics": parts, "slices": {"cut_points": cuts, **slices}})
    return plain


def _plain(value: Any) -> Any:
    """Return a value as it comes back from JSON, with None for nan, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return str(value)  # a Message is its English text there
    return None if isinstance(value, float) and math.isnan(value) else value
