"""What a run was measured to do, and where it fails, from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.comparison.prevalence import WardOutcome, expect_among
from core.comparison.text import ward_text
from core.domain.rate import Rate, interval_text
from core.model_card.facts import RunFacts
from core.reports.document import Block, Intervals, MeasuredRow, Paragraph, Section, Table

EXTERNAL = "nih"
RATES = {"sensitivity": "Sensitivity", "specificity": "Specificity"}
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
    return (
        f"On the {part['split']} it finds {_of_100(found, 'pneumonias')} and calls "
        f"normal {_of_100(cleared, 'films without pneumonia')}."
    )


def _of_100(rate: Rate | None, what: str) -> str:
    if rate is None:
        return f"no {what} (there are none)"
    value, low, high = (100.0 * share for share in (rate.value, rate.low, rate.high))
    return f"{value:.0f} of 100 {what} ({low:.0f} to {high:.0f}, n = {rate.n})"


def describe_ward(facts: RunFacts, ill_of_100: int) -> Section:
    """Return what the rates mean at a given prevalence."""
    heading = f"Of 1,000 children, {10 * ill_of_100} with pneumonia"
    ward = expect_in_ward(facts, 1000, ill_of_100)
    if ward is None:
        text = "Not measured on children with pneumonia and without: no estimate is possible."
        return Section("ward", heading, (Paragraph(text),))
    split = facts.run.metrics[usual_part(facts)]["split"]
    blocks = (
        Paragraph(ward_text(facts.run.run_id, ward)),
        Paragraph(
            f"Calculated from sensitivity and specificity on the {split}. It holds in a ward only "
            "if disease and films are similar there."
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
    point = facts.run.operating_point
    wanted = facts.settings.get("sensitivity_wanted")
    why = f", for a sensitivity of at least {wanted:g}" if wanted else ""
    rows = [
        row for key in facts.run.metrics if key != EXTERNAL for row in _measured_rows(facts, key)
    ]
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"A film is called pneumonia from a probability of {point.threshold:.3f}, "
            f"{origin_text(facts)} ({point.n} films, {point.n_positive} with pneumonia){why}. "
            "Intervals are 95 %."
        ),
        *([Intervals(tuple(rows))] if rows else ()),
        Table(
            ("Part", "Missed", "False alarms", "ROC AUC", "Calibration error"),
            tuple(_count_errors(facts)),
            (4.0, 1.3, 1.3, 2.2, 1.2),
        ),
    )
    return Section("results", "Operating point", blocks)


def _measured_rows(facts: RunFacts, key: str) -> Iterator[MeasuredRow]:
    part = facts.run.metrics[key]
    for name, words in RATES.items():
        rate = rate_of(part["rates"][name])
        if rate is not None:
            yield MeasuredRow(words, part["split"], rate, out_of_population=key == EXTERNAL)


def origin_text(facts: RunFacts) -> str:
    """Return where the threshold comes from."""
    origin = facts.run.operating_point.chosen_on
    return f"chosen on {origin}" if origin.startswith("validation") else origin


def _count_errors(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    for part in facts.run.metrics.values():
        matrix, rates = part["matrix"], part["rates"]
        auc, error = (rate_of(rates[name]) for name in ("roc_auc", "expected_calibration_error"))
        ill, well = part["n_positive"], part["n"] - part["n_positive"]
        yield (
            part["split"],
            f"{matrix['false_negative']} of {ill}",
            f"{matrix['false_positive']} of {well}",
            "no films" if auc is None else interval_text(auc),
            "no films" if error is None else interval_text(error),
        )


def describe_band(facts: RunFacts) -> Section:
    """Return where the run is unsure, and how often it is wrong where it decides."""
    band = facts.run.abstention
    if band is None:
        text = "Nowhere: every film is called pneumonia or normal, even near the threshold."
        return Section("band", "Where it is unsure", (Paragraph(text),))
    low = "no film is called normal" if band.low is None else f"from {band.low:.3f}"
    high = "no film is called pneumonia" if band.high is None else f"to {band.high:.3f}"
    text = (
        f"Probabilities {low} {high} are called unsure. Chosen on {band.chosen_on} (n = "
        f"{band.n}) so that, with {100.0 * band.confidence:.0f} % confidence, at most "
        f"{100.0 * band.target_error:.0f} % of the films called pneumonia are wrong, and at most "
        f"as many of those called normal ({band.method})."
    )
    rows = tuple(
        (facts.run.metrics[part]["split"], *(_share_text(measured[name]) for name in DECIDED))
        for part, measured in facts.run.decided.items()
        if part in facts.run.metrics
    )
    head = ("Part", "Decided", "Wrong of called pneumonia", "Wrong of called normal")
    blocks = (Paragraph(text), Table(head, rows, (2.4, 2.2, 2.2, 2.2)))
    return Section("band", "Where it is unsure", blocks)


def _share_text(stated: Mapping[str, Any] | None) -> str:
    rate = None if stated is None else rate_of(stated)
    return "no film" if rate is None else interval_text(rate)


def describe_external(facts: RunFacts) -> Section:
    """Return what the run does on films of another population."""
    heading = "External adults: outside intended use; not validated"
    part = facts.run.metrics.get(EXTERNAL)
    if part is None:
        blocks: tuple[Block, ...] = (Paragraph("Not measured: no film of another hospital."),)
        return Section("external", heading, blocks)
    matrix = part["matrix"]
    ill, well = part["n_positive"], part["n"] - part["n_positive"]
    text = (
        f"On {part['n']} films of {part['n_patients']} adults of another hospital it misses "
        f"{matrix['false_negative']} of {ill} and raises {matrix['false_positive']} false alarms "
        f"in {well}."
    )
    blocks = (Paragraph(text), Intervals(tuple(_measured_rows(facts, EXTERNAL))))
    return Section("external", heading, blocks)
