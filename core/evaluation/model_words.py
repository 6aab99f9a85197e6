"""What a run says of a film, and what was measured of it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.model import Prediction, RunRecord


def probability_in_words(prediction: Prediction, what: str = "probability") -> str:
    """Return in words whether the film is suspicious or the model unsure, and how that is told.

    Parameters
    ----------
    what : str
        What the threshold lies on: the run's score where that is no probability.
    """
    band = prediction.abstention
    if prediction.side == "unsure" and band is not None:
        return (
            "The model is unsure about this film. Where it decides, at most "
            f"{band.target_error * 100:.0f} of 100 films called pneumonia, and as many called "
            f"normal, are wrong ({band.confidence * 100:.0f} % confidence, {band.chosen_on}, "
            f"n = {band.n})."
        )
    point = prediction.operating_point
    place = "at or above" if prediction.suspicious else "below"
    return (
        f"The {what} is {place} the threshold, which was chosen to find "
        f"{point.sensitivity * 100:.0f} of 100 pneumonias ({point.chosen_on}, "
        f"n = {point.n_positive})."
    )


def measured_in_words(run: RunRecord) -> str:
    """Return what the operating point did on the split that it was not chosen on."""
    measured = run.metrics["test"]
    rates = measured["rates"]
    return (
        f"On the {measured['split']} it found {of_100(rates['sensitivity'], ' pneumonias')} and "
        f"correctly called {of_100(rates['specificity'], ' normals')}. Detects pneumonia only."
    )


def decided_in_words(run: RunRecord) -> str:
    """Return how often calls were wrong on the split that the band was not chosen on."""
    called = {"pneumonia": "error_pneumonia", "normal": "error_normal"}
    measured = run.decided.get("test", {})
    wrong = [
        f"{of_100(measured[rate])} called {side}"
        for side, rate in called.items()
        if measured.get(rate)
    ]
    if not wrong:
        return ""
    return f"On the {run.metrics['test']['split']}, {' and '.join(wrong)} were wrong."


def of_100(rate: Mapping[str, float], things: str = "") -> str:
    """Return a rate as so many of 100, with its 95 % interval and n.

    Parameters
    ----------
    rate : mapping
        "value", "low" and "high" in [0, 1], and "n".
    things : str
        What there are 100 of, after a space.
    """
    value, low, high = (rate[name] * 100 for name in ("value", "low", "high"))
    return f"{value:.0f} of 100{things} ({low:.0f} to {high:.0f}, n = {rate['n']})"
