"""What a run says of a film, and what was measured of it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from core.domain.model import Prediction, RunRecord, SiteSetting
from core.domain.site import chosen_on_words
from core.language.words import msg, tr

_WHAT = {"probability": msg("probability"), "score": msg("score")}
_NAMED = {
    "": msg("{share:.0f} of 100 ({low:.0f} to {high:.0f}, n = {n})"),
    " pneumonias": msg("{share:.0f} of 100 pneumonias ({low:.0f} to {high:.0f}, n = {n})"),
    " normals": msg("{share:.0f} of 100 normals ({low:.0f} to {high:.0f}, n = {n})"),
}


def probability_in_words(prediction: Prediction, what: str = "probability") -> str:
    """Return in words whether the film is suspicious or the model unsure, and how that is told.

    Parameters
    ----------
    what : str
        What the threshold lies on: the run's score where that is no probability.
    """
    band = prediction.abstention
    if prediction.side == "unsure" and band is not None:
        return tr(
            "The model is unsure about this film. Where it decides, at most {wrong:.0f} of 100 "
            "films called pneumonia, and as many called normal, are wrong ({sure:.0f} % "
            "confidence, {films}, n = {n}).",
            wrong=band.target_error * 100,
            sure=band.confidence * 100,
            films=tr(band.chosen_on),
            n=band.n,
        )
    point = prediction.operating_point
    words = (
        msg(
            "The {what} is at or above the threshold, which was chosen to find {found:.0f} of 100 "
            "pneumonias ({films}, n = {n})."
        )
        if prediction.suspicious
        else msg(
            "The {what} is below the threshold, which was chosen to find {found:.0f} of 100 "
            "pneumonias ({films}, n = {n})."
        )
    )
    return tr(
        words.one,
        what=_WHAT.get(what, what),
        found=point.sensitivity * 100,
        films=tr(chosen_on_words(point.chosen_on)),
        n=point.n_positive,
    )


def measured_in_words(run: RunRecord) -> str:
    """Return what the operating point did on the split that it was not chosen on."""
    if run.site is not None:
        return _measured_at_site(run.site)
    measured = run.metrics["test"]
    films, rates = measured["split"], measured["rates"]
    found = of_100(rates["sensitivity"], " pneumonias")
    cleared = of_100(rates["specificity"], " normals")
    return tr(
        "On the {films} it found {found} and correctly called {cleared}. Detects pneumonia only.",
        films=tr(films),
        found=found,
        cleared=cleared,
    )


def _measured_at_site(setting: SiteSetting) -> str:
    return tr(
        "On the test films of {site} it found {found} and correctly called {cleared}. Detects "
        "pneumonia only. It takes a side on every film: the unsure band was measured on other "
        "films.",
        site=setting.site,
        found=of_100(asdict(setting.sensitivity), " pneumonias"),
        cleared=of_100(asdict(setting.specificity), " normals"),
    )


def decided_in_words(run: RunRecord) -> str:
    """Return how often calls were wrong on the split that the band was not chosen on."""
    measured = run.decided.get("test", {})
    wrong = []
    if measured.get("error_pneumonia"):
        called = of_100(measured["error_pneumonia"])
        wrong.append(tr("{rate} called pneumonia", rate=called))
    if measured.get("error_normal"):
        called = of_100(measured["error_normal"])
        wrong.append(tr("{rate} called normal", rate=called))
    if not wrong:
        return ""
    films = run.metrics["test"]["split"]
    if len(wrong) == 1:
        return tr("On the {films}, {called} were wrong.", films=tr(films), called=wrong[0])
    return tr(
        "On the {films}, {called} and {others} were wrong.",
        films=tr(films),
        called=wrong[0],
        others=wrong[1],
    )


def of_100(rate: Mapping[str, float], things: str = "") -> str:
    """Return a rate as so many of 100, with its 95 % interval and n.

    Parameters
    ----------
    rate : mapping
        "value", "low" and "high" in [0, 1], and "n".
    things : str
        What there are 100 of: nothing, " pneumonias" or " normals".
    """
    value, low, high = (rate[name] * 100 for name in ("value", "low", "high"))
    words, n = _NAMED[things].one, rate["n"]
    return tr(words, share=value, low=low, high=high, n=n)
