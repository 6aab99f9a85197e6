"""The implant test as a document, and as a table for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from core import __version__
from core.domain.findings import zone_words
from core.domain.rate import Rate, of_few_text
from core.implants.measure import EVERYWHERE, Found, ImplantPlan, ImplantResult, ZoneResult
from core.language.capitals import capitalised
from core.language.numbers import number, time_text
from core.language.words import Message, msg, tr, trn
from core.phantom.settings import LUNG_HEIGHT_CM
from core.reports.document import Bullets, Document, Section, Table
from core.reports.film_report import DISCLAIMER
from core.reports.pdf import IN_SHORT, write_pdf
from core.stats.psychometric import Threshold

ZONES, CONTROLS = "zones", "controls"
CSV_COLUMNS = ("zone", "measure", "n", "half_cm", "half_low_cm", "half_high_cm", "four_fifths_cm")


def zone_name(zone: str) -> Message:
    """Return what a zone is called at the beginning of a line."""
    return msg("All zones") if zone == EVERYWHERE else capitalised(zone_words(zone))


def opacity_text(opacity_cm: float, plan: ImplantPlan) -> str:
    """Return an opacity in cm; one that was not reached lies above the densest lesion."""
    weakest, densest = plan.opacities_cm[0], plan.opacities_cm[-1]
    if np.isinf(opacity_cm):
        return tr("above {most}", most=number(densest, "g"))
    if opacity_cm <= weakest:
        return tr("at most {least}", least=number(weakest, "g"))
    return number(opacity_cm, ".1f")


def threshold_text(threshold: Threshold, plan: ImplantPlan) -> str:
    """Return an opacity with its interval."""
    value, low, high = (
        opacity_text(one, plan) for one in (threshold.value, threshold.low, threshold.high)
    )
    if low == high == value:
        return value
    return tr("{value} ({low} to {high})", value=value, low=low, high=high)


def export_implants(found: ImplantResult, made_at: datetime) -> bytes:
    """Return an implant test as a PDF file in the current language."""
    return write_pdf(describe_implants(found, made_at), {})


def answer_of(found: ImplantResult) -> tuple[str, ...]:
    """Return what an implant test found, a sentence a fact."""
    every, plan = found.everywhere, found.plan
    densest = number(plan.opacities_cm[-1], "g")
    lines = [
        tr(
            "{n} normal films took a lesion of {diameter:g} cm in each zone, at {opacities} "
            "opacities up to {densest} cm of water.",
            n=found.films,
            diameter=plan.diameter_cm,
            opacities=len(plan.opacities_cm),
            densest=densest,
        ),
        tr(
            "The densest lesion turned {share} of the readings suspicious.",
            share=of_few_text(every.suspicious.shares[-1]),
        ),
        tr(
            "Opacity at which the score notices half of the lesions, in cm: {opacity}.",
            opacity=threshold_text(every.noticed.half, plan),
        ),
    ]
    if every.pointing is not None:
        lines.append(
            tr(
                "The strongest region lay on the densest lesion in {share}; by chance it is "
                "{chance:.2f}.",
                share=of_few_text(every.pointing),
                chance=every.chance,
            )
        )
    if found.synthetic:
        lines.append(tr("The films are synthetic: the result says nothing of patients."))
    return tuple(lines)


def describe_implants(found: ImplantResult, made_at: datetime) -> Document:
    """Return what an implant test found."""
    sections = (
        Section(IN_SHORT, tr("In short"), (Bullets(answer_of(found)),)),
        Section(ZONES, tr("Smallest opacity by zone, in cm of water"), (zone_table(found),)),
        Section(CONTROLS, tr("Controls"), (control_table(found), Bullets(_controls(found)))),
        Section("limits", tr("What this does not show"), (Bullets(_limits(found)),)),
    )
    return Document(
        tr("Implant test of run {run} on {library}", run=found.reader, library=found.library),
        tr("Made on {day} by First Read {version}.", day=time_text(made_at), version=__version__),
        (tr(DISCLAIMER),),
        sections,
    )


def zone_table(found: ImplantResult) -> Table:
    """Return a row a zone: opacities that are noticed and called suspicious, and regions."""
    head = (
        tr("Zone"),
        tr("Noticed in half"),
        tr("Noticed in four fifths"),
        tr("Suspicious in half"),
        tr("Suspicious at the densest"),
        tr("Region on the lesion"),
    )
    rows = tuple(_zone_row(zone, found.plan) for zone in found.zones)
    return Table(head, rows, (0.13, 0.18, 0.18, 0.16, 0.18, 0.17))


def _zone_row(zone: ZoneResult, plan: ImplantPlan) -> tuple[str, ...]:
    return (
        tr(zone_name(zone.zone)),
        threshold_text(zone.noticed.half, plan),
        threshold_text(zone.noticed.most, plan),
        threshold_text(zone.suspicious.half, plan),
        tr(of_few_text(zone.suspicious.shares[-1])),
        "" if zone.pointing is None else tr(of_few_text(zone.pointing)),
    )


def control_table(found: ImplantResult) -> Table:
    """Return what was found at each opacity in the lungs, and beside them."""
    every = found.everywhere
    head = (
        tr("Opacity, cm"),
        tr("Noticed in the lungs"),
        tr("Noticed in soft tissue"),
        tr("Suspicious in the lungs"),
        tr("Suspicious in soft tissue"),
    )
    columns = zip(
        found.plan.opacities_cm,
        every.noticed.shares,
        found.beside_noticed,
        every.suspicious.shares,
        found.beside_suspicious,
        strict=True,
    )
    rows = tuple(
        (number(opacity, "g"), *(_share_text(rate) for rate in rates))
        for opacity, *rates in columns
    )
    return Table(head, rows, (0.12, 0.22, 0.22, 0.22, 0.22))


def _share_text(rate: Rate) -> str:
    return tr(of_few_text(rate)) if rate.n else tr("no films")


def _controls(found: ImplantResult) -> tuple[str, ...]:
    return (
        tr(
            "With nothing but the mark added, {share} were suspicious.",
            share=of_few_text(found.resaved),
        ),
        tr(
            "A lesion counts as noticed if it multiplies the odds of pneumonia by more than "
            "{times:.2f}. In soft tissue, the densest lesion does so in 1 of 20 films.",
            times=np.exp(found.rise),
        ),
    )


def left_out_text(found: ImplantResult) -> str:
    """Return how many normal films took no lesion, and why."""
    if not found.left_out:
        return tr("No normal film was left out.")
    counted = trn(
        "{n} normal film was left out of the test.",
        "{n} normal films were left out of the test.",
        found.left_out,
    )
    why = tr(
        "Such a film is refused by the quality check, called suspicious without a lesion, or both "
        "of its lungs are not found."
    )
    return f"{counted} {why}"


def _limits(found: ImplantResult) -> tuple[str, ...]:
    return (
        tr("A drawn lesion is simpler than pneumonia: one place, one opacity, no other sign."),
        tr("A run may miss a single lesion and still find pneumonia that is spread out."),
        tr(
            "Centimetres are those of lungs {height:.1f} cm high; larger lungs are scaled to it.",
            height=LUNG_HEIGHT_CM,
        ),
        tr("Behind the heart and the diaphragm a lesion is fainter at the same opacity."),
        left_out_text(found),
    )


def implants_as_csv(found: ImplantResult) -> str:
    """Return a row a zone and measure; an opacity that was not reached is empty."""
    opacities = [f"share_at_{opacity:g}_cm" for opacity in found.plan.opacities_cm]
    head = (*CSV_COLUMNS, *opacities, "pointing", "pointing_chance")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for zone in found.zones:
        for measure, one in (("noticed", zone.noticed), ("suspicious", zone.suspicious)):
            writer.writerow(_csv_row(zone, measure, one))
    controls = (("noticed", found.beside_noticed), ("suspicious", found.beside_suspicious))
    for measure, rates in controls:
        shares = [_figure(rate.value) for rate in rates]
        blank = [""] * 4
        writer.writerow(["soft tissue", measure, rates[0].n, *blank, *shares, "", ""])
    return text.getvalue()


def _csv_row(zone: ZoneResult, measure: str, one: Found) -> Sequence[object]:
    half, most = one.half, one.most
    reached = [_figure(value) for value in (half.value, half.low, half.high, most.value)]
    shares = [_figure(rate.value) for rate in one.shares]
    pointing = "" if zone.pointing is None else _figure(zone.pointing.value)
    return [zone.zone, measure, half.n, *reached, *shares, pointing, _figure(zone.chance)]


def _figure(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else ""
