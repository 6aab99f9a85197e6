"""A run's known failures, shortcut features and explanation quality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.domain.rate import Rate, interval_text, probability_text, rate_text
from core.error_analysis.slice_discovery import LEAST_FILMS, searched_text
from core.evaluation.tables import QUALITIES
from core.explain.pointing_game import ExplanationQuality, PointingRates
from core.explain.weight_randomisation import sanity_text
from core.model_card.facts import RunFacts
from core.model_card.results import rate_of, usual_part
from core.reports.document import Block, Bullets, Paragraph, Section, Table
from core.runs.predictions import Predictions
from core.shortcuts.record import audit_text

SLICED = {"sensitivity": "Lowest sensitivity", "specificity": "Lowest specificity"}
SHOWN_ERRORS = 4


@dataclass(frozen=True, slots=True)
class FailedFilm:
    """A film that a run decides wrongly; ``ill`` by the reference."""

    film_id: str
    split: str
    probability: float
    ill: bool
    subtype: str


def surest_errors(
    predictions: Predictions, threshold: float, shown: int = SHOWN_ERRORS
) -> tuple[FailedFilm, ...]:
    """Return the films that are decided wrongly most surely: missed ones first, then alarms.

    Parameters
    ----------
    shown : int
        Of either kind, at most.
    """
    films, probability = predictions.films, predictions.probability
    called, ill = probability >= threshold, films.label == 1
    order = np.argsort(probability, kind="stable")
    missed = [place for place in order if ill[place] and not called[place]][:shown]
    alarms = [place for place in order[::-1] if called[place] and not ill[place]][:shown]
    return tuple(
        FailedFilm(
            film_id=str(films.film_id[place]),
            split=str(films.split[place]),
            probability=float(probability[place]),
            ill=bool(ill[place]),
            subtype=str(films.subtype[place]),
        )
        for place in (*missed, *alarms)
    )


def describe_failures(facts: RunFacts) -> Section:
    """Return the most confident errors and the worst subgroups."""
    part = facts.run.metrics[usual_part(facts)]
    matrix = part["matrix"]
    text = (
        f"On the {part['split']} it misses {matrix['false_negative']} of {part['n_positive']} "
        f"pneumonias and raises {matrix['false_positive']} false alarms in "
        f"{part['n'] - part['n_positive']} normals."
    )
    items = tuple(worst_slices_text(facts))
    if facts.searched is not None:
        items = (searched_text(facts.searched), *items)
    blocks: list[Block] = [Paragraph(text)]
    if items:
        blocks.append(Bullets(items))
    errors = list_errors(facts)
    if errors:
        head = ("Most confident errors", "Probability", "Reference", "Film")
        rows = tuple(
            (
                "missed" if film.ill else "false alarm",
                probability_text(film.probability),
                "normal" if not film.ill else film.subtype or "pneumonia",
                film.film_id,
            )
            for film in errors
        )
        blocks.append(Table(head, rows, (1.3, 1.1, 1.1, 5.0)))
    return Section("failures", "Known failures", tuple(blocks))


def list_errors(facts: RunFacts) -> tuple[FailedFilm, ...]:
    """Return the surest errors of the part that errors are shown of; none without predictions."""
    if facts.predictions is None:
        return ()
    films = facts.predictions.of_split(usual_part(facts))
    listed = films.where(~np.isin(films.films.film_id, list(facts.unlisted)))
    return surest_errors(listed, facts.run.operating_point.threshold)


def worst_slices_text(facts: RunFacts) -> Iterator[str]:
    """Yield where sensitivity and specificity are lowest among thirds by image quality."""
    slices = facts.record.get("slices", {}).get(usual_part(facts), {})
    for name, words in SLICED.items():
        thirds = [
            (rate.value, quality, third, rate)
            for quality, of_quality in slices.items()
            for third in of_quality
            if (rate := rate_of(third[name])) is not None and rate.n >= LEAST_FILMS
        ]
        if thirds:
            _, quality, third, rate = min(thirds, key=lambda one: one[0])
            yield (
                f"{words} of {len(thirds)} thirds by image quality with {LEAST_FILMS} films or "
                f"more, not corrected for multiple testing: {rate_text(rate)} "
                f"({QUALITIES[quality]}: "
                f"{_range(third['low'], third['high'])})."
            )


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:.4g}"
    return f"{low:.4g} or more" if high is None else f"{low:.4g} to {high:.4g}"


def describe_shortcuts(facts: RunFacts) -> Section:
    """Return the shortcut features that the run relies on."""
    if facts.audit is None:
        text = "Not audited: the shortcut features that it relies on are not known."
        return Section("shortcuts", "Shortcuts found", (Paragraph(text),))
    items = tuple(
        f"{part.split[:1].upper()}{part.split[1:]} (n = {part.n}): "
        f"{audit_text(facts.run.run_id, part)}"
        for part in facts.audit.parts.values()
    )
    return Section("shortcuts", "Shortcuts found", (Bullets(items),))


def describe_explanations(facts: RunFacts) -> Section:
    """Return how well its regions point at lesions whose place is known."""
    quality = facts.explanations
    if quality is None:
        text = "Not measured for this run: it is not known whether its regions point at disease."
        return Section("explanations", "Explanations", (Paragraph(text),))
    head = ("Films", "Map", "Points at the lesion", "AUC", "Weight inside", "Overlap (IoU)")
    rows = tuple(
        (films, way, *(interval_text(rate, 2) for rate in _in_order(rates)))
        for films, of_films in quality.rates.items()
        for way, rates in of_films.items()
    )
    blocks = (
        Paragraph(
            f"{points_text(quality)} No child with pneumonia has outlines by radiologists: how "
            "well the map points on such films is not known. Regions show what the score depends "
            "on; they do not outline disease."
        ),
        Table(head, rows, (0.9, 1.5, 1.6, 1.6, 1.6, 1.6)),
        Bullets(
            tuple(
                f"{name}: {what}." for name, what in (*quality.films.items(), *quality.ways.items())
            )
        ),
    )
    return Section("explanations", "Explanations", blocks)


def _in_order(rates: PointingRates) -> tuple[Rate, ...]:
    return rates.points_at_lesion, rates.auc, rates.energy_inside, rates.iou


def describe_sanity(facts: RunFacts) -> Section:
    """Return whether its maps depend on what the run has learned."""
    check, heading = facts.sanity, "Weight randomisation"
    if check is None:
        text = "Not checked for this run: its maps may show the film rather than what was learned."
        return Section("sanity", heading, (Paragraph(text),))
    head = ("Random weights", "Rank correlation with the trained map", "Of absolute values")
    rows = tuple(
        (stage.layers, interval_text(stage.signed, 2), interval_text(stage.absolute, 2))
        for stage in check.stages
    )
    how = (
        f"{check.films[:1].upper()}{check.films[1:]}. Mean of {check.draws} draws of random "
        "weights, from the logit down; intervals over patients and draws. 1 is the same map, 0 "
        "has nothing in common (Adebayo et al., 2018)."
    )
    blocks = (Paragraph(sanity_text(check)), Table(head, rows, (1.6, 1.6, 1.6)), Paragraph(how))
    return Section("sanity", heading, blocks)


def points_text(quality: ExplanationQuality) -> str:
    """Return how often the map that is shown points at the lesion, on each set of films."""
    way = next(iter(quality.ways))
    by_films = "; ".join(
        f"{films} {rate_text(rates.points_at_lesion)}" for films, rates in quality.shown.items()
    )
    return f"Films whose strongest region by {way} points at the lesion: {by_films}."
