"""What a run was measured to do, and where it fails, from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.model_facts import RunFacts
from core.model_facts_document import (
    Block,
    Bullets,
    Intervals,
    MeasuredRow,
    Paragraph,
    Section,
    Table,
    say_interval,
    say_rate,
)
from core.model_facts_explanations import PointingRates
from core.predictions import Predictions
from core.run_table import QUALITIES
from core.shortcut_words import say_audit
from core.statistics import Rate

EXTERNAL = "nih"
RATES = {"sensitivity": "Sensitivity", "specificity": "Specificity"}
SLICED = {"sensitivity": "Lowest sensitivity", "specificity": "Lowest specificity"}
USUAL_PARTS = ("test", "validation")
SHOWN_ERRORS = 4


@dataclass(frozen=True, slots=True)
class FailedFilm:
    """A film that a run decides wrongly; ``ill`` by the reference."""

    film_id: str
    split: str
    probability: float
    ill: bool
    subtype: str


def usual_part(facts: RunFacts) -> str:
    """Return the part that errors are shown of: the official test where it was measured."""
    parts = (*USUAL_PARTS, *facts.run.metrics)
    return next(part for part in parts if part in facts.run.metrics)


def rate_of(stated: Mapping[str, Any]) -> Rate | None:
    """Return a rate as a record states it; None of no films."""
    return None if stated["value"] is None else Rate(**stated)


def surest_errors(
    predictions: Predictions, threshold: float, shown: int = SHOWN_ERRORS
) -> tuple[FailedFilm, ...]:
    """Return the films that are decided wrongly most surely: missed ones first, then alarms.

    Parameters
    ----------
    predictions : Predictions
    threshold : float
        The operating point.
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


def describe_results(facts: RunFacts) -> Section:
    """Return the operating point, and what it does on every part."""
    point = facts.run.operating_point
    wanted = facts.settings.get("sensitivity_wanted")
    why = f", for a sensitivity of at least {wanted:g}" if wanted else ""
    rows = [
        MeasuredRow(words, part["split"], rate, out_of_population=key == EXTERNAL)
        for name, words in RATES.items()
        for key, part in facts.run.metrics.items()
        if (rate := rate_of(part["rates"][name])) is not None
    ]
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"A film is called pneumonia from a probability of {point.threshold:.3f}, "
            f"{say_origin(facts)} ({point.n} films, {point.n_positive} with pneumonia){why}. "
            "Intervals are 95 %."
        ),
        Intervals(tuple(rows)),
        Table(
            ("Part", "Missed", "False alarms", "ROC AUC", "Calibration error"),
            tuple(_count_errors(facts)),
            (4.0, 1.3, 1.3, 2.2, 1.2),
        ),
    )
    return Section("results", "Operating point", blocks)


def say_origin(facts: RunFacts) -> str:
    """Return where the threshold comes from."""
    origin = facts.run.operating_point.chosen_on
    return f"chosen on {origin}" if origin.startswith("validation") else origin


def _count_errors(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    for part in facts.run.metrics.values():
        matrix, auc = part["matrix"], rate_of(part["rates"]["roc_auc"])
        ill, well = part["n_positive"], part["n"] - part["n_positive"]
        yield (
            part["split"],
            f"{matrix['false_negative']} of {ill}",
            f"{matrix['false_positive']} of {well}",
            "no films" if auc is None else say_interval(auc),
            f"{part['expected_calibration_error']:.3f}",
        )


def describe_band(facts: RunFacts) -> Section:
    """Return where the run takes no side, and how often it is wrong where it takes one."""
    band = facts.run.abstention
    if band is None:
        said = "None: every film gets a side, also those whose probability is near the threshold."
        return Section("band", "Where it takes no side", (Paragraph(said),))
    low = "no film is called normal" if band.low is None else f"from {band.low:.3f}"
    high = "no film is called pneumonia" if band.high is None else f"to {band.high:.3f}"
    said = (
        f"Probabilities {low} {high} are called unsure. Chosen on {band.chosen_on} (n = "
        f"{band.n}) so that, with {100.0 * band.confidence:.0f} % confidence, at most "
        f"{100.0 * band.target_error:.0f} % of the films on either side are wrong ({band.method})."
    )
    rows = tuple(
        (facts.run.metrics[part]["split"], *map(_say_share, _sides(measured)))
        for part, measured in facts.run.decided.items()
        if part in facts.run.metrics
    )
    head = ("Part", "Gets a side", "Wrong of called pneumonia", "Wrong of called normal")
    blocks = (Paragraph(said), Table(head, rows, (2.4, 2.2, 2.2, 2.2)))
    return Section("band", "Where it takes no side", blocks)


def _sides(measured: Mapping[str, Any]) -> Iterator[Mapping[str, Any] | None]:
    for name in ("coverage", "error_pneumonia", "error_normal"):
        yield measured[name]


def _say_share(stated: Mapping[str, Any] | None) -> str:
    rate = None if stated is None else rate_of(stated)
    return "no film" if rate is None else say_interval(rate)


def describe_external(facts: RunFacts) -> Section:
    """Return what the run does on films of another population."""
    heading = "Films of another hospital: out of population"
    part = facts.run.metrics.get(EXTERNAL)
    if part is None:
        blocks = (Paragraph("Not measured: no film of another hospital was scored."),)
        return Section("external", heading, blocks)
    matrix = part["matrix"]
    found, cleared = (rate_of(part["rates"][name]) for name in RATES)
    ill, well = part["n_positive"], part["n"] - part["n_positive"]
    said = (
        f"On {part['n']} films of {part['n_patients']} adults it misses "
        f"{matrix['false_negative']} of {ill} and raises {matrix['false_positive']} false alarms "
        f"in {well}: sensitivity {_say(found)}; specificity {_say(cleared)}. It was not made for "
        "adults: this shows what becomes of films that it does not know, and promises nothing."
    )
    return Section("external", heading, (Paragraph(said),))


def _say(rate: Rate | None) -> str:
    return "no films" if rate is None else say_rate(rate)


def describe_failures(facts: RunFacts) -> Section:
    """Return which films it decides wrongly most surely, and where it does worst."""
    part = facts.run.metrics[usual_part(facts)]
    matrix = part["matrix"]
    said = (
        f"On the {part['split']} it misses {matrix['false_negative']} of {part['n_positive']} "
        f"pneumonias and raises {matrix['false_positive']} false alarms in "
        f"{part['n'] - part['n_positive']} normals."
    )
    items = tuple(_worst_slices(facts))
    blocks: list[Block] = [Paragraph(said)]
    if items:
        blocks.append(Bullets(items))
    errors = list_errors(facts)
    if errors:
        head = ("Surest errors", "Probability", "What it is", "Film")
        rows = tuple(
            (
                "missed" if film.ill else "false alarm",
                f"{film.probability:.3f}",
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
    return surest_errors(films, facts.run.operating_point.threshold)


def _worst_slices(facts: RunFacts) -> Iterator[str]:
    slices = facts.record.get("slices", {}).get(usual_part(facts), {})
    for name, words in SLICED.items():
        thirds = [
            (rate.value, quality, third, rate)
            for quality, of_quality in slices.items()
            for third in of_quality
            if (rate := rate_of(third[name])) is not None
        ]
        if thirds:
            _, quality, third, rate = min(thirds, key=lambda one: one[0])
            yield (
                f"{words} of {len(thirds)} thirds by image quality, not corrected for the number "
                f"looked at: {say_rate(rate)} ({QUALITIES[quality]}: "
                f"{_range(third['low'], third['high'])})."
            )


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:.4g}"
    return f"{low:.4g} or more" if high is None else f"{low:.4g} to {high:.4g}"


def describe_shortcuts(facts: RunFacts) -> Section:
    """Return what the score hangs on besides the lungs."""
    if facts.audit is None:
        said = "Not audited: nothing is known of what its score hangs on besides the lungs."
        return Section("shortcuts", "Shortcuts found", (Paragraph(said),))
    items = tuple(
        f"{part.split[:1].upper()}{part.split[1:]} (n = {part.n}): "
        f"{say_audit(facts.run.run_id, part)}"
        for part in facts.audit.parts.values()
    )
    return Section("shortcuts", "Shortcuts found", (Bullets(items),))


def describe_explanations(facts: RunFacts) -> Section:
    """Return how well its regions point at lesions whose place is known."""
    quality = facts.explanations
    if quality is None:
        said = (
            "Not measured for this run: nothing is known of whether the regions that are shown "
            "point at disease."
        )
        return Section("explanations", "Explanations", (Paragraph(said),))
    head = ("Way", "Points at the lesion", "Weight inside", "Overlap (IoU)")
    of_all = quality.rates["all"]
    rows = tuple(
        (way, *map(say_interval, (rates.points_at_lesion, rates.energy_inside, rates.iou)))
        for way, rates in of_all.items()
    )
    n = next(iter(of_all.values())).points_at_lesion.n
    blocks = (
        Paragraph(
            f"Held against {quality.films} (n = {n}). {_say_best(of_all)} Regions say what the "
            "score depends on; they are no outline of disease."
        ),
        Table(head, rows, (1.2, 2.2, 2.2, 2.2)),
        Bullets(tuple(f"{way}: {what}." for way, what in quality.ways.items())),
    )
    return Section("explanations", "Explanations", blocks)


def _say_best(of_all: Mapping[str, PointingRates]) -> str:
    ranked = sorted(of_all.items(), key=lambda one: -one[1].points_at_lesion.value)
    said = ", ".join(f"{way} {rates.points_at_lesion.value:.2f}" for way, rates in ranked)
    return f"Share of films whose strongest point lies on the lesion, best first: {said}."
