"""Comparisons of runs as tables: for a page an entry a line, for a terminal Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.comparison.paired_tests import ErrorCounts, PairComparison
from core.comparison.scored_films import ScoredFilms
from core.comparison.text import films_end_text, p_text
from core.domain.rate import Rate, interval_text
from core.evaluation.metrics import confusion_at, rates_of
from core.language.words import tr
from core.stats.intervals import Difference, roc_auc
from core.tables import markdown_table


def describe_scored(scored: ScoredFilms) -> list[dict[str, object]]:
    """Return counts, rates and ROC area of every run on the compared films.

    Returns
    -------
    list of dict
        An entry a run, that with the largest ROC area first; a rate is a Rate.

    Raises
    ------
    DatasetError
        If the films are fewer than two of a class.
    """
    lines: list[dict[str, object]] = []
    for run, probability, threshold in zip(
        scored.run_ids, scored.probability, scored.threshold, strict=True
    ):
        matrix = confusion_at(probability, scored.films.label, threshold)
        rates = rates_of(matrix)
        lines.append(
            {
                tr("Run"): run,
                tr("Operating point"): float(threshold),
                tr("Missed"): matrix.false_negative,
                tr("False alarms"): matrix.false_positive,
                tr("Sensitivity"): rates["sensitivity"],
                tr("Specificity"): rates["specificity"],
                tr("ROC AUC"): roc_auc(probability, scored.films.label),
            }
        )
    return sorted(lines, key=_by_area)


def _by_area(line: Mapping[str, object]) -> float:
    area = line[tr("ROC AUC")]
    return -area.value if isinstance(area, Rate) else 0.0


def tabulate_scored(scored: ScoredFilms) -> str:
    """Return counts, rates and ROC area of every run on the compared films.

    Raises
    ------
    DatasetError
        If the films are fewer than two of a class.
    """
    described = describe_scored(scored)
    return markdown_table(
        list(described[0]), [[*map(_cell_text, line.values())] for line in described]
    )


def _cell_text(cell: object) -> str:
    if isinstance(cell, Rate):
        return interval_text(cell)
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def tabulate_pairs(pairs: Sequence[PairComparison]) -> str:
    """Return errors and ROC area of every pair, with p values as they are and Holm-corrected."""
    tests = ("Missed", "False alarms", "ROC AUC")
    head = ["Pair", *(name for test in tests for name in (test, "p", "Holm-corrected p"))]
    return markdown_table(head, map(_pair_cells, pairs))


def _pair_cells(pair: PairComparison) -> list[str]:
    return [
        tr("{second} minus {first}", second=pair.second, first=pair.first),
        *(_errors_cell(pair.missed), *p_cells(pair, "missed", pair.missed.p_value)),
        _errors_cell(pair.false_alarms),
        *p_cells(pair, "false_alarms", pair.false_alarms.p_value),
        *(difference_cell(pair.roc_auc), *p_cells(pair, "delong", pair.roc_auc.p_value)),
    ]


def describe_pairs(pairs: Sequence[PairComparison], metric: str, name: str) -> list[dict[str, str]]:
    """Return what `tabulate_pairs` says and one metric's difference, an entry a pair.

    Parameters
    ----------
    metric : str
        A key of their ``differences``.
    """
    head = [
        *(tr("Pair"), tr("Missed"), tr("p missed"), tr("Holm-corrected p missed")),
        *(tr("False alarms"), tr("p false alarms"), tr("Holm-corrected p false alarms")),
        *(tr("ROC AUC"), tr("p ROC AUC"), tr("Holm-corrected p ROC AUC")),
        tr("Difference in {metric}", metric=tr(name)),
        tr("p {metric}", metric=tr(name)),
        tr("Holm-corrected p {metric}", metric=tr(name)),
    ]
    lines = []
    for pair in pairs:
        drawn = pair.differences[metric]
        cells = (difference_cell(drawn), *p_cells(pair, metric, drawn.p_value))
        lines.append(dict(zip(head, [*_pair_cells(pair), *cells], strict=True)))
    return lines


def tabulate_differences(pairs: Sequence[PairComparison]) -> str:
    """Return the difference of every metric, a line for each pair and metric."""
    head = ["Pair", "Metric", "Difference", "p", "Holm-corrected p"]
    lines = [
        [
            f"{pair.second} minus {pair.first}",
            name,
            difference_cell(difference),
            *p_cells(pair, name, difference.p_value),
        ]
        for pair in pairs
        for name, difference in pair.differences.items()
    ]
    return markdown_table(head, lines)


def p_cells(pair: PairComparison, question: str, p_value: float) -> tuple[str, str]:
    """Return the p value of one question as it is and Holm-corrected over all pairs."""
    return _p(p_value), _p(pair.holm[question])


def _p(p_value: float) -> str:
    return p_text(p_value).removeprefix("= ")


def _errors_cell(errors: ErrorCounts) -> str:
    low, high = (films_end_text(end, "+" if end else "") for end in errors.shown_ends)
    return tr("{change} ({low} to {high})", change=_signed(errors.change), low=low, high=high)


def difference_cell(difference: Difference) -> str:
    """Return a difference with its 95 % interval, or that it is not defined."""
    if math.isnan(difference.value):
        return tr("not defined")
    return tr(
        "{value:+.4f} ({low:+.4f} to {high:+.4f})",
        value=difference.value,
        low=difference.low,
        high=difference.high,
    )


def _signed(films: int) -> str:
    return f"{films:+d}" if films else "0"
