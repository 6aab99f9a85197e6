"""Explain one score by class activation mapping: each place's own part of the log odds.

Exact for a network whose logit is a linear function of features that are means over places. Nothing
is hidden, drawn at random or fitted.

References
----------
.. [1] Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.arrays import FloatImage, FloatVector, LabelImage, read_only
from core.domain.model import ModelInput, RunClassifier
from core.domain.regions import CamSettings, Explanation
from core.errors import ExplanationError
from core.explain.healthy import unlike_healthy
from core.explain.superpixels import segment_lungs_apart
from core.explain.zones import name_zones
from core.language.words import msg


def explain_by_cam(
    model_input: ModelInput,
    classifier: RunClassifier,
    settings: CamSettings,
    healthy: FloatImage | None = None,
) -> Explanation:
    """Split one film's log odds by place, and add up what each region of the lungs holds.

    The map is the mean of the film's and of its mirrored film's: what the network says of a place
    must not depend on the side. Regions count as far as they lie on the lungs and look unlike
    healthy lung; what else the log odds are made of is kept in the explanation's parts.

    Parameters
    ----------
    model_input : ModelInput
        With its lungs, or all of the film counts.
    healthy : (h, w) float32 ndarray, optional
        The film without a lesion, see `core.explain.healthy`; without it all of the lungs count.

    Raises
    ------
    ExplanationError
        If the run's log odds cannot be split by place, or the film has no regions to tell apart.
    """
    film = model_input.tensor
    pair = np.ascontiguousarray(np.stack([film, film[:, ::-1]])[..., np.newaxis])
    places = classifier.evidence(pair)
    if places is None:
        raise ExplanationError(
            msg(
                "The log odds of run {run} cannot be split by place. Choose LIME.",
                run=classifier.run_record.run_id,
            )
        )
    score, mirrored = (float(each) for each in classifier.log_odds(pair))
    own, turned = places[0], places[1][:, ::-1]
    spread = spread_evidence((own + turned) / 2, len(film))
    lungs = np.ones_like(film) if model_input.lungs is None else model_input.lungs
    segments, counts = segment_lungs_apart(film, settings.regions, lungs)
    inside = np.where(counts, spread, 0.0)
    share = counts if healthy is None else counts * unlike_healthy(film, healthy)
    counted = spread * share
    contributions = _sums(counted, segments)
    sizes = np.bincount(segments.ravel()) * len(contributions) / segments.size
    alone = [_sums(spread_evidence(each, len(film)) * share, segments) for each in (own, turned)]
    parts = {
        "regions for": float(contributions[contributions > 0].sum()),
        "regions against": float(contributions[contributions < 0].sum()),
        "outside the lungs": float((spread - inside).mean()),
        "mirrored film": (score - mirrored) / 2,
    }
    if healthy is not None:
        parts["lungs that look healthy"] = float((inside - counted).mean())
    parts["every film"] = score - sum(parts.values())
    return Explanation(
        segments=segments,
        weights=read_only(contributions / sizes),
        geometry=model_input.geometry,
        settings=settings,
        score=score,
        parts=parts,
        intervals=read_only(np.sort(np.column_stack(alone) / sizes[:, np.newaxis], axis=1)),
        zones=name_zones(segments, model_input.lungs),
    )


def _sums(counted: FloatImage, segments: LabelImage) -> FloatVector:
    sums: FloatVector = np.bincount(segments.ravel(), weights=counted.ravel()) / counted.size
    return sums


def spread_evidence(places: npt.NDArray[np.floating], px: int) -> FloatImage:
    """Spread a map of places over the input's pixels; the mean stays what it is.

    Parameters
    ----------
    places : (h, w) float ndarray
        Their mean is a part of the log odds.

    Returns
    -------
    (px, px) float32 ndarray
    """
    scale = (px / places.shape[0], px / places.shape[1])
    film = ndimage.zoom(places.astype(np.float64), scale, order=1, mode="nearest", grid_mode=True)
    spread: FloatImage = (film + (places.mean() - film.mean())).astype(np.float32)
    return spread
