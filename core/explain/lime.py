"""Explain one score by LIME: hide regions at random and fit a linear surrogate to the scores.

The sampling and the fit are lime's own; only the perturbed films are made differently, a batch at a
time, which is what lets 1,000 samples take little longer than 1,000 bare predictions.

References
----------
.. [1] Ribeiro, Singh and Guestrin, "Why Should I Trust You?", KDD 2016.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, FloatVector, LabelImage, read_only
from core.domain.model import Classifier, ModelInput
from core.domain.regions import Design, Explanation, Fill, Intervals, LimeSettings, RegionWeight
from core.errors import Cancelled, ExplanationError
from core.explain.superpixels import labels_on_film, locate_on_film, segment_superpixels
from core.explain.zones import name_zones
from core.language.words import msg

PNEUMONIA_COLUMN = 1
Masks = npt.NDArray[np.bool_]

DARK_PERCENT = 20.0
LUNG = 0.5
LEAST_SAMPLES = 10
LEAST_KERNEL_WIDTH = 0.01
LARGEST_SEED = 2**32 - 1
INTERVAL_95 = 1.96

STABLE_REGIONS, STABLE_FROM, STABLE_EVERY, STABLE_CHECKS = 5, 200, 100, 2
"""It stops when so many strongest regions are the same in so many fits, so many samples apart."""


class _Hidden:
    """A finder that says to one thread, and to no other, that a module is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is hidden from this import", name=fullname)
        return None


@contextmanager
def without_module(name: str) -> Iterator[None]:
    """Let this thread's imports run as if a module were not installed.

    Other threads import it as ever, and so does this one afterwards. A module that is loaded
    already stays in use.

    Parameters
    ----------
    name : str
        Of a top-level module.
    """
    hidden = _Hidden(name)
    # New lists: another thread may be going through the old one.
    sys.meta_path = [hidden, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [finder for finder in sys.meta_path if finder is not hidden]


def load_surrogate() -> Any:
    """Return lime's fit; loading it takes over a second and brings scikit-learn."""
    # scikit-learn takes pandas where it is installed, 65 MB that nothing here uses.
    with without_module("pandas"):
        from lime.lime_base import LimeBase  # noqa: PLC0415
    return LimeBase


def fit_surrogate(
    masks: Masks, scores: FloatVector, kernel_width: float
) -> tuple[FloatVector, float, float, float]:
    """Fit the surrogate.

    Parameters
    ----------
    masks : (N, K) bool ndarray
        Which regions each sample shows; the first row shows all.
    scores : (N,) float64 ndarray
    kernel_width : float
        Of the exponential kernel on cosine distance.

    Returns
    -------
    weights : (K,) float64 ndarray
    """
    regions = masks.shape[1]
    if np.ptp(scores) == 0:
        # The fit would leave rounding noise as weights, and R2 divides by the variance.
        return np.zeros(regions), float(scores[0]), 0.0, float(scores[0])
    base = load_surrogate()(partial(_proximity, kernel_width=kernel_width), random_state=0)
    intercept, ranked, r2, local = base.explain_instance_with_data(
        masks.astype(np.float64),
        np.column_stack([1 - scores, scores]),
        _cosine_distances(masks),
        PNEUMONIA_COLUMN,
        regions,
        # lime's "auto" fits once more only to put the features in another order: same answer.
        feature_selection="none",
    )
    weights = np.zeros(regions)
    for label, weight in ranked:
        weights[label] = weight
    return weights, float(intercept), float(r2), float(local[0])


def weight_intervals(
    masks: Masks, scores: FloatVector, weights: FloatVector, intercept: float, kernel_width: float
) -> Intervals:
    """Return 95 % intervals of a fit's weights over other samples, (K, 2).

    They come from the sandwich covariance of the weighted ridge fit, so that the scores need not be
    linear in the masks.

    References
    ----------
    .. [1] White, Econometrica 48 (1980) 817-838.
    """
    shown = masks.astype(np.float64)
    proximity = _proximity(_cosine_distances(masks), kernel_width)
    centred = shown - np.average(shown, axis=0, weights=proximity)
    bread = np.linalg.inv((centred * proximity[:, np.newaxis]).T @ centred + np.eye(len(weights)))
    missed = scores - (shown @ weights + intercept)
    parts = centred * (proximity * missed)[:, np.newaxis] @ bread
    freedom = len(scores) / max(1, len(scores) - len(weights))
    reach = INTERVAL_95 * np.sqrt(freedom * (parts**2).sum(axis=0))
    return np.column_stack([weights - reach, weights + reach])


def _proximity(distances: FloatVector, kernel_width: float) -> FloatVector:
    proximity: FloatVector = np.sqrt(np.exp(-(distances**2) / kernel_width**2))
    return proximity


def _cosine_distances(masks: Masks) -> FloatVector:
    # For a 0/1 row x against the row of ones: x.1 / (|x| |1|) = sqrt(mean(x)); 0 for an empty row.
    distances: FloatVector = 1 - np.sqrt(masks.mean(axis=1))
    return distances


def explain_prediction(
    model_input: ModelInput,
    classifier: Classifier,
    settings: LimeSettings,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Explanation:
    """Weigh the regions that one film's score depends on.

    Equal film, classifier and settings give an equal answer, and the answer that lime's
    ``LimeImageExplainer`` gives for the same regions and seed.

    Parameters
    ----------
    model_input : ModelInput
        The film as the model takes it.
    classifier : Classifier
        Called with (b, h, w, 1) float32 films, ``b`` at most ``settings.batch``.
    progress : callable, optional
        Called after each batch with the part done, rising to 1.0.
    cancelled : callable, optional
        Asked before each batch; True stops the work.

    Returns
    -------
    Explanation
        One weight a region. If the score never changed all weights and R2 are 0: R2 has no
        meaning for a score without variance.

    Raises
    ------
    ExplanationError
        If a setting is outside what LIME can work with.
    ExplanationError
        If the film has no regions to tell apart.
    ExplanationError
        If the model gives anything but one finite score a film.
    Cancelled
        If ``cancelled`` answers True.
    """
    steps = ExplanationSteps(model_input, classifier, settings)
    while not steps.finished:
        if cancelled is not None and cancelled():
            raise Cancelled(
                msg(
                    "The explanation was stopped after {samples} of {wanted} samples.",
                    samples=steps.samples,
                    wanted=settings.samples,
                )
            )
        steps.advance()
        if progress is not None:
            progress(steps.share)
    return steps.explain()


class ExplanationSteps:
    """An explanation in steps of one batch, so that others can have their turn between two.

    After ``n`` samples `explain` gives what ``replace(settings, samples=n)`` gives: the samples of
    a seed come in one order, however many there are.

    Parameters
    ----------
    model_input, classifier, settings
        As in `explain_prediction`, with the same errors; all but those of the model come here.
    healthy : (h, w) float32 ndarray, optional
        See `hidden_film`.

    Attributes
    ----------
    samples : int
        Scored so far.
    """

    def __init__(
        self,
        model_input: ModelInput,
        classifier: Classifier,
        settings: LimeSettings,
        healthy: FloatImage | None = None,
    ) -> None:
        _check_settings(settings)
        self._film, self._classifier, self._settings = model_input, classifier, settings
        self._segments = segment_superpixels(model_input.tensor, settings.regions)
        self._hidden = hidden_film(model_input, self._segments, settings.fill, healthy)
        regions = int(self._segments.max()) + 1
        draw = _draw_masks if settings.design is Design.RANDOM else _orthogonal_masks
        self._masks = draw(settings.samples, regions, settings.seed)
        self._scores = np.empty(settings.samples, np.float64)
        self._strongest: list[tuple[int, ...]] = []
        self.samples = 0

    @property
    def share(self) -> float:
        """Part of the samples that are scored, from 0 to 1; 1 as soon as it is finished."""
        return 1.0 if self.finished else self.samples / self._settings.samples

    @property
    def finished(self) -> bool:
        """Whether every sample is scored, or more would hardly change the strongest regions."""
        stable = self._strongest[-STABLE_CHECKS:]
        return self.samples == self._settings.samples or (
            len(stable) == STABLE_CHECKS and len(set(stable)) == 1
        )

    def advance(self) -> None:
        """Score the next batch.

        Raises
        ------
        ExplanationError
            If the model gives anything but one finite score a film.
        """
        part = self._masks[self.samples : self.samples + self._settings.batch]
        films = perturb(self._film.tensor, self._segments, part, self._hidden)
        scored = self.samples + len(part)
        scores = _checked_scores(self._classifier.predict(films), len(part))
        self._scores[self.samples : scored] = scores
        before, self.samples = self.samples, scored
        due = scored >= STABLE_FROM and scored // STABLE_EVERY > before // STABLE_EVERY
        if self._settings.stop_when_stable and due:
            self._note_strongest()

    def _note_strongest(self) -> None:
        masks, scores = self._masks[: self.samples], self._scores[: self.samples]
        weights, *_ = fit_surrogate(masks, scores, self._settings.kernel_width)
        strongest = np.argsort(-np.abs(weights), kind="stable")[:STABLE_REGIONS]
        self._strongest.append(tuple(sorted(strongest.tolist())))

    def explain(self) -> Explanation:
        """Fit the surrogate to the samples so far."""
        masks, scores = self._masks[: self.samples], self._scores[: self.samples]
        weights, intercept, r2, local = fit_surrogate(masks, scores, self._settings.kernel_width)
        score = float(scores[0])
        intervals = weight_intervals(masks, scores, weights, intercept, self._settings.kernel_width)
        return Explanation(
            segments=self._segments,
            weights=read_only(weights),
            geometry=self._film.geometry,
            settings=replace(self._settings, samples=self.samples),
            score=score,
            parts={
                "regions for": float(weights[weights > 0].sum()),
                "regions against": float(weights[weights < 0].sum()),
                "intercept": intercept,
                "misfit": score - local,
            },
            surrogate_r2=r2,
            samples=self.samples,
            intervals=read_only(intervals),
            zones=name_zones(self._segments, self._film.lungs),
        )


def hidden_film(
    model_input: ModelInput,
    segments: LabelImage,
    fill: Fill,
    healthy: FloatImage | None = None,
) -> FloatImage:
    """Return the film with every region hidden.

    Parameters
    ----------
    model_input : ModelInput
        ``DARK`` is the grey that a fifth of its lungs is darker than: of air.
    segments : (h, w) int32 ndarray
        Labels 0..K-1.
    healthy : (h, w) float32 ndarray, optional
        For ``HEALTHY``: the film without a lesion, see `core.explain.healthy`.

    Returns
    -------
    (h, w) float32 ndarray

    Raises
    ------
    ExplanationError
        If the healthy film is asked for and there is none.
    """
    if fill is Fill.HEALTHY:
        if healthy is None:
            raise ExplanationError(
                msg(
                    "The film cannot be drawn without a lesion: that takes a run that sees the "
                    "lungs alone. Choose another fill."
                )
            )
        return healthy
    tensor, lungs = model_input.tensor, model_input.lungs
    if fill is Fill.DARK:
        lung = np.ones(tensor.shape, np.bool_) if lungs is None else lungs >= LUNG
        grey = np.percentile(tensor[lung] if lung.any() else tensor, DARK_PERCENT)
        return np.full_like(tensor, grey)
    labels = segments.ravel()
    means = np.bincount(labels, weights=tensor.ravel()) / np.bincount(labels)
    hidden: FloatImage = means.astype(np.float32)[segments]
    return hidden


def perturb(
    tensor: FloatImage, segments: LabelImage, masks: Masks, hidden: FloatImage
) -> FloatImage:
    """Make one film a mask, some regions shown and the others hidden.

    Parameters
    ----------
    tensor : (h, w) float32 ndarray in [0, 1]
        The film on the model's input grid.
    segments : (h, w) int32 ndarray
        Labels 0..K-1.
    masks : (n, K) ndarray, bool or numbers
        True or non-zero where a region is shown.
    hidden : (h, w) float32 ndarray
        What stands where a region is hidden, see `hidden_film`.

    Returns
    -------
    (n, h, w, 1) float32 ndarray
        A new array; the inputs are unchanged.
    """
    # As fast, measured, as np.take into a kept buffer or bit masks: memory bandwidth decides.
    shown = masks.astype(np.bool_, copy=False)[:, segments]
    return np.where(shown, tensor, hidden)[..., np.newaxis]


def weights_on_film(explanation: Explanation) -> FloatImage:
    """Return what the score owes to each pixel's region, on the full-size film.

    Parameters
    ----------
    explanation : Explanation
        Its segments are on the model's input grid.

    Returns
    -------
    (H, W) float32 ndarray, read-only
        0 where the model does not look.
    """
    labels = labels_on_film(explanation.segments, explanation.geometry)
    weights = np.append(explanation.weights, 0.0).astype(np.float32)  # label -1 takes the last
    return read_only(weights[labels])


def top_regions(explanation: Explanation, n: int = 5) -> tuple[RegionWeight, ...]:
    """Name the regions that the score depends on most.

    Returns
    -------
    tuple of RegionWeight
        Largest absolute weight first, equal weights by label; regions with no weight are left out.
    """
    strength = np.abs(explanation.weights)
    order = [int(k) for k in np.argsort(-strength, kind="stable")[:n] if strength[k] > 0]
    return tuple(
        RegionWeight(
            label,
            float(explanation.weights[label]),
            rank,
            float(strength[label] / strength.sum()),
            *locate_on_film(explanation.segments, label, explanation.geometry),
        )
        for rank, label in enumerate(order, start=1)
    )


def _check_settings(settings: LimeSettings) -> None:
    limits = (
        (msg("samples"), settings.samples, LEAST_SAMPLES, math.inf),
        (msg("batch"), settings.batch, 1, math.inf),
        (msg("seed"), settings.seed, 0, LARGEST_SEED),
        (msg("kernel width"), settings.kernel_width, LEAST_KERNEL_WIDTH, math.inf),
    )
    for name, value, least, most in limits:
        if not least <= value <= most:
            allowed = msg("{least} or more", least=least)
            if most != math.inf:
                allowed = msg("{least} to {most}", least=least, most=most)
            raise ExplanationError(
                msg(
                    "The explanation's {name} is {value}; choose {allowed}.",
                    name=name,
                    value=value,
                    allowed=allowed,
                )
            )


def _draw_masks(samples: int, regions: int, seed: int) -> Masks:
    # As lime draws: its legacy generator, one call for all samples, the whole film first.
    generator = np.random.RandomState(seed)
    masks = generator.randint(0, 2, samples * regions).reshape(samples, regions).astype(np.bool_)
    masks[0] = True
    return masks


def _orthogonal_masks(samples: int, regions: int, seed: int) -> Masks:
    """Draw masks in which all pairs of regions are hidden together equally often.

    Each mask is followed by the one that shows what it hides, so that what regions do in pairs
    hardly enters their weights.

    References
    ----------
    .. [1] Plackett and Burman, Biometrika 33 (1946) 305-325.
    .. [2] Box and Wilson, J. R. Stat. Soc. B 13 (1951) 1-45: the fold-over.
    """
    from scipy.linalg import hadamard  # noqa: PLC0415 - pages name regions without it

    rng = np.random.default_rng(seed)
    size = 1 << regions.bit_length()
    design = hadamard(size) > 0
    rows: list[Masks] = [np.ones((1, regions), np.bool_)]
    for _ in range(-(-samples // (2 * size))):
        columns = 1 + rng.permutation(size - 1)[:regions]
        block = design[:, columns] ^ (rng.random(regions) < 0.5)
        block = block[rng.permutation(size)]
        rows.append(np.stack([block, ~block], axis=1).reshape(-1, regions))
    return np.concatenate(rows)[:samples]


def _checked_scores(batch_scores: npt.NDArray[np.float32], films: int) -> npt.NDArray[np.float32]:
    if batch_scores.shape != (films,):
        raise ExplanationError(
            msg(
                "The model gave {shape} scores, not ({films},). Choose another run.",
                shape=batch_scores.shape,
                films=films,
            )
        )
    if not np.isfinite(batch_scores).all():
        raise ExplanationError(
            msg("The model's score of a film with hidden regions is no number. Choose another run.")
        )
    return batch_scores
