"""Explain one score by occlusion: hide each region once, alone, and see what the score loses.

The plainest of all ways, and a check on the others. A score is not the sum of such losses.

References
----------
.. [1] Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.
"""

from __future__ import annotations

import numpy as np

from core.domain.arrays import FloatImage, read_only
from core.domain.model import ModelInput, RunClassifier
from core.domain.regions import Explanation, OcclusionSettings
from core.explain.lime import hidden_film, perturb
from core.explain.superpixels import segment_lungs_apart
from core.explain.zones import name_zones


def explain_by_occlusion(
    model_input: ModelInput,
    classifier: RunClassifier,
    settings: OcclusionSettings,
    healthy: FloatImage | None = None,
) -> Explanation:
    """Weigh each region of the lungs by the log odds that are lost when it is hidden.

    What lies outside of the lungs is one region more.

    Parameters
    ----------
    healthy : (h, w) float32 ndarray, optional
        See `core.explain.lime.hidden_film`.

    Raises
    ------
    ExplanationError
        If the film has no regions to tell apart, or the fill cannot be made.
    """
    film = model_input.tensor
    lungs = np.ones_like(film) if model_input.lungs is None else model_input.lungs
    segments, _ = segment_lungs_apart(film, settings.regions, lungs)
    hidden = hidden_film(model_input, segments, settings.fill, healthy)
    alone = ~np.eye(int(segments.max()) + 1, dtype=np.bool_)
    masks = np.vstack([np.ones(len(alone), np.bool_), alone])
    score, *without = classifier.log_odds(perturb(film, segments, masks, hidden)).astype(np.float64)
    weights = score - np.array(without)
    return Explanation(
        segments=segments,
        weights=read_only(weights),
        geometry=model_input.geometry,
        settings=settings,
        score=float(score),
        parts={
            "regions for": float(weights[weights > 0].sum()),
            "regions against": float(weights[weights < 0].sum()),
        },
        samples=len(masks),
        zones=name_zones(segments, model_input.lungs),
    )
