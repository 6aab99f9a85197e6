"""The list of the regions that a score depends on, and what the score is the sum of."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from core.domain.regions import Explanation, Method, RegionWeight
from core.evaluation.film_number import ScoreWords
from core.explain.region_words import UNLIKE_HEALTHY, region_name, scale_of, zone_words
from core.language.numbers import number
from core.language.words import msg, tr
from ui.components.viewer.viewer import RegionOverlay

FOR, AGAINST, GREY = "#e8893a", "#4a90d9", "#8b8f96"

BALANCE = {
    "regions for": msg("Regions for"),
    "regions against": msg("Regions against"),
    "lungs that look healthy": msg("Lung that looks healthy"),
    "outside the lungs": msg("Outside of the lungs"),
    "mirrored film": msg("Mirrored film"),
    "every film": msg("The same for every film"),
}
"""Parts of a score by CAM, and what they are called."""

HEADINGS = {UNLIKE_HEALTHY: msg("Lung that differs most from healthy lung")}
"""Of the list, where it is not of all regions that the score depends on."""

OWN_SUM = msg(
    "The parts add up to the log odds of the model's own score. The site's calibration turns that "
    "score into the probability."
)

INTERVALS = {
    Method.CAM: msg("Below it: by the film alone, and by its mirrored film alone."),
    Method.LIME: msg("Below it: its 95 % interval over other samples."),
    Method.OCCLUSION: "",
}


def draw_regions(
    explanation: Explanation,
    regions: tuple[RegionWeight, ...],
    *,
    grey: bool = False,
    intervals: bool = False,
) -> None:
    """List the regions that the score depends on most: place, number, weight and direction.

    The viewer outlines the region of a line that is pointed at, and marks the line of a region that
    is pointed at on the film.

    Parameters
    ----------
    regions : tuple of RegionWeight
        Of the explanation, strongest first.
    grey : bool
        Without the colours of for and against, where the regions are not on the film.
    intervals : bool
        Whether each weight stands with its interval.
    """
    scale = scale_of(explanation)
    lines = [
        _line(explanation, region, grey=grey, intervals=intervals)
        for region in regions
        if abs(region.weight) >= scale.least
    ]
    notes = [tr(HEADINGS[scale]) if scale in HEADINGS else _most_text(explanation)]
    if explanation.geometry.box is not None and not grey:
        notes.append(tr("The model sees only the dashed box."))
    if not lines:
        notes.append(tr(scale.none))
    shown = RegionOverlay.from_explanation(explanation).regions_id
    st.html(
        f'<table class="fr-regions" data-regions="{shown}">'
        f"<caption>{'<br>'.join(notes)}</caption>{''.join(lines)}</table>"
    )


def _line(explanation: Explanation, region: RegionWeight, *, grey: bool, intervals: bool) -> str:
    side, colour = (tr("for"), FOR) if region.weight > 0 else (tr("against"), AGAINST)
    called = region_name(region.label)
    zone = zone_words(explanation.zones[region.label]) if explanation.zones else ""
    name = f"{escape(zone)} <small>{called}</small>" if zone else called
    interval = _interval(explanation, region) if intervals else ""
    return (
        f'<tr tabindex="0" data-region="{region.label}"><td>'
        f'<span class="fr-chip" style="background:{GREY if grey else colour}"></span>{name}</td>'
        f'<td class="fr-num">{number(region.weight, "+.2f")}{interval}</td>'
        f"<td>{side}</td></tr>"
    )


def _interval(explanation: Explanation, region: RegionWeight) -> str:
    if explanation.intervals is None:
        return ""
    low, high = explanation.intervals[region.label]
    words = tr("{low:+.2f} to {high:+.2f}", low=float(low), high=float(high))
    return f"<br><small>{words}</small>"


def _most_text(explanation: Explanation) -> str:
    """Return what the list is of, and how its weights were found."""
    if explanation.method is Method.CAM:
        return tr("Regions the score depends on most")
    if explanation.method is Method.OCCLUSION:
        return tr("Regions the score depends on most, each hidden once, alone")
    samples, fit = explanation.samples, explanation.surrogate_r2
    if fit is None:
        return tr("Regions the score depends on most, by {samples:,} samples", samples=samples)
    return tr(
        "Regions the score depends on most, by {samples:,} samples; fit R² {fit:.2f}",
        samples=samples,
        fit=fit,
    )


def draw_balance(explanation: Explanation, said: ScoreWords, *, intervals: bool = False) -> None:
    """Say what a weight is, and by CAM what the score is the sum of.

    Parameters
    ----------
    said : ScoreWords
        How the log odds of the film are said.
    intervals : bool
        Whether to say what a weight's interval is too.
    """
    told = f"{weight_text(explanation)} {tr(INTERVALS[explanation.method]) if intervals else ''}"
    words = f'<p class="fr-weight">{told.strip()}</p>'
    if explanation.method is Method.CAM:
        parts = {
            tr(words): explanation.parts[name]
            for name, words in BALANCE.items()
            if name in explanation.parts
        }
        lines = "".join(_sum_line(name, part) for name, part in parts.items())
        told = number_text(said, explanation.score)
        name = tr("Together: log odds ({number})", number=told)
        caption = tr("What the score is the sum of")
        words += (
            f'<table class="fr-balance"><caption>{caption}</caption>'
            f"<tbody>{lines}</tbody><tfoot>{_sum_line(name, explanation.score)}</tfoot></table>"
        )
        words += f'<p class="fr-weight">{tr(said.note)}</p>' if said.note else ""
        if said.in_ward and said.run.site is not None:
            words += f'<p class="fr-weight">{tr(OWN_SUM)}</p>'
    st.html(words)


def _sum_line(name: str, part: float) -> str:
    shown = number(part, "+.2f") if round(part, 2) else number(0.0, ".2f")
    return f'<tr><td>{name}</td><td class="fr-num">{shown}</td></tr>'


def weight_text(explanation: Explanation) -> str:
    """Return in a sentence what a region's weight is."""
    if explanation.method is Method.CAM:
        weight = tr(
            "A weight is the region's own part of the log odds, as if the region had the mean "
            "region's size."
        )
        return f"{_share_text(explanation)} {weight}".strip()
    if explanation.method is Method.OCCLUSION:
        return tr("A weight is what the log odds lose when the region alone is hidden.")
    return tr(
        "A weight is the change of the log odds when the region is shown instead of hidden, "
        "as a linear fit estimates it."
    )


def number_text(said: ScoreWords, log_odds: float) -> str:
    """Return log odds of pneumonia as a number with its name."""
    return tr("{name}: {number}", name=said.name, number=said.of(log_odds))


def _share_text(explanation: Explanation) -> str:
    """Return how much of what counts the regions hold; empty where they hold all of the lungs."""
    healthy = abs(explanation.parts.get("lungs that look healthy", 0.0))
    regions = sum(
        abs(explanation.parts.get(name, 0.0)) for name in ("regions for", "regions against")
    )
    outside = abs(explanation.parts.get("outside the lungs", 0.0))
    total = healthy + regions + outside
    if not healthy:
        return ""
    held, healthy, rest = (100 * part / total for part in (regions, healthy, outside))
    return tr(
        "Of what counts by place, these regions hold {held:.0f} %, lung that looks healthy "
        "{healthy:.0f} % and the rest {rest:.0f} %.",
        held=held,
        healthy=healthy,
        rest=rest,
    )


def log_odds_of(probability: float) -> float:
    """Return a probability inside of (0, 1) as log odds."""
    return math.log(probability / (1 - probability))


def probability_of(log_odds: float) -> float:
    """Return log odds as a probability; neither end overflows."""
    if log_odds > 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)
