"""A comparison of runs as a PDF: what was compared, how each run did, and what sets them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np

from core import __version__
from core.comparison.case_matrix import find_step
from core.comparison.curves import (
    ODDS_ENDS,
    ODDS_TICKS,
    SIDE_STEP,
    TICKS,
    Curves,
    Floats,
    calibration_of,
    find_window,
    log_odds,
    trace_curves,
)
from core.comparison.paired_tests import PairComparison
from core.comparison.scored_films import ScoredFilms
from core.comparison.tables import difference_cell, p_cells
from core.comparison.text import NOTE, difference_text, films_text, pair_texts
from core.domain.model import RunRecord
from core.domain.rate import Rate, interval_text
from core.evaluation.metrics import confusion_at, log_losses, rates_of
from core.evaluation.tables import MEASURES
from core.language.numbers import number
from core.language.words import tr
from core.reports.document import Bullets, Document, Paragraph, Section, Table
from core.reports.film_report import DISCLAIMER, time_text
from core.reports.pdf import write_pdf
from core.reports.plots import Axis, Line, Plot, draw_plots
from core.runs.predictions import PREDICTIONS_FILE
from core.stats.bootstrap import draw_patients, f1_rate, mean_rate
from core.stats.intervals import roc_auc

CURVES = "curves"
HASH_LENGTH = 12
MOST_IN_WORDS = 6
"""Pairs: those of four runs."""
GUIDE = (150, 155, 162)
DELONG = "delong"
USUAL_METRIC = "accuracy"


def questions_of(metric: str) -> dict[str, str]:
    """Return the questions of the table of pairs, by their names in ``PairComparison.holm``.

    Parameters
    ----------
    metric : str
        That the page compares too, of `METRICS`; the ROC AUC is DeLong's in any case.
    """
    names = ("sensitivity", "specificity", metric, "log_loss")
    asked = {name: tr(MEASURES.get(name, name)) for name in names if name != "roc_auc"}
    return asked | {DELONG: tr("ROC AUC")}


@dataclass(frozen=True, slots=True)
class Look:
    """How a run is drawn on the page, and so in the file.

    Attributes
    ----------
    colour : str
        As ``#rrggbb``.
    """

    colour: str
    dash: str

    @property
    def ink(self) -> tuple[int, int, int]:
        """Red, green and blue."""
        red, green, blue = bytes.fromhex(self.colour.removeprefix("#"))
        return red, green, blue


def describe_comparison(
    scored: ScoredFilms,
    pairs: Sequence[PairComparison],
    runs: Mapping[str, RunRecord],
    made_at: datetime,
    chosen: PairComparison | None = None,
    metric: str = USUAL_METRIC,
    more: Sequence[Section] = (),
) -> Document:
    """Return what a comparison found; the pictures stand in the section `CURVES`.

    Parameters
    ----------
    runs : mapping of str to RunRecord
        The compared ones at least.
    chosen : PairComparison, optional
        The pair in the order in which it is to be told; where there are more pairs than
        `MOST_IN_WORDS`, it alone is put in words.
    metric : str
        Compared beside sensitivity, specificity, log loss and ROC AUC.
    more : sequence of Section
        What else is known of the runs; it stands before the list of them.
    """
    text = films_text(scored)
    worded = list(pairs)
    if chosen is not None:
        told = {chosen.first, chosen.second}
        worded = [chosen if {one.first, one.second} == told else one for one in pairs]
        worded = worded if len(pairs) <= MOST_IN_WORDS else [chosen]
    sentences = tuple(sentence for pair in worded for sentence in pair_texts(pair))
    told_pair = worded[0] if len(pairs) == 1 else chosen
    if told_pair is not None and metric != "roc_auc":
        sentences += (difference_text(told_pair, metric, MEASURES.get(metric, metric)),)
    sections = (
        Section("results", tr("Results at the operating points"), (_results(scored, metric),)),
        Section(CURVES, tr("Curves and calibration"), (Paragraph(_about_curves(scored)),)),
        Section(
            "differences",
            tr("Differences"),
            (_differences(scored, pairs, metric), Paragraph(tr(NOTE))),
        ),
        Section("words", tr("In words"), (Bullets(sentences),)),
        *more,
        Section(
            "runs", tr("The runs"), (Bullets(tuple(_about(runs[one]) for one in scored.run_ids)),)
        ),
    )
    made = tr(
        "Made on {time} by First Read {version}.", time=time_text(made_at), version=__version__
    )
    return Document(
        tr("Comparison of runs {names}", names=_names(scored.run_ids)),
        f"{text[:1].upper()}{text[1:]} {made}",
        (tr(DISCLAIMER),),
        sections,
    )


def export_comparison(
    scored: ScoredFilms,
    pairs: Sequence[PairComparison],
    runs: Mapping[str, RunRecord],
    looks: Mapping[str, Look],
    made_at: datetime,
    chosen: PairComparison | None = None,
    metric: str = USUAL_METRIC,
    more: Sequence[Section] = (),
) -> bytes:
    """Return a comparison as a PDF file; parameters as in `describe_comparison`.

    Parameters
    ----------
    looks : mapping of str to Look
        By run.
    """
    plots = plot_comparison(scored, looks)
    document = describe_comparison(scored, pairs, runs, made_at, chosen, metric, more)
    return write_pdf(document, {CURVES: partial(draw_plots, plots=plots)})


def plot_comparison(scored: ScoredFilms, looks: Mapping[str, Look]) -> list[Plot]:
    """Return ROC, precision and recall, and calibration, each with a line for every run."""
    return [draw(scored, looks) for draw in (_plot_roc, _plot_precision, _plot_calibration)]


def _names(run_ids: Sequence[str]) -> str:
    if len(run_ids) == 1:
        return run_ids[0]
    return tr("{first} and {second}", first=", ".join(run_ids[:-1]), second=run_ids[-1])


def _results(scored: ScoredFilms, metric: str) -> Table:
    """Return each run's errors and rates, that with the largest ROC area first."""
    draws = draw_patients(scored.films.patient)
    label, rows = scored.films.label, []
    names: list[str] = []
    for run, probability, threshold, called in zip(
        scored.run_ids, scored.probability, scored.threshold, scored.called, strict=True
    ):
        matrix = confusion_at(probability, label, threshold)
        area = roc_auc(probability, label)
        known = rates_of(matrix) | {
            "f1_pneumonia": f1_rate(called, scored.ill, draws),
            "log_loss": mean_rate(log_losses(probability, label), draws),
            DELONG: area,
        }
        asked = {key: name for key, name in questions_of(metric).items() if key in known}
        names = list(asked.values())
        counts = f"{matrix.false_negative}", f"{matrix.false_positive}"
        cells = (run, number(threshold, ".3f"), *counts, *(_in_lines(known[key]) for key in asked))
        rows.append((area.value, cells))
    rows.sort(key=lambda row: -row[0])
    head = (tr("Run"), tr("Threshold"), tr("Missed"), tr("False alarms"), *names)
    widths = (1.15, 1.5, 1.5, 1.45, *(2.0 for _ in names))
    return Table(head, tuple(cells for _, cells in rows), widths)


def _in_lines(rate: Rate) -> str:
    return interval_text(rate).replace(" (", "\n(")


def _differences(scored: ScoredFilms, pairs: Sequence[PairComparison], metric: str) -> Table:
    """Return what sets each pair apart: differences, p values as they are and corrected, films."""
    asked, rows = questions_of(metric), []
    for pair in pairs:
        cells = []
        for question in asked:
            difference = pair.roc_auc if question == DELONG else pair.differences[question]
            alone, corrected = p_cells(pair, question, difference.p_value)
            size = difference_cell(difference).replace(" (", "\n(")
            p_values = tr("p {alone}, Holm {corrected}", alone=alone, corrected=corrected)
            cells.append(f"{size}\n{p_values}")
        step = find_step(scored, pair.first, pair.second)
        films = tr("{fixed} gone\n{broken} new", fixed=step.fixed, broken=step.broken)
        name = tr("{second} minus {first}", second=pair.second, first=pair.first)
        rows.append((name, films, *cells))
    head = (tr("Pair"), tr("Errors"), *asked.values())
    return Table(head, tuple(rows), (0.95, 0.95, *(2.0 for _ in asked)))


def _about(run: RunRecord) -> str:
    known = {
        "run": run.run_id,
        "sentence": tr(run.sentence),
        "day": run.created[:10],
        "sha256": run.files[PREDICTIONS_FILE][:HASH_LENGTH],
    }
    if run.foreign:
        return tr("{run}: {sentence} (imported {day}, sha256 {sha256})", **known)
    return tr(
        "{run}: {sentence} ({architecture}, {side} px, {day}, sha256 {sha256})",
        architecture=run.architecture,
        side=run.input_px,
        **known,
    )


def _about_curves(scored: ScoredFilms) -> str:
    return tr(
        "Diamonds are operating points. ROC shows the upper left corner to {left:g}, "
        "precision and recall the upper right one to {right:g}. Calibration: bins of "
        "equal count with 95 % intervals; grey is perfect.",
        left=_roc_side(scored),
        right=_precision_side(scored),
    )


def _alarms_and_found(scored: ScoredFilms) -> list[tuple[float, float]]:
    """Return each run's false alarm rate and sensitivity at its operating point."""
    ill = scored.ill
    return [(float(one[~ill].mean()), float(one[ill].mean())) for one in scored.called]


def _recall_and_precision(scored: ScoredFilms) -> list[tuple[float, float]]:
    """Return each run's recall and precision at its operating point; 1 where nothing is called."""
    ill = scored.ill
    return [
        (float(one[ill].mean()), float(ill[one].mean()) if one.any() else 1.0)
        for one in scored.called
    ]


def _roc_side(scored: ScoredFilms) -> float:
    return find_window([max(alarms, 1.0 - found) for alarms, found in _alarms_and_found(scored)])


def _precision_side(scored: ScoredFilms) -> float:
    return find_window([1.0 - min(point) for point in _recall_and_precision(scored)])


def _plot_roc(scored: ScoredFilms, looks: Mapping[str, Look]) -> Plot:
    side = _roc_side(scored)
    lines = [
        Line(run, looks[run].ink, _join(alarms, found), looks[run].dash, mark=point)
        for run, alarms, found, point in zip(
            scored.run_ids,
            [np.append(0.0, curve.false_alarm_rate) for curve in _curves(scored)],
            [np.append(0.0, curve.sensitivity) for curve in _curves(scored)],
            _alarms_and_found(scored),
            strict=True,
        )
    ]
    guide = Line("", GUIDE, ((0.0, 0.0), (1.0, 1.0)))
    across = corner_axis(tr("false alarms among normals"), 0.0, side)
    return Plot(
        "ROC", across, corner_axis(tr("pneumonias found"), 1.0 - side, side), (guide, *lines)
    )


def _plot_precision(scored: ScoredFilms, looks: Mapping[str, Look]) -> Plot:
    side = _precision_side(scored)
    lines = [
        Line(run, looks[run].ink, _join(curve.sensitivity, curve.ppv), looks[run].dash, mark=point)
        for run, curve, point in zip(
            scored.run_ids, _curves(scored), _recall_and_precision(scored), strict=True
        )
    ]
    return Plot(
        tr("Precision and recall"),
        corner_axis(tr("pneumonias found (recall)"), 1.0 - side, side),
        corner_axis(tr("correct among called (precision)"), 1.0 - side, side),
        tuple(lines),
    )


def _curves(scored: ScoredFilms) -> list[Curves]:
    return [trace_curves(one, scored.films.label) for one in scored.probability]


def _join(across: Floats, upwards: Floats) -> tuple[tuple[float, float], ...]:
    return tuple(zip(across.tolist(), upwards.tolist(), strict=True))


def corner_axis(title: str, start: float, side: float) -> Axis:
    """Return a side of a corner, with a little room beyond its ends."""
    step, edge = TICKS[round(side, 1)], 0.02 * side
    ticks = [start + step * number for number in range(round(side / step) + 1)]
    return Axis(title, start - edge, start + side + edge, _ticks(ticks))


def _ticks(values: Sequence[float]) -> tuple[tuple[float, str], ...]:
    return tuple((value, number(round(value, 6), "g")) for value in values)


def _plot_calibration(scored: ScoredFilms, looks: Mapping[str, Look]) -> Plot:
    start, end = log_odds(ODDS_ENDS)
    ideal = np.linspace(start, end, 60)
    shares = (1.0 / (1.0 + np.exp(-ideal))).tolist()
    lines = [Line("", GUIDE, tuple(zip(ideal.tolist(), shares, strict=True)))]
    for row, (run, bins) in enumerate(zip(scored.run_ids, calibration_of(scored), strict=True)):
        aside = SIDE_STEP * (row - (len(scored.run_ids) - 1) / 2.0)
        across = [at + aside for at in log_odds([one.mean_probability for one in bins])]
        found = [one.frequency for one in bins]
        points = tuple((at, rate.value) for at, rate in zip(across, found, strict=True))
        bars = tuple((at, rate.low, rate.high) for at, rate in zip(across, found, strict=True))
        lines.append(Line(run, looks[run].ink, points, looks[run].dash, bars=bars))
    ticks = zip(log_odds(ODDS_TICKS), (number(tick, "g") for tick in ODDS_TICKS), strict=True)
    return Plot(
        tr("Calibration"),
        Axis(tr("probability, spaced by log odds"), start - 0.3, end + 0.3, tuple(ticks)),
        Axis(tr("share with pneumonia"), -0.02, 1.02, _ticks((0.0, 0.25, 0.5, 0.75, 1.0))),
        tuple(lines),
    )
