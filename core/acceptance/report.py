"""The acceptance test as a document of three pages: the answer, the numbers, the parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import numpy as np

from core import __version__
from core.acceptance.criteria import AT_MOST, MEASURE_WORDS, Judged
from core.acceptance.measured import Acceptance
from core.comparison.curves import ODDS_ENDS, ODDS_TICKS, find_window, log_odds
from core.comparison.report import corner_axis
from core.domain.quality import refusal_words
from core.domain.rate import Rate, rate_text
from core.evaluation.metrics import CalibrationBin
from core.language.capitals import capitalised
from core.language.numbers import number, time_text
from core.language.words import msg, tr, trn
from core.reports.document import Bullets, Document, Paragraph, Section, Table
from core.reports.film_report import DISCLAIMER
from core.reports.pdf import IN_SHORT, write_pdf
from core.reports.plots import Axis, Line, Plot, draw_plots

RESULTS, BANDS, PARTS = "results", "bands", "parts"
GUIDE, OWN_INK, SITE_INK = (170, 170, 170), (213, 94, 0), (0, 114, 178)
"""Of Okabe and Ito's colours, which stay apart for colour-blind readers; the dashes differ too."""

SHOWN_RATES = {
    "sensitivity": msg("Sensitivity"),
    "specificity": msg("Specificity"),
    "f1_pneumonia": msg("F1, pneumonia"),
    "log_loss": msg("Log loss"),
    "accuracy": msg("Accuracy"),
    "roc_auc": msg("ROC AUC"),
    "expected_calibration_error": msg("Expected calibration error"),
}


def export_acceptance(found: Acceptance, site: str, made_at: datetime) -> bytes:
    """Return an acceptance test as a PDF file in the current language.

    Parameters
    ----------
    site : str
        What the site's films are called.
    """
    document = describe_acceptance(found, site, made_at)
    plots = partial(draw_plots, plots=plot_acceptance(found))
    return write_pdf(document, {BANDS: plots}, own_pages={PARTS})


def describe_acceptance(found: Acceptance, site: str, made_at: datetime) -> Document:
    """Return what an acceptance test found; the plots stand in the section `BANDS`."""
    declared = found.declaration
    answer = (
        tr("Go: run {run} meets every criterion on these films.", run=found.run_id)
        if found.go
        else tr("No go: run {run} does not meet every criterion.", run=found.run_id)
    )
    lines = (
        answer,
        tr(
            "{films} films of {patients} patients passed the quality check. {tuning} films tuned "
            "the site's threshold and calibration; {n} films of other patients were measured.",
            films=found.films,
            patients=found.patients,
            tuning=found.tuning,
            n=found.site.n,
        ),
        tr(
            "The criteria were declared by {reader} on {day}, before the films were measured.",
            reader=declared.declared_by,
            day=time_text(declared.declared_at),
        ),
        intervals_text(found),
    )
    sections = (
        Section(IN_SHORT, tr("In short"), (Bullets(lines), _criteria(found.judged))),
        Section(RESULTS, tr("Results on the test films"), (_results(found), *_tuned(found))),
        Section(BANDS, tr("Curves, and what a probability is worth"), (_bands(found),)),
        Section(PARTS, tr("Groups, readers and refused films"), _parts(found)),
        Section("limits", tr("What this does not show"), (Bullets(_limits(found)),)),
    )
    return Document(
        tr("Acceptance of run {run} at {site}", run=found.run_id, site=site),
        tr("Made on {day} by First Read {version}.", day=time_text(made_at), version=__version__),
        (tr(DISCLAIMER),),
        sections,
    )


def _with_interval(rate: Rate) -> str:
    if np.isnan(rate.value):
        return tr("not known, n = {n}", n=rate.n)
    return tr(rate_text(rate))


def intervals_text(found: Acceptance) -> str:
    """Return in words whether the intervals are by patient or by film."""
    if found.by_patient:
        return tr(
            "The intervals are by patient: the {n} test films are of {patients} patients. "
            "McNemar's test and the interval of refused films are by film.",
            n=found.site.n,
            patients=found.site.n_patients,
        )
    if found.patients_stated:
        return tr("The intervals are by film: every test film is of another patient.")
    return tr("The intervals are by film: the labels state no patients.")


def limit_text(one: Judged) -> str:
    """Return what a criterion demands, in words."""
    limit = number(one.criterion.limit, ".2f")
    if one.criterion.measure in AT_MOST:
        whole = tr("upper end of the interval at most {limit}", limit=limit)
        return whole if one.criterion.whole_interval else tr("at most {limit}", limit=limit)
    whole = tr("lower end of the interval at least {limit}", limit=limit)
    return whole if one.criterion.whole_interval else tr("at least {limit}", limit=limit)


def _criteria(judged: Sequence[Judged]) -> Table:
    rows = tuple(
        (
            tr(MEASURE_WORDS[one.criterion.measure]),
            limit_text(one),
            _with_interval(one.rate),
            tr("met") if one.met else tr("not met"),
        )
        for one in judged
    )
    head = (tr("Criterion"), tr("Demanded"), tr("Measured (95 % interval)"), tr("Result"))
    return Table(head, rows, (0.3, 0.27, 0.31, 0.12))


def _results(found: Acceptance) -> Table:
    rows = tuple(
        (
            tr(words),
            _with_interval(found.own.rates[name]),
            _with_interval(found.site.rates[name]),
        )
        for name, words in SHOWN_RATES.items()
    )
    head = (tr("Measure"), tr("By the run's own threshold"), tr("By the site's threshold"))
    return Table(head, rows, (0.26, 0.37, 0.37))


def _tuned(found: Acceptance) -> tuple[Paragraph, ...]:
    point, calibration = found.point, found.calibration
    return (
        Paragraph(
            tr(
                "The site's threshold is {site:.3f} on the site's probability, which is {own:.3f} "
                "on the run's own. It was chosen for a sensitivity of {wanted:.2f}.",
                site=point.threshold,
                own=found.own_threshold,
                wanted=found.declaration.sensitivity,
            )
        ),
        Paragraph(
            tr(
                "The site's calibration has an offset of {offset:.2f} and a slope of {slope:.2f} "
                "on the run's log odds; {n} films of {patients} patients gave it.",
                offset=calibration.offset,
                slope=calibration.slope,
                n=calibration.n,
                patients=calibration.n_patients,
            )
        ),
    )


def _bands(found: Acceptance) -> Table:
    rows = []
    for low, high, band in found.bands:
        ratio = band.ratio
        rows.append(
            (
                tr("{low:.2f} to {high:.2f}", low=low, high=high),
                str(band.ill),
                str(band.well),
                tr(
                    "{ratio:.2f} ({low:.2f} to {high:.2f})",
                    ratio=ratio.value,
                    low=ratio.low,
                    high=ratio.high,
                ),
            )
        )
    head = (
        tr("The site's probability"),
        tr("With pneumonia"),
        tr("Without"),
        tr("Likelihood ratio (95 % interval)"),
    )
    return Table(head, tuple(rows), (0.25, 0.2, 0.15, 0.4))


def _parts(found: Acceptance) -> tuple[Table | Paragraph, ...]:
    blocks: list[Table | Paragraph] = []
    rates = (tr("Sensitivity"), tr("Specificity"))
    if found.subgroups:
        groups = tuple(
            (one.kind, one.name, _with_interval(one.sensitivity), _with_interval(one.specificity))
            for one in found.subgroups
        )
        head = (tr("By"), tr("Group"), *rates)
        blocks.append(Table(head, groups, (0.14, 0.2, 0.33, 0.33)))
    for one in found.readers:
        rows = (
            (one.reader, _with_interval(one.sensitivity), _with_interval(one.specificity)),
            (
                found.run_id,
                _with_interval(one.run_sensitivity),
                _with_interval(one.run_specificity),
            ),
        )
        blocks.append(Table((tr("The same films"), *rates), rows, (0.26, 0.37, 0.37)))
        blocks.append(
            Paragraph(
                tr(
                    "{run} alone is right on {ours} films, {reader} alone on {theirs}; McNemar's "
                    "exact p = {p:.3f}.",
                    run=found.run_id,
                    reader=one.reader,
                    ours=one.against.only_first,
                    theirs=one.against.only_second,
                    p=one.against.p_value,
                )
            )
        )
    blocks.append(Paragraph(refused_text(found.refused)))
    return tuple(blocks)


def refused_text(refused: Mapping[str, int]) -> str:
    """Return how many films the quality check refused and why, the commonest reason first.

    Parameters
    ----------
    refused : mapping of str to int
        By the code of the worst finding.
    """
    said = trn(
        "The quality check refused {n} film.",
        "The quality check refused {n} films.",
        sum(refused.values()),
    )
    ordered = sorted(refused.items(), key=lambda one: -one[1])
    reasons = "; ".join(f"{tr(refusal_words(code))}: {films}" for code, films in ordered)
    return f"{said} {capitalised(reasons)}." if reasons else said


def _limits(found: Acceptance) -> tuple[str, ...]:
    patients = (
        ()
        if found.patients_stated
        else (tr("The labels state no patients: every film counts as one of another patient."),)
    )
    return (
        *patients,
        tr("The numbers hold for films like these: the same devices, the same children."),
        tr("A reference that is wrong counts as an error of the run."),
        tr("Films that the quality check refused are not among the measured ones."),
        tr("A doctor reads and signs every film, whatever this test found."),
    )


# --- plots ----------------------------------------------------------------------------------------


def plot_acceptance(found: Acceptance) -> list[Plot]:
    """Return ROC, and calibration by the run's own and by the site's."""
    own, site = tr("the run's own"), tr("the site's")
    ticks = tuple((tick, number(tick, "g")) for tick in (0.0, 0.25, 0.5, 0.75, 1.0))
    at = tuple(
        (1.0 - one.rates["specificity"].value, one.rates["sensitivity"].value)
        for one in (found.own, found.site)
    )
    side = find_window([max(alarms, 1.0 - sensitivity) for alarms, sensitivity in at])
    roc = Plot(
        tr("ROC"),
        corner_axis(tr("false alarms among normals"), 0.0, side),
        corner_axis(tr("pneumonias found"), 1.0 - side, side),
        (
            Line("", GUIDE, ((0.0, 0.0), (1.0, 1.0))),
            Line(own, OWN_INK, found.roc, "dash", mark=at[0]),
            Line(site, SITE_INK, found.roc, mark=at[1]),
        ),
    )
    start, end = log_odds(ODDS_ENDS)
    ideal = np.linspace(start, end, 60)
    guide = tuple(zip(ideal.tolist(), (1.0 / (1.0 + np.exp(-ideal))).tolist(), strict=True))
    odds = zip(log_odds(ODDS_TICKS), (number(tick, "g") for tick in ODDS_TICKS), strict=True)
    calibration = Plot(
        tr("Calibration"),
        Axis(tr("probability, spaced by log odds"), start - 0.3, end + 0.3, tuple(odds)),
        Axis(tr("share with pneumonia"), -0.02, 1.02, ticks),
        (
            Line("", GUIDE, guide),
            _calibration(own, OWN_INK, "dash", found.own_curve),
            _calibration(site, SITE_INK, "solid", found.site_curve),
        ),
    )
    return [roc, calibration]


def _calibration(
    name: str, ink: tuple[int, int, int], dash: str, bins: Sequence[CalibrationBin]
) -> Line:
    across = log_odds([one.mean_probability for one in bins])
    found = [one.frequency for one in bins]
    points = tuple((at, rate.value) for at, rate in zip(across, found, strict=True))
    bars = tuple((at, rate.low, rate.high) for at, rate in zip(across, found, strict=True))
    return Line(name, ink, points, dash, bars=bars)
