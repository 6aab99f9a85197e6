"""The acceptance test: some patients tune, the others are measured against the declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from core.acceptance.criteria import Declaration, Judged, Measure, judge_all
from core.acceptance.partition import choose_tuning
from core.acceptance.site_calibration import fit_site_calibration
from core.acceptance.site_threshold import choose_site_threshold
from core.comparison.curves import trace_curves
from core.domain.model import OperatingPoint, RunRecord
from core.domain.rate import Rate
from core.domain.site import ScoreBand, SiteCalibration
from core.errors import DatasetError
from core.evaluation.likelihood_ratio import CountedBand
from core.evaluation.metrics import (
    CalibrationBin,
    Evaluation,
    calibration_by_count,
    evaluate_predictions,
)
from core.evaluation.operating_point import measure_operating_point
from core.language.words import msg
from core.runs.predictions import Predictions
from core.runs.store import export_identity
from core.stats.by_patient import (
    Patients,
    are_repeated,
    design_effect,
    roc_auc_of_patients,
    share_by_patient,
)
from core.stats.intervals import Mask, McNemar, mcnemar, wilson_rate

SITE_TEST = "test"
"""What the measured part of a site's films is called."""
FEWEST_IN_GROUP = 20
"""Films of a subgroup with fewer are not told apart."""
CURVE_BINS = 8
SURE = 0.99
LOW = 0.10
MOST_SCORES = 2000
"""Patients whose scores are kept for the weekly check."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteFilms:
    """A site's labelled films as one run scores them.

    Attributes
    ----------
    scored : Predictions
        Films that passed the quality check, with the run's own probabilities.
    readers : mapping of str to (N,) int64 ndarray
        By reader: 1 for pneumonia, 0 for normal, -1 where they did not read the film.
    groups : mapping of str to (N,) str ndarray
        By what tells films apart (such as age or ward): the group of each; empty if not known.
    refused : mapping of str to int
        Films that the quality check refused, by the code of the worst finding.
    patients_stated : bool
        Whether it is known which films are of one patient.
    """

    scored: Predictions
    readers: Mapping[str, npt.NDArray[np.int64]]
    groups: Mapping[str, npt.NDArray[np.str_]]
    refused: Mapping[str, int]
    patients_stated: bool = True


@dataclass(frozen=True, slots=True)
class SubgroupRates:
    """Sensitivity and specificity of one group of the test films."""

    kind: str
    name: str
    n: int
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True, slots=True)
class ReaderRates:
    """One reader beside the run, on the test films that the reader read.

    Attributes
    ----------
    against : McNemar
        Films that only the run decides as the reference does, and only the reader.
    """

    reader: str
    n: int
    sensitivity: Rate
    specificity: Rate
    run_sensitivity: Rate
    run_specificity: Rate
    against: McNemar


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an acceptance test found.

    Attributes
    ----------
    export_sha256 : str
        Of the run; another export makes the result void.
    point : OperatingPoint
        The site's, on the site's probabilities, measured on the tuning films.
    own_threshold : float
        The site's threshold as the run's own probability.
    own, site : Evaluation
        Of the test films: by the run's calibration and operating point, and by the site's. Every
        interval keeps a patient's films together.
    bands : tuple of (float, float, CountedBand)
        From, to, and likelihood ratio of the test films, by band of the site's probability.
    roc : tuple of (float, float)
        Share of false alarms and sensitivity of the test films, at every threshold.
    own_curve, site_curve : tuple of CalibrationBin
        Of the test films, as many in each; by the run's probability and by the site's.
    ill_scores, well_scores : tuple of float
        The site's probabilities of films with pneumonia and without, ascending; one film of each
        patient, those that tuned too, of `MOST_SCORES` patients at most.
    """

    run_id: str
    export_sha256: str
    declaration: Declaration
    films: int
    patients: int
    tuning: int
    calibration: SiteCalibration
    point: OperatingPoint
    own_threshold: float
    own: Evaluation
    site: Evaluation
    bands: tuple[tuple[float, float, CountedBand], ...]
    subgroups: tuple[SubgroupRates, ...]
    readers: tuple[ReaderRates, ...]
    refused: Mapping[str, int]
    judged: tuple[Judged, ...]
    roc: tuple[tuple[float, float], ...]
    own_curve: tuple[CalibrationBin, ...]
    site_curve: tuple[CalibrationBin, ...]
    patients_stated: bool
    ill_scores: tuple[float, ...]
    well_scores: tuple[float, ...]

    @property
    def go(self) -> bool:
        """Whether every criterion is met."""
        return all(one.met for one in self.judged)

    @property
    def by_patient(self) -> bool:
        """Whether several test films are of one patient, which the intervals allow for."""
        return self.site.n_patients < self.site.n

    @property
    def score_bands(self) -> tuple[ScoreBand, ...]:
        """The bands as a setting keeps them."""
        return tuple(
            ScoreBand(
                *(low, high, band.ill, band.all_ill, band.well, band.all_well),
                *(band.ill_effect, band.well_effect),
            )
            for low, high, band in self.bands
        )


def accept(films: SiteFilms, run: RunRecord, declaration: Declaration) -> Acceptance:
    """Tune on some of a site's patients and measure the run on the others.

    Raises
    ------
    DatasetError
        If the films are too few, or one part lacks films with pneumonia or without.
    """
    if not declaration.criteria:
        raise DatasetError(msg("State at least one criterion before the films are measured."))
    scored = films.scored
    rng = np.random.default_rng(declaration.seed)
    tuning = choose_tuning(scored.films.patient, declaration.tuning_films, rng)
    for part in (tuning, ~tuning):
        _require_both(scored.films.label[part])
    tuned, test = scored.where(tuning), scored.where(~tuning)
    labels = tuned.films.label
    calibration = fit_site_calibration(tuned.probability, labels, tuned.films.patient)
    own_threshold = choose_site_threshold(
        tuned.probability, labels, declaration.sensitivity, run.operating_point.threshold
    )
    (threshold,) = calibration.apply(np.array([own_threshold])).tolist()
    point = measure_operating_point(
        calibration.apply(tuned.probability), labels, threshold, "tuning"
    )
    own = _evaluate(test, test.probability, run.operating_point.threshold)
    site = _evaluate(test, calibration.apply(test.probability), threshold)
    called, patients = test.probability >= own_threshold, test.films.patient
    readers = {name: said[~tuning] for name, said in films.readers.items()}
    groups = {kind: names[~tuning] for kind, names in films.groups.items()}
    ill_scores, well_scores = _one_of_each_patient(scored, calibration, rng)
    return Acceptance(
        run_id=run.run_id,
        export_sha256=export_identity(run),
        declaration=declaration,
        films=len(scored),
        patients=len(np.unique(scored.films.patient)),
        tuning=int(tuning.sum()),
        calibration=calibration,
        point=point,
        own_threshold=own_threshold,
        own=own,
        site=site,
        bands=count_bands(
            calibration.apply(test.probability), test.films.label, patients, threshold
        ),
        subgroups=tuple(_subgroups(groups, called, test.films.label, patients)),
        readers=tuple(_readers(readers, called, test.films.label, patients)),
        refused=films.refused,
        judged=judge_all(declaration.criteria, _measured(site, films.refused, len(scored))),
        roc=_roc(test),
        own_curve=calibration_by_count(test.probability, test.films.label, CURVE_BINS, patients),
        site_curve=calibration_by_count(
            calibration.apply(test.probability), test.films.label, CURVE_BINS, patients
        ),
        patients_stated=films.patients_stated,
        ill_scores=ill_scores,
        well_scores=well_scores,
    )


def _one_of_each_patient(
    scored: Predictions, calibration: SiteCalibration, rng: np.random.Generator
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    _, first = np.unique(scored.films.patient, return_index=True)
    drawn = scored.where(rng.permutation(first)[:MOST_SCORES])
    scores, ill = calibration.apply(drawn.probability), drawn.films.label == 1
    with_it, without = (tuple(np.sort(scores[one]).round(6).tolist()) for one in (ill, ~ill))
    return with_it, without


def _roc(test: Predictions) -> tuple[tuple[float, float], ...]:
    curve = trace_curves(test.probability, test.films.label)
    points = zip(curve.false_alarm_rate.tolist(), curve.sensitivity.tolist(), strict=True)
    return ((0.0, 0.0), *points)


def _require_both(labels: npt.NDArray[np.int64]) -> None:
    ill, n = int(labels.sum()), len(labels)
    if min(ill, n - ill) < 2:
        raise DatasetError(
            msg(
                "Both parts need two films with pneumonia and two without; one has {ill} with and "
                "{well} without. Add films, or choose other sizes.",
                ill=ill,
                well=n - ill,
            )
        )


def _evaluate(
    test: Predictions, probabilities: npt.NDArray[np.float64], threshold: float
) -> Evaluation:
    labels, patients = test.films.label, test.films.patient
    found = evaluate_predictions(probabilities, labels, threshold, SITE_TEST, patients)
    if not are_repeated(patients):
        return found
    called, ill = probabilities >= threshold, labels == 1
    shares = {
        "sensitivity": (called, ill),
        "specificity": (~called, ~ill),
        "ppv": (ill, called),
        "npv": (~ill, ~called),
        "accuracy": (called == ill, np.ones_like(ill)),
    }
    rates = {name: share_by_patient(*both, patients) for name, both in shares.items()}
    rates["roc_auc"] = roc_auc_of_patients(probabilities, labels, patients)
    return replace(found, rates=found.rates | rates)


def _measured(site: Evaluation, refused: Mapping[str, int], passed: int) -> dict[Measure, Rate]:
    gone = sum(refused.values())
    return {
        Measure.SENSITIVITY: site.rates["sensitivity"],
        Measure.SPECIFICITY: site.rates["specificity"],
        Measure.ROC_AUC: site.rates["roc_auc"],
        Measure.CALIBRATION: site.rates["expected_calibration_error"],
        Measure.REFUSED: wilson_rate(gone, gone + passed),
    }


def count_bands(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    patients: Patients,
    threshold: float,
) -> tuple[tuple[float, float, CountedBand], ...]:
    """Return from, to and likelihood ratio of bands of the probability; empty ones are left out."""
    ends = sorted({0.0, LOW, threshold, SURE, 1.0})
    sick = labels == 1
    all_ill = int(sick.sum())
    found = []
    for low, high in pairwise(ends):
        inside = (probabilities >= low) & ((probabilities < high) | (high == 1.0))
        ill, n = int(labels[inside].sum()), int(inside.sum())
        if n:
            counted = CountedBand(
                *(SITE_TEST, low, high, ill, all_ill, n - ill, len(labels) - all_ill),
                ill_effect=design_effect(inside[sick], patients[sick]),
                well_effect=design_effect(inside[~sick], patients[~sick]),
            )
            found.append((low, high, counted))
    return tuple(found)


def _subgroups(
    groups: Mapping[str, npt.NDArray[np.str_]],
    called: Mask,
    labels: npt.NDArray[np.int64],
    patients: Patients,
) -> Sequence[SubgroupRates]:
    return [
        SubgroupRates(
            *(kind, name, int(inside.sum())),
            *_rates(called[inside], labels[inside], patients[inside]),
        )
        for kind, names in groups.items()
        for name in sorted(set(names.tolist()) - {""})
        if (inside := names == name).sum() >= FEWEST_IN_GROUP
    ]


def _rates(called: Mask, labels: npt.NDArray[np.int64], patients: Patients) -> tuple[Rate, Rate]:
    ill = labels == 1
    return share_by_patient(called, ill, patients), share_by_patient(~called, ~ill, patients)


def _readers(
    readers: Mapping[str, npt.NDArray[np.int64]],
    called: Mask,
    labels: npt.NDArray[np.int64],
    patients: Patients,
) -> Sequence[ReaderRates]:
    found = []
    for name, said in readers.items():
        read = said >= 0
        if not read.any():
            continue
        theirs, ours, right = said[read] == 1, called[read], labels[read] == 1
        against = mcnemar(ours == right, theirs == right)
        found.append(
            ReaderRates(
                name,
                int(read.sum()),
                *_rates(theirs, labels[read], patients[read]),
                *_rates(ours, labels[read], patients[read]),
                against,
            )
        )
    return found
