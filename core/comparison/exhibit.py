"""The exhibit: which of the origin's mistakes makes a model call normals pneumonia.

A run keeps all of them, its parts one each; what they score says which one does the harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.language.words import tr
from core.runs.listing import ListedRun
from core.runs.store import read_history, read_record
from core.stats.intervals import wilson_rate

PART = "test"
EXHIBIT = "x05"
CONTROL = "c05"

Windows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OriginResult:
    """What the origin project's final model scored, as it was reported."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int
    log_loss: float

    @property
    def sensitivity(self) -> Rate:
        """Share of the pneumonias that were found, with Wilson's interval."""
        return wilson_rate(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> Rate:
        """Share of the normals that were called normal, with Wilson's interval."""
        return wilson_rate(self.true_negative, self.true_negative + self.false_positive)


ORIGIN = OriginResult(366, 24, 9, 225, 0.68)
"""On the official test split; the student's project of 2023 that First Read grew out of."""


@dataclass(frozen=True, slots=True)
class ExhibitRun:
    """One run of the exhibit, scored on the official test split.

    Attributes
    ----------
    mistakes : str
        What is wrong with it on purpose; empty for the control.
    history : tuple of mapping
        Training and validation loss of each epoch, nats.
    zoom : (float, float)
        Ends between which each axis' zoom was drawn in training; (1, 1) for none.
    log_scale : float
        Largest logarithm of the scale that both axes share in training.
    shift : float
        Largest shift in training, as a share of the film's side.
    """

    run: RunRecord
    mistakes: str
    history: tuple[Mapping[str, float], ...]
    zoom: tuple[float, float]
    log_scale: float
    shift: float

    @property
    def measured(self) -> Mapping[str, Any]:
        """The evaluation on the official test split, as ``run.json`` states it."""
        return self.run.metrics[PART]

    def rate(self, name: str) -> Rate:
        """Return a metric with its interval."""
        return Rate(**self.measured["rates"][name])

    @property
    def is_as_bad_as_the_origin(self) -> bool:
        """Whether its specificity's interval reaches down to that of the origin's result."""
        return self.rate("specificity").low <= ORIGIN.specificity.high


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The runs without the mistakes, with all and with one each; None or left out until trained."""

    control: ExhibitRun | None
    together: ExhibitRun | None
    apart: tuple[ExhibitRun, ...]

    @property
    def runs(self) -> tuple[ExhibitRun, ...]:
        """All of them, the control first."""
        return tuple(run for run in (self.control, self.together, *self.apart) if run is not None)


def gather_exhibit(listed: Sequence[ListedRun]) -> Exhibit:
    """Find the runs of the exhibit among all runs.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of one of them is missing or is not the one that its record states.
    """
    by_name = {one.record.run_id: one for one in listed}
    control, together = by_name.get(CONTROL), by_name.get(EXHIBIT)
    apart = [one for name, one in by_name.items() if name.startswith(f"{EXHIBIT}-") and one.exhibit]
    return Exhibit(
        None if control is None else _open(control),
        None if together is None else _open(together),
        tuple(_open(one) for one in apart),
    )


def _open(one: ListedRun) -> ExhibitRun:
    changed = read_record(one.record.folder)["settings"]["augmentation"]
    low, high = changed["zoom"]
    return ExhibitRun(
        run=one.record,
        mistakes=one.exhibit,
        history=tuple(read_history(one.record)),
        zoom=(low, high),
        log_scale=float(changed["log_scale"]),
        shift=float(changed["shift"]),
    )


def cause_text(exhibit: Exhibit) -> str:
    """Return which mistake does the harm, in a few sentences."""
    if exhibit.together is None or not exhibit.apart:
        return tr("The runs with the mistakes are not trained yet: `python -m core train x05`.")
    doing = [run for run in exhibit.apart if run.is_as_bad_as_the_origin]
    others = [run for run in exhibit.apart if not run.is_as_bad_as_the_origin]
    if not doing:
        sentences = [
            tr(
                "No single mistake explains it. Specificity with each one alone: {runs}.",
                runs=_listed(others),
            )
        ]
    else:
        sentences = [tr("Sufficient alone: {runs}.", runs=_listed(doing))]
        if others:
            sentences.append(tr("Not sufficient alone: {runs}.", runs=_listed(others)))
    if exhibit.control is not None:
        sentences.append(
            tr("With none of them: {specificity}.", specificity=_specificity(exhibit.control))
        )
    return " ".join(sentences)


def _listed(runs: Sequence[ExhibitRun]) -> str:
    return "; ".join(map(_text, runs))


def _text(run: ExhibitRun) -> str:
    what = tr(run.mistakes).rstrip(".")
    return f"{what[:1].lower()}{what[1:]} ({_specificity(run)})"


def _specificity(run: ExhibitRun) -> str:
    rate = run.rate("specificity")
    return tr(
        "specificity {value:.3f}, {low:.3f} to {high:.3f}",
        value=rate.value,
        low=rate.low,
        high=rate.high,
    )


def draw_windows(run: ExhibitRun, n: int, seed: int) -> Windows:
    """Return parts of a film as the run's training would show them.

    Returns
    -------
    (n, 4) float64 ndarray
        Left, top, right, bottom as shares of the film's sides; a part may reach beyond the film.

    References
    ----------
    .. [1] Keras, ImageDataGenerator: ``zoom_range`` draws each axis by itself, about the centre;
       0.1 shows a tenth of the film.
    """
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.uniform(-run.log_scale, run.log_scale, (n, 1)))
    half = scale * rng.uniform(*run.zoom, (n, 2)) / 2.0
    middle = 0.5 + rng.uniform(-run.shift, run.shift, (n, 2))
    return np.concatenate([middle - half, middle + half], axis=1)
