"""What a run was measured to do, and where it fails, from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.comparison.prevalence import WardOutcome, expect_among
from core.comparison.text import ward_text
from core.domain.model import AbstentionBand
from core.domain.rate import Rate, interval_text
from core.language.words import msg, tr
from core.model_card.facts import RunFacts
from core.model_card.recorded import recorded, split_text
from core.reports.document import Block, Intervals, MeasuredRow, Paragraph, Section, Table

EXTERNAL = "nih"
RATES = {"sensitivity": msg("Sensitivity"), "specificity": msg("Specificity")}
RATES_INSIDE = {"sensitivity": msg("sensitivity"), "specificity": msg("specificity")}
"""The same where they stand inside a sentence."""
NO_ESTIMATE = msg("Not measured on children with pneumonia and without: no estimate is possible.")
DECIDED = ("coverage", "error_pneumonia", "error_normal")
USUAL_PARTS = ("test", "validation")


def usual_part(facts: RunFacts) -> str:
    """Return the part that errors are shown of: the official test where it was measured."""
    parts = (*USUAL_PARTS, *facts.run.metrics)
    return next(part for part in parts if part in facts.run.metrics)


def rate_of(stated: Mapping[str, Any]) -> Rate | None:
    """Return a rate as a record states it; None of no films."""
    return None if stated["value"] is None else Rate(**stated)


def in_short_text(facts: RunFacts) -> str:
    """Return the operating point in one sentence, of 100 of each kind."""
    part = facts.run.metrics[usual_part(facts)]
    found, cleared = (rate_of(part["rates"][name]) for name in RATES)
    return tr(
        "On the {split} it finds {pneumonias} and calls normal {normals}.",
        split=split_text(part),
        pneumonias=_found_text(found),
        normals=_cleared_text(cleared),
    )


def _found_text(rate: Rate | None) -> str:
    if rate is None:
        return tr("no pneumonias (there are none)")
    return tr("{share:.0f} of 100 pneumonias ({low:.0f} to {high:.0f}, n = {n})", **_percent(rate))


def _cleared_text(rate: Rate | None) -> str:
    if rate is None:
        return tr("no films without pneumonia (there are none)")
    return tr(
        "{share:.0f} of 100 films without pneumonia ({low:.0f} to {high:.0f}, n = {n})",
        **_percent(rate),
    )


def _percent(rate: Rate) -> dict[str, float]:
    shares = {"share": rate.value, "low": rate.low, "high": rate.high}
    return {name: 100.0 * share for name, share in shares.items()} | {"n": rate.n}


def describe_ward(facts: RunFacts, ill_of_100: int) -> Section:
    """Return what the rates mean at a given prevalence."""
    heading = tr("Of 1,000 children, {ill} with pneumonia", ill=10 * ill_of_100)
    ward = expect_in_ward(facts, 1000, ill_of_100)
    if ward is None:
        return Section("ward", heading, (Paragraph(tr(NO_ESTIMATE)),))
    blocks = (
        Paragraph(ward_text(facts.run.run_id, ward)),
        Paragraph(
            tr(
                "Calculated from sensitivity and specificity on the {split}. It holds in a ward "
                "only if disease and films are similar there.",
                split=split_text(facts.run.metrics[usual_part(facts)]),
            )
        ),
    )
    return Section("ward", heading, blocks)


def expect_in_ward(facts: RunFacts, children: int, ill_of_100: int) -> WardOutcome | None:
    """Return what to expect in a ward; None without both classes of children."""
    key = usual_part(facts)
    found, cleared = (rate_of(facts.run.metrics[key]["rates"][name]) for name in RATES)
    if key == EXTERNAL or found is None or cleared is None:
        return None
    return expect_among(children, ill_of_100 / 100.0, found, cleared)


def describe_results(facts: RunFacts) -> Section:
    """Return the operating point, and what it does on every part."""
    rows = [
        row for key in facts.run.metrics if key != EXTERNAL for row in _measured_rows(facts, key)
    ]
    head = (tr("Part"), tr("Missed"), tr("False alarms"), tr("ROC AUC"), tr("Calibration error"))
    blocks: tuple[Block, ...] = (
        Paragraph(f"{_point_text(facts)} {tr('Intervals are 95 %.')}"),
        *([Intervals(tuple(rows))] if rows else ()),
        Table(head, tuple(_count_errors(facts)), (4.0, 1.3, 1.3, 2.2, 1.2)),
    )
    return Section("results", tr("Operating point"), blocks)


def _point_text(facts: RunFacts) -> str:
    point = facts.run.operating_point
    stated = {
        "threshold": point.threshold,
        "origin": origin_text(facts),
        "n": point.n,
        "ill": point.n_positive,
    }
    wanted = facts.settings.get("sensitivity_wanted")
    if not wanted:
        return tr(
            "A film is called pneumonia from a probability of {threshold:.3f}, {origin} ({n} "
            "films, {ill} with pneumonia).",
            **stated,
        )
    return tr(
        "A film is called pneumonia from a probability of {threshold:.3f}, {origin} ({n} films, "
        "{ill} with pneumonia), for a sensitivity of at least {wanted:g}.",
        wanted=wanted,
        **stated,
    )


def _measured_rows(facts: RunFacts, key: str) -> Iterator[MeasuredRow]:
    part = facts.run.metrics[key]
    for name, words in RATES.items():
        rate = rate_of(part["rates"][name])
        if rate is not None:
            outside = key == EXTERNAL
            yield MeasuredRow(words, split_text(part), rate, out_of_population=outside)


def origin_text(facts: RunFacts) -> str:
    """Return where the threshold comes from."""
    origin = facts.run.operating_point.chosen_on
    if origin.startswith("validation"):
        return tr("chosen on {films}", films=recorded(origin))
    return tr(recorded(origin))


def _count_errors(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    for part in facts.run.metrics.values():
        matrix, rates = part["matrix"], part["rates"]
        auc, error = (rate_of(rates[name]) for name in ("roc_auc", "expected_calibration_error"))
        ill, well = part["n_positive"], part["n"] - part["n_positive"]
        yield (
            split_text(part),
            tr("{n} of {all}", n=matrix["false_negative"], all=ill),
            tr("{n} of {all}", n=matrix["false_positive"], all=well),
            tr("no films") if auc is None else tr(interval_text(auc)),
            tr("no films") if error is None else tr(interval_text(error)),
        )


def describe_band(facts: RunFacts) -> Section:
    """Return where the run is unsure, and how often it is wrong where it decides."""
    band, heading = facts.run.abstention, tr("Where it is unsure")
    if band is None:
        text = tr("Nowhere: every film is called pneumonia or normal, even near the threshold.")
        return Section("band", heading, (Paragraph(text),))
    chosen = tr(
        "Chosen on {films} (n = {n}) so that, with {confidence:.0f} % confidence, at most "
        "{wrong:.0f} % of the films called pneumonia are wrong, and at most as many of those "
        "called normal ({method}).",
        films=recorded(band.chosen_on),
        n=band.n,
        confidence=100.0 * band.confidence,
        wrong=100.0 * band.target_error,
        method=recorded(band.method),
    )
    rows = tuple(
        (
            split_text(facts.run.metrics[part]),
            *(_share_text(measured[name]) for name in DECIDED),
        )
        for part, measured in facts.run.decided.items()
        if part in facts.run.metrics
    )
    head = (
        tr("Part"),
        tr("Decided"),
        tr("Wrong of called pneumonia"),
        tr("Wrong of called normal"),
    )
    blocks = (Paragraph(f"{_unsure_text(band)} {chosen}"), Table(head, rows, (2.4, 2.2, 2.2, 2.2)))
    return Section("band", heading, blocks)


def _unsure_text(band: AbstentionBand) -> str:
    if band.low is None and band.high is None:
        return tr("Every film is called unsure.")
    if band.low is None:
        return tr(
            "Probabilities to {high:.3f} are called unsure; no film is called normal.",
            high=band.high,
        )
    if band.high is None:
        return tr(
            "Probabilities from {low:.3f} are called unsure; no film is called pneumonia.",
            low=band.low,
        )
    return tr(
        "Probabilities from {low:.3f} to {high:.3f} are called unsure.",
        low=band.low,
        high=band.high,
    )


def _share_text(stated: Mapping[str, Any] | None) -> str:
    rate = None if stated is None else rate_of(stated)
    return tr("no film") if rate is None else tr(interval_text(rate))


def describe_external(facts: RunFacts) -> Section:
    """Return what the run does on films of another population."""
    heading = tr("External adults: outside intended use; not validated")
    part = facts.run.metrics.get(EXTERNAL)
    if part is None:
        blocks: tuple[Block, ...] = (Paragraph(tr("Not measured: no film of another hospital.")),)
        return Section("external", heading, blocks)
    text = tr(
        "On {n} films of {patients} adults of another hospital it misses {missed} of {ill} and "
        "raises {alarms} false alarms in {well}.",
        n=part["n"],
        patients=part["n_patients"],
        missed=part["matrix"]["false_negative"],
        ill=part["n_positive"],
        alarms=part["matrix"]["false_positive"],
        well=part["n"] - part["n_positive"],
    )
    blocks = (Paragraph(text), Intervals(tuple(_measured_rows(facts, EXTERNAL))))
    return Section("external", heading, blocks)
