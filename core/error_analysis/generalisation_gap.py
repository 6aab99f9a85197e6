"""Why a run does worse on the official test than on validation: each suspected cause by itself.

A cause that lies in which films there are (exposure, sharpness, size) is looked for by weighting
the validation films so that their thirds are as frequent as those of the test films of the same
class: if validation then scores as the test does, the mixture explains the drop. Patients who occur
on both sides are taken out of the test, and films are cropped alike in the shortcut audit. Ill
films that most other runs call normal, be they hard or labelled wrongly, are left out when the
operating point is chosen. How much lies in the point alone is seen where the test's own sensitivity
is made that of validation; the interval takes that point as given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.model import RunRecord
from core.domain.rate import Rate, interval_text
from core.evaluation.evaluate import PARTS, SLICED_BY
from core.evaluation.metrics import confusion_at, rates_of
from core.evaluation.operating_point import choose_operating_point
from core.runs.listing import list_readable_runs
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import read_record
from core.runs.tertiles import UNKNOWN, place_in_thirds
from core.shortcuts.record import read_audit
from core.stats.bootstrap import draw_patients, interval_of_draws, ratio_of_draws
from core.stats.intervals import Mask
from core.tables import markdown_table

Weights = npt.NDArray[np.float64]
WORDS = {
    "contrast": "contrast",
    "median_grey": "exposure (median grey)",
    "sharpness": "sharpness",
    "short_side_px": "size of the original",
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """One row: what was done to which films, and what the run then makes of them.

    ``n`` of each rate counts films of the class, as they are and not as they are weighted.
    """

    what: str
    films: str
    sensitivity: Rate
    specificity: Rate


def causes_of(run: RunRecord) -> list[Suspect]:
    """Return why a run does worse on the official test than on validation, cause by cause."""
    audit = read_audit(run)
    alike = {
        part: (line.sensitivity, line.specificity)
        for part, audited in (audit.parts if audit else {}).items()
        for line in audited.changes
        if line.key == "cropped_alike"
    }
    cuts = read_record(run.folder)["slices"]["cut_points"]
    trained = [one.record for one in list_readable_runs(run.folder.parent)[0] if not one.exhibit]
    others = {
        one.run_id: (read_predictions(one), one.operating_point.threshold)
        for one in trained
        if not (one.foreign or one.members or one.run_id == run.run_id)
    }
    threshold = run.operating_point.threshold
    return suspect_causes(read_predictions(run), threshold, cuts, alike, find_doubted(others))


def suspect_causes(
    predictions: Predictions,
    threshold: float,
    cut_points: Mapping[str, Sequence[float]],
    cropped_alike: Mapping[str, tuple[Rate, Rate]],
    doubted: Collection[str] = (),
) -> list[Suspect]:
    """Return the rates as they are, and after each suspected cause is taken away.

    Parameters
    ----------
    predictions : Predictions
        With validation and official test films.
    cut_points : mapping
        Tertiles of the training films, from `core.evaluation.evaluate.find_cut_points`.
    cropped_alike : mapping
        ``validation`` and ``test`` to sensitivity and specificity on films cropped alike, from the
        run's shortcut audit.
    doubted : collection of str
        Ill films that other runs call normal; see `find_doubted`.
    """
    validation, test = (
        predictions.where(PARTS[part].choose(predictions.films)) for part in ("validation", "test")
    )
    rows = [
        _as_they_are("none: films as they are", "validation", validation, threshold),
        _as_they_are("none: films as they are", "official test", test, threshold),
    ]
    for quality, cuts in cut_points.items():
        rows.append(_weighted(quality, cuts, validation, test, threshold))
    for part, name in (("validation", "validation"), ("test", "official test")):
        if part in cropped_alike:
            rows.append(Suspect("crop: all films cropped alike", name, *cropped_alike[part]))
    fresh = test.where(~test.films.patient_in_train)
    what = "patients: without those whose number also occurs outside the test"
    rows.append(_as_they_are(what, "official test", fresh, threshold))
    if np.isin(validation.films.film_id, list(doubted)).any():
        rows.append(_without_doubted(validation, test, threshold, doubted))
    point = _point_of(test, _sensitivity_at(validation, threshold))
    what = "operating point: set to validation's sensitivity with the test's labels"
    return [*rows, _as_they_are(what, "official test", test, point)]


def find_doubted(others: Mapping[str, tuple[Predictions, float]]) -> frozenset[str]:
    """Return the ill films that more than half of the runs call normal.

    Parameters
    ----------
    others : mapping of str to (Predictions, float)
        What runs say of the films, and their operating points. None may have learned from them.
    """
    normal: dict[str, list[bool]] = {}
    for predictions, threshold in others.values():
        ill = predictions.films.label == 1
        called = predictions.probability[ill] < threshold
        for film_id, is_normal in zip(predictions.films.film_id[ill], called, strict=True):
            normal.setdefault(film_id, []).append(bool(is_normal))
    return frozenset(
        film_id for film_id, predictions in normal.items() if np.mean(predictions) > 0.5
    )


def _without_doubted(
    validation: Predictions, test: Predictions, threshold: float, doubted: Collection[str]
) -> Suspect:
    in_doubt = np.isin(validation.films.film_id, list(doubted))
    kept = validation.where(~in_doubt)
    point = _point_of(kept, _sensitivity_at(validation, threshold))
    what = (
        f"hard films: point chosen without {in_doubt.sum()} pneumonias that most other runs call "
        "normal"
    )
    return _as_they_are(what, "official test", test, point)


def _sensitivity_at(part: Predictions, threshold: float) -> float:
    ill = part.films.label == 1
    return float((part.probability[ill] >= threshold).mean())


def _point_of(part: Predictions, sensitivity: float) -> float:
    return choose_operating_point(part.probability, part.films.label, sensitivity, "").threshold


def _as_they_are(what: str, films: str, part: Predictions, threshold: float) -> Suspect:
    rates = rates_of(confusion_at(part.probability, part.films.label, threshold))
    return Suspect(what, films, rates["sensitivity"], rates["specificity"])


def _weighted(
    quality: str,
    cuts: Sequence[float],
    validation: Predictions,
    test: Predictions,
    threshold: float,
) -> Suspect:
    measure = SLICED_BY[quality]
    thirds = [place_in_thirds(measure(part.films), cuts) for part in (validation, test)]
    ill = [part.films.label == 1 for part in (validation, test)]
    called = validation.probability >= threshold
    rates = []
    for right, is_class in ((called, True), (~called, False)):
        chosen = [label == is_class for label in ill]
        weights = _frequencies(thirds[1][chosen[1]], thirds[0], chosen[0])
        rates.append(_weighted_rate(right, weights, validation, int(chosen[0].sum())))
    return Suspect(f"{WORDS[quality]}: mixed as in the test", "validation", *rates)


def _frequencies(wanted: npt.NDArray[np.int64], third: npt.NDArray[np.int64], of: Mask) -> Weights:
    """Return weights of films so that their thirds are as frequent as wanted; 0 outside ``of``.

    Films whose quality is not known are a kind of their own.
    """
    kinds = UNKNOWN + 1
    share = np.bincount(wanted, minlength=kinds) / max(len(wanted), 1)
    own = np.bincount(third[of], minlength=kinds)
    ratio = np.divide(share, own, out=np.zeros(kinds), where=own > 0)
    return np.where(of, ratio[third], 0.0)


def _weighted_rate(right: Mask, weights: Weights, part: Predictions, n: int) -> Rate:
    """Return a weighted share with an interval of drawing patients; nan if no film has weight."""
    total = float(weights.sum())
    value = float(weights[right].sum() / total) if total else float("nan")
    drawn = draw_patients(part.films.patient).totals(weights * right, weights)
    return Rate(value, *interval_of_draws(ratio_of_draws(*drawn)), n)


def tabulate_causes(rows: Sequence[Suspect]) -> str:
    """Return the rows as a Markdown table."""
    head = ["Cause removed", "Films", "Sensitivity", "n ill", "Specificity", "n normal"]
    lines = [
        [row.what, row.films, *_text(row.sensitivity), *_text(row.specificity)] for row in rows
    ]
    return markdown_table(head, lines)


def _text(rate: Rate) -> tuple[str, str]:
    return interval_text(rate), str(rate.n)
