"""Whether regions are to be relied on, in sentences with the rates that were measured."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.special import expit

from core.domain.model import RunRecord
from core.domain.regions import Explanation, way_of
from core.errors import FirstReadError
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality, PointingRates
from core.explain.trust import Doubt, share_outside
from core.language.words import msg, tr
from core.runs.artifacts import read_artifact

DOUBT = msg("Do not rely on these regions.")
OTHER_AGE = msg("The film is not of a child of 1 to 5 years.")
UNMEASURED = msg("Never measured on real children: no boxes exist for them.")
CALLED_ALONE = msg(
    "How well regions point was measured only on films that the model calls pneumonia."
)
OTHER_SETTINGS = msg("With these settings nothing was measured.")
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
        return f"{tr(OTHER_SETTINGS)} {tr(UNMEASURED)}"
    if expit(explanation.score) < run.own_threshold:
        return f"{tr(UNMEASURED)} {tr(CALLED_ALONE)}"
    pasted, adults = (_rates(quality, films).get(way) for films in (PASTED, ADULTS))
    if pasted is None or adults is None:
        return tr(UNMEASURED)
    centre = _rates(quality, ADULTS).get(CENTRE)
    found = tr(
        "On children's normal films with a synthetic lesion, the strongest region lay on the "
        "lesion in {share}.",
        share=_told(pasted),
    )
    if centre is None:
        beside = tr("On adults it lay in a radiologist's box in {share}.", share=_told(adults))
    else:
        beside = tr(
            "On adults it lay in a radiologist's box in {share}; the middle of the lungs in "
            "{control}.",
            share=_told(adults),
            control=_told(centre),
        )
    return f"{tr(UNMEASURED)} {found} {beside}"


def doubt_text(quality: ExplanationQuality | None, explanation: Explanation, doubt: Doubt) -> str:
    """Return in sentences why regions are not to be relied on.

    Parameters
    ----------
    quality : ExplanationQuality or None
        From `read_explanation_quality`.
    """
    if doubt is Doubt.OUTSIDE:
        outside = 100 * share_outside(explanation)
        lies = tr("Of all that counts, {share:.0f} % lies outside of the lungs.", share=outside)
        return f"{tr(DOUBT)} {lies}"
    rates = _rates(quality, ADULTS)
    way = way_of(explanation.settings)
    found, centre = None if way is None else rates.get(way), rates.get(CENTRE)
    if found is None or centre is None:
        return f"{tr(DOUBT)} {tr(OTHER_AGE)}"
    alike = found.points_at_lesion.low <= centre.points_at_lesion.high
    lay = tr(
        "On adults the strongest region lay in a radiologist's box in {share}, the middle of the "
        "lungs in {control}.",
        share=_told(found),
        control=_told(centre),
    )
    said = [tr(DOUBT), tr(OTHER_AGE), lay, *([tr("The two may not differ.")] if alike else [])]
    return " ".join(said)


def _told(rates: PointingRates) -> str:
    rate = rates.points_at_lesion
    low, high = rate.low * 100, rate.high * 100
    return tr(
        "{value:.0f} of 100 ({low:.0f} to {high:.0f}, n = {n})",
        value=rate.value * 100,
        low=low,
        high=high,
        n=rate.n,
    )


def _rates(quality: ExplanationQuality | None, films: str) -> Mapping[str, PointingRates]:
    return {} if quality is None else quality.rates.get(films, {})
