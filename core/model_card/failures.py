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
from core.language.words import msg, tr
from core.model_card.facts import RunFacts
from core.model_card.recorded import begin, recorded, split_text
from core.model_card.results import rate_of, usual_part
from core.reports.document import Block, Bullets, Paragraph, Section, Table
from core.runs.predictions import Predictions
from core.shortcuts.record import audit_text

SLICED = {"sensitivity": msg("Lowest sensitivity"), "specificity": msg("Lowest specificity")}
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
    text = tr(
        "On the {split} it misses {missed} of {ill} pneumonias and raises {alarms} false alarms "
        "in {well} normals.",
        split=split_text(part),
        missed=matrix["false_negative"],
        ill=part["n_positive"],
        alarms=matrix["false_positive"],
        well=part["n"] - part["n_positive"],
    )
    items = tuple(worst_slices_text(facts))
    if facts.searched is not None:
        items = (searched_text(facts.searched), *items)
    blocks: list[Block] = [Paragraph(text)]
    if items:
        blocks.append(Bullets(items))
    errors = list_errors(facts)
    if errors:
        head = (tr("Most confident errors"), tr("Probability"), tr("Reference"), tr("Film"))
        rows = tuple(
            (
                tr("missed") if film.ill else tr("false alarm"),
                tr(probability_text(film.probability)),
                reference_text(film),
                film.film_id,
            )
            for film in errors
        )
        blocks.append(Table(head, rows, (1.3, 1.1, 1.1, 5.0)))
    return Section("failures", tr("Known failures"), tuple(blocks))


def reference_text(film: FailedFilm) -> str:
    """Return what the reference says of a film: which pneumonia, or normal."""
    if not film.ill:
        return tr("normal")
    return tr(recorded(film.subtype)) if film.subtype else tr("pneumonia")


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
            yield tr(
                "{lowest} of {thirds} thirds by image quality with {least} films or more, not "
                "corrected for multiple testing: {rate} ({quality}: {limits}).",
                lowest=words,
                thirds=len(thirds),
                least=LEAST_FILMS,
                rate=rate_text(rate),
                quality=tr(QUALITIES[quality]),
                limits=_range(third["low"], third["high"]),
            )


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return tr("below {high:.4g}", high=high)
    if high is None:
        return tr("{low:.4g} or more", low=low)
    return tr("{low:.4g} to {high:.4g}", low=low, high=high)


def describe_shortcuts(facts: RunFacts) -> Section:
    """Return the shortcut features that the run relies on."""
    if facts.audit is None:
        text = tr("Not audited: the shortcut features that it relies on are not known.")
        return Section("shortcuts", tr("Shortcuts found"), (Paragraph(text),))
    items = tuple(
        f"{begin(tr(recorded(part.split)))} (n = {part.n}): {audit_text(facts.run.run_id, part)}"
        for part in facts.audit.parts.values()
    )
    return Section("shortcuts", tr("Shortcuts found"), (Bullets(items),))


def describe_explanations(facts: RunFacts) -> Section:
    """Return how well its regions point at lesions whose place is known."""
    quality = facts.explanations
    if quality is None:
        text = tr(
            "Not measured for this run: it is not known whether its regions point at disease."
        )
        return Section("explanations", tr("Explanations"), (Paragraph(text),))
    head = (
        tr("Films"),
        tr("Map"),
        tr("Points at the lesion"),
        tr("AUC"),
        tr("Weight inside"),
        tr("Overlap (IoU)"),
    )
    rows = tuple(
        (
            tr(recorded(films)),
            tr(recorded(way)),
            *(tr(interval_text(rate, 2)) for rate in _in_order(rates)),
        )
        for films, of_films in quality.rates.items()
        for way, rates in of_films.items()
    )
    blocks = (
        Paragraph(
            tr(
                "{points} No child with pneumonia has outlines by radiologists: how well the map "
                "points on such films is not known. Regions show what the score depends on; they "
                "do not outline disease.",
                points=points_text(quality),
            )
        ),
        Table(head, rows, (1.15, 1.5, 1.55, 1.5, 1.55, 1.55)),
        Bullets(
            tuple(
                f"{tr(recorded(name))}: {tr(recorded(what))}."
                for name, what in (*quality.films.items(), *quality.ways.items())
            )
        ),
    )
    return Section("explanations", tr("Explanations"), blocks)


def _in_order(rates: PointingRates) -> tuple[Rate, ...]:
    return rates.points_at_lesion, rates.auc, rates.energy_inside, rates.iou


def describe_sanity(facts: RunFacts) -> Section:
    """Return whether its maps depend on what the run has learned."""
    check, heading = facts.sanity, tr("Weight randomisation")
    if check is None:
        text = tr(
            "Not checked for this run: its maps may show the film rather than what was learned."
        )
        return Section("sanity", heading, (Paragraph(text),))
    head = (
        tr("Random weights"),
        tr("Rank correlation with the trained map"),
        tr("Of absolute values"),
    )
    rows = tuple(
        (
            tr(recorded(stage.layers)),
            tr(interval_text(stage.signed, 2)),
            tr(interval_text(stage.absolute, 2)),
        )
        for stage in check.stages
    )
    how = tr(
        "{films}. Mean of {draws} draws of random weights, from the logit down; intervals over "
        "patients and draws. 1 is the same map, 0 has nothing in common (Adebayo et al., 2018).",
        films=begin(tr(recorded(check.films))),
        draws=check.draws,
    )
    blocks = (Paragraph(sanity_text(check)), Table(head, rows, (1.6, 1.6, 1.6)), Paragraph(how))
    return Section("sanity", heading, blocks)


def points_text(quality: ExplanationQuality) -> str:
    """Return how often the map that is shown points at the lesion, on each set of films."""
    way = next(iter(quality.ways))
    by_films = "; ".join(
        f"{tr(recorded(films))} {tr(rate_text(rates.points_at_lesion))}"
        for films, rates in quality.shown.items()
    )
    return tr(
        "Films whose strongest region by {way} points at the lesion: {rates}.",
        way=recorded(way),
        rates=by_films,
    )
