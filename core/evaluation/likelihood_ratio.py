"""How much commoner a score is among children with pneumonia than among those without.

The calibrated probability assumes the share of pneumonia of the validation films. Without that
share it is a likelihood ratio, which another ward can use. Its interval comes from refitting the
calibration on bootstrap samples of the validation patients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.domain.site import ScoreBand
from core.domain.ward import ScoreRatio, Side
from core.errors import DatasetError
from core.evaluation.evaluate import PARTS
from core.evaluation.operating_point import fit_temperature
from core.language.words import msg
from core.runs.artifacts import parse_record, read_artifact
from core.runs.listing import USUAL_PARTS
from core.runs.predictions import Predictions
from core.runs.store import export_identity
from core.stats.bayes import log_ratio_of
from core.stats.bootstrap import DRAWS, draw_patients

RATIOS_FILE = "likelihood_ratio.json"
POINTS = 25
DIGITS = 4
BANDS = (0.1, 1.0, 10.0)
"""Likelihood ratios between which films are counted, inside of what was measured."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountedBand:
    """Films whose score gives a likelihood ratio in one band.

    Attributes
    ----------
    films : str
        The part of the data, in words.
    low, high : float or None
        The band's ends, as ratios; None where it is open.
    ill, well : int
        Films with pneumonia and without in the band; ``all_ill`` and ``all_well`` in the part.
    ill_effect, well_effect : float
        How many films of either class say as much as one of another patient would, from
        `core.stats.by_patient.design_effect`; 1 takes films for independent.
    """

    films: str
    low: float | None
    high: float | None
    ill: int
    all_ill: int
    well: int
    all_well: int
    ill_effect: float = 1.0
    well_effect: float = 1.0

    @property
    def ratio(self) -> Rate:
        """The ratio by counting, with its 95 % interval by the log method.

        Half a film is added to each count, so that none is 0.
        """
        a, b = self.ill + 0.5, self.well + 0.5
        n, m = self.all_ill + 0.5, self.all_well + 0.5
        ratio = (a / n) / (b / m)
        of_ill, of_well = self.ill_effect * (1 / a - 1 / n), self.well_effect * (1 / b - 1 / m)
        spread = math.exp(1.96 * math.sqrt(of_ill + of_well))
        return Rate(ratio, ratio / spread, ratio * spread, self.ill + self.well)


@dataclass(frozen=True, slots=True)
class MeasuredRatios:
    """The interval of a run's likelihood ratios, along its log odds.

    Attributes
    ----------
    export_sha256 : str
        Of the run's export; another one makes the record void.
    films : str
        What it was measured on, in words.
    prevalence : float
        The share of pneumonia among these films, which the run's probabilities assume.
    log_odds : tuple of float
        Ascending, from the lowest of a film with pneumonia to the highest of one without: further
        out, films of one class alone were seen.
    low, high : tuple of float
        The 2.5th and 97.5th percentile of the log likelihood ratio at each of ``log_odds``.
    counted : tuple of CountedBand
        What counting films gives, on validation and official test.
    """

    run_id: str
    export_sha256: str
    films: str
    n: int
    n_positive: int
    n_patients: int
    prevalence: float
    draws: int
    log_odds: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    counted: tuple[CountedBand, ...]

    def to_json(self) -> bytes:
        """Return the record as it is kept."""
        return _RATIOS.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> MeasuredRatios:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not such a record.
        """
        what = msg("{file} is not a record of likelihood ratios", file=RATIOS_FILE)
        remedy = msg("Restore it, or run `python -m core likelihood-ratio`.")
        return parse_record(_RATIOS, content, what, remedy)


_RATIOS = TypeAdapter(MeasuredRatios)


def assumed_prevalence(run: RunRecord) -> float | None:
    """Return the share of pneumonia that a run's probabilities assume.

    It is that of the films that the run was calibrated and its operating point chosen on; None for
    imported predictions, whose calibration is not known here, and for films of one class.
    """
    point = run.operating_point
    return None if run.foreign or not 0 < point.n_positive < point.n else point.n_positive / point.n


def ratio_of_score(
    log_odds: float, run: RunRecord, measured: MeasuredRatios | None
) -> ScoreRatio | None:
    """Return the likelihood ratio of a film's score; None where a run's share is not known.

    Parameters
    ----------
    log_odds : float
        Of the run's calibrated probability.
    measured : MeasuredRatios or None
        From `read_ratios`; without it there is no interval, and no limit.
    """
    prevalence = assumed_prevalence(run)
    if prevalence is None:
        return None
    if measured is None:
        return ScoreRatio(log_ratio_of(log_odds, prevalence))
    least, most = measured.log_odds[0], measured.log_odds[-1]
    held = min(max(log_odds, least), most)
    value = log_ratio_of(held, prevalence)
    low, high = (
        float(np.interp(held, measured.log_odds, edge)) for edge in (measured.low, measured.high)
    )
    beyond: Side | None = "above" if log_odds > most else "below" if log_odds < least else None
    return ScoreRatio(value, min(low, value), max(high, value), beyond)


def ratio_of_band(band: ScoreBand) -> ScoreRatio:
    """Return the likelihood ratio of a band of a site's probability, by counting its test films."""
    counts = (band.ill, band.all_ill, band.well, band.all_well)
    effects = (band.ill_effect, band.well_effect)
    counted = CountedBand("test", band.low, band.high, *counts, *effects).ratio
    value, low, high = (math.log(one) for one in (counted.value, counted.low, counted.high))
    return ScoreRatio(value, low, high)


def read_ratios(run: RunRecord) -> MeasuredRatios | None:
    """Return the interval kept with a run; None if there is none.

    Raises
    ------
    ModelMissing
        If the file is missing.
    ModelIntegrity
        If it is not the stated file, cannot be read, or is of another export than the run has.
    """
    remedy = msg("run `python -m core likelihood-ratio {run}`", run=run.run_id)
    return read_artifact(run, RATIOS_FILE, MeasuredRatios.from_json, remedy)


def measure_ratios(
    run: RunRecord, predictions: Predictions, draws: int = DRAWS, points: int = POINTS
) -> MeasuredRatios:
    """Measure the interval of a run's likelihood ratios on its validation patients.

    Each draw takes patients with replacement, fits the calibration again, and takes away the log
    odds of pneumonia among the drawn films.

    Raises
    ------
    DatasetError
        If the calibration of the run is not known, or a draw has films of one class alone.
    """
    prevalence = assumed_prevalence(run)
    if prevalence is None:
        raise DatasetError(
            msg(
                "run {run} was not calibrated on films of both classes here: its "
                "scores have no likelihood ratio.",
                run=run.run_id,
            )
        )
    films, calibration = predictions.of_split("validation"), run.calibration
    ill, odds = films.films.label == 1, _log_odds_of(run, films)
    least, most = sorted((float(odds[ill].min()), float(odds[~ill].max())))
    grid = np.linspace(least, most, points)
    logits = (grid - calibration.offset) * calibration.temperature
    patients = draw_patients(films.films.patient, draws=draws)
    counts = patients.film_counts(np.arange(len(films))).astype(np.int64)
    refitted = np.stack([_refit(films, count, logits) for count in counts])
    low, high = np.percentile(refitted, [2.5, 97.5], axis=0)
    bands = [math.log(ratio) - log_ratio_of(0.0, prevalence) for ratio in BANDS]
    inside = [edge for edge in bands if least < edge < most]
    edges = np.array([least, *inside, np.nextafter(most, np.inf)])  # both ends are measured
    return MeasuredRatios(
        run_id=run.run_id,
        export_sha256=export_identity(run),
        films=run.operating_point.chosen_on,
        n=len(films),
        n_positive=int(ill.sum()),
        n_patients=patients.counts.shape[1],
        prevalence=prevalence,
        draws=draws,
        log_odds=_rounded(grid),
        low=_rounded(low),
        high=_rounded(high),
        counted=tuple(_count(run, predictions, edges, prevalence)),
    )


def _log_odds_of(run: RunRecord, films: Predictions) -> Floats:
    odds: Floats = films.logit / run.calibration.temperature + run.calibration.offset
    return odds


def _refit(films: Predictions, count: npt.NDArray[np.int64], logits: Floats) -> Floats:
    """Return the log likelihood ratios at some logits by the films of one draw."""
    drawn = np.repeat(np.arange(len(films)), count)
    label = films.films.label[drawn]
    fitted = fit_temperature(films.logit[drawn], label)
    odds: Floats = logits / fitted.temperature + fitted.offset
    return odds + log_ratio_of(0.0, float(label.mean()))


def _count(
    run: RunRecord, predictions: Predictions, edges: Floats, prevalence: float
) -> Iterator[CountedBand]:
    """Count the films of each part between log odds."""
    limits = [
        None,
        *(round(math.exp(log_ratio_of(edge, prevalence)), DIGITS) for edge in edges),
        None,
    ]
    for part in USUAL_PARTS:
        films = predictions.where(PARTS[part].choose(predictions.films))
        places = np.searchsorted(edges, _log_odds_of(run, films), side="right")
        ill, well = (
            np.bincount(places[films.films.label == label], minlength=len(edges) + 1).tolist()
            for label in (1, 0)
        )
        for low, high, a, b in zip(limits[:-1], limits[1:], ill, well, strict=True):
            yield CountedBand(PARTS[part].name, low, high, a, sum(ill), b, sum(well))


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)


def counted_for(ratio: ScoreRatio, measured: MeasuredRatios) -> CountedBand | None:
    """Return what counting the films of the official test gives around a ratio; None of none."""
    name, value = PARTS["test"].name, math.exp(ratio.log_value)
    bands = [band for band in measured.counted if band.films == name and band.ill + band.well]
    if ratio.beyond == "above":
        bands = [band for band in bands if band.high is None]
    elif ratio.beyond == "below":
        bands = [band for band in bands if band.low is None]
    else:
        bands = [
            band
            for band in bands
            if band.low is not None and band.high is not None and band.low <= value <= band.high
        ]
    return bands[0] if bands else None
