"""Whether regions are to be relied on, in sentences with the rates that were measured."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.special import expit

from core.domain.model import RunRecord
from core.domain.regions import Explanation, way_of
from core.errors import FirstReadError
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality, PointingRates
from core.explain.trust import Doubt, share_outside
from core.runs.artifacts import read_artifact

DOUBT = "Do not rely on these regions."
OTHER_AGE = "The film is not of a child of 1 to 5 years."
UNMEASURED = "Never measured on real children: no boxes exist for them."
CALLED_ALONE = "How well regions point was measured only on films that the model calls pneumonia."
OTHER_SETTINGS = "With these settings nothing was measured."
PASTED, ADULTS, CENTRE = "pasted", "adults", "centre of the lungs"
"""What the kept measurement calls two sets of films, and the control that knows the lungs alone."""


def read_explanation_quality(run: RunRecord) -> ExplanationQuality | None:
    """Return a run's kept rates; None where there are none that can be read."""
    try:
        return read_artifact(run, EXPLANATIONS_FILE, ExplanationQuality.from_json, "measure again")
    except FirstReadError:  # the model card says why
        return None


def trust_text(run: RunRecord, explanation: Explanation, quality: ExplanationQuality | None) -> str:
    """Return in sentences how far a run's regions were found to lie on disease.

    Parameters
    ----------
    quality : ExplanationQuality or None
        From `read_explanation_quality`.
    """
    way = way_of(explanation.settings)
    if way is None:
        return f"{OTHER_SETTINGS} {UNMEASURED}"
    if expit(explanation.score) < run.operating_point.threshold:
        return f"{UNMEASURED} {CALLED_ALONE}"
    pasted, adults = (_rates(quality, films).get(way) for films in (PASTED, ADULTS))
    if pasted is None or adults is None:
        return UNMEASURED
    centre = _rates(quality, ADULTS).get(CENTRE)
    beside = "" if centre is None else f"; the middle of the lungs in {_told(centre)}"
    return (
        f"{UNMEASURED} On children's normal films with a synthetic lesion, the strongest region "
        f"lay on the lesion in {_told(pasted)}. On adults it lay in a radiologist's box in "
        f"{_told(adults)}{beside}."
    )


def doubt_text(quality: ExplanationQuality | None, explanation: Explanation, doubt: Doubt) -> str:
    """Return in sentences why regions are not to be relied on.

    Parameters
    ----------
    quality : ExplanationQuality or None
        From `read_explanation_quality`.
    """
    if doubt is Doubt.OUTSIDE:
        outside = 100 * share_outside(explanation)
        return f"{DOUBT} Of all that counts, {outside:.0f} % lies outside of the lungs."
    rates = _rates(quality, ADULTS)
    way = way_of(explanation.settings)
    found, centre = None if way is None else rates.get(way), rates.get(CENTRE)
    if found is None or centre is None:
        return f"{DOUBT} {OTHER_AGE}"
    alike = found.points_at_lesion.low <= centre.points_at_lesion.high
    return (
        f"{DOUBT} {OTHER_AGE} On adults the strongest region lay in a radiologist's box in "
        f"{_told(found)}, the middle of the lungs in {_told(centre)}."
        f"{' The two may not differ.' if alike else ''}"
    )


def _told(rates: PointingRates) -> str:
    rate = rates.points_at_lesion
    low, high = rate.low * 100, rate.high * 100
    return f"{rate.value * 100:.0f} of 100 ({low:.0f} to {high:.0f}, n = {rate.n})"


def _rates(quality: ExplanationQuality | None, films: str) -> Mapping[str, PointingRates]:
    return {} if quality is None else quality.rates.get(films, {})
