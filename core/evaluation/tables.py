"""Runs side by side, and all of one run, as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.domain.model import RunRecord
from core.domain.rate import Rate, interval_text
from core.language.words import msg
from core.runs.archive import ArchivedRun
from core.runs.listing import USUAL_PARTS, ListedRun
from core.runs.store import name_run
from core.tables import markdown_table

COLUMNS = {
    "roc_auc": msg("ROC AUC"),
    "sensitivity": msg("Sensitivity"),
    "specificity": msg("Specificity"),
    "f1_pneumonia": msg("F1 pneumonia"),
    "f1_normal": msg("F1 normal"),
    "log_loss": msg("Log loss"),
    "accuracy": msg("Accuracy"),
}
ERROR = "expected_calibration_error"
MEASURES = COLUMNS | {
    "ppv": msg("PPV"),
    "npv": msg("NPV"),
    "brier": msg("Brier"),
    "pr_auc": msg("PR AUC"),
    ERROR: msg("ECE"),
}
QUALITIES = {
    "contrast": msg("contrast"),
    "median_grey": msg("exposure (median grey)"),
    "sharpness": msg("sharpness"),
    "short_side_px": msg("original's short side, px"),
}


def tabulate_runs(runs: Sequence[RunRecord], *, every_part: bool = False) -> str:
    """Return the metrics of runs with their 95 % intervals, a line for each part of each run.

    Parameters
    ----------
    every_part : bool
        Otherwise validation and official test only.
    """
    return tabulate_parts(
        (name_run(run), part)
        for run in runs
        for key, part in run.metrics.items()
        if every_part or key in USUAL_PARTS
    )


def tabulate_tried(runs: Sequence[ListedRun]) -> str:
    """Return what each run changes and what that did on the official test, a line a run."""
    shown = ("roc_auc", "sensitivity", "specificity", "log_loss", ERROR)
    head = ["Run", "Based on", "What it changes", *(MEASURES[name] for name in shown)]
    lines = []
    for run in runs:
        words = f"Exhibit. {run.record.sentence}" if run.exhibit else run.record.sentence
        part = run.record.metrics["test"]
        rates = [_with_interval(part["rates"][name]) for name in shown]
        lines.append([run.record.run_id, run.parent, words, *rates])
    return markdown_table(head, lines)


def tabulate_parts(measured: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return a line of metrics for each run and part of the data.

    Parameters
    ----------
    measured : iterable of (str, mapping)
        A run's name and an `Evaluation` as plain values.
    """
    head = ["Run", "Split", "n", "Operating point", *COLUMNS.values(), MEASURES[ERROR]]
    return markdown_table(head, [_line(name, part) for name, part in measured])


def tabulate_sides(run: RunRecord) -> str:
    """Return how often a run decides and how often it is then wrong, one line per split."""
    head = [
        "Films",
        "n",
        "Decided",
        "Wrong among called pneumonia",
        "Wrong among called normal",
    ]
    lines = []
    for part, measured in run.decided.items():
        rates = [measured[name] for name in ("coverage", "error_pneumonia", "error_normal")]
        shown = ["no film" if rate is None else _with_interval(rate) for rate in rates]
        lines.append([str(run.metrics[part]["split"]), str(measured["n"]), *shown])
    return markdown_table(head, lines)


def _line(name: str, part: Mapping[str, Any]) -> list[str]:
    return [
        name,
        str(part["split"]),
        str(part["n"]),
        f"{part['threshold']:.3f}",
        *(_with_interval(part["rates"][rate]) for rate in (*COLUMNS, ERROR)),
    ]


def tabulate_metrics(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return all metrics that a ``run.json`` states, a column for each part of the data."""
    parts = list(metrics.values())
    counts = {"Films": "n", "With pneumonia": "n_positive", "Patients": "n_patients"}
    lines = [[name, *(str(part[key]) for part in parts)] for name, key in counts.items()]
    for key, name in MEASURES.items():
        lines.append([name, *(_with_interval(part["rates"][key]) for part in parts)])
        if key in parts[0]["rates_by_patient"]:
            by_patient = [part["rates_by_patient"][key] for part in parts]
            intervals = [f"({rate['low']:.3f} to {rate['high']:.3f})" for rate in by_patient]
            lines.append([f"{name}, interval by patient", *intervals])
    for cell in ("true_positive", "false_negative", "true_negative", "false_positive"):
        words = cell.replace("_", " ").capitalize()
        lines.append([words, *(str(part["matrix"][cell]) for part in parts)])
    return markdown_table(["", *(str(part["split"]) for part in parts)], lines)


def tabulate_slices(slices: Mapping[str, Any]) -> str:
    """Return the slices that a ``run.json`` states, a line for each third and part."""
    head = ["Quality", "Range", "Split", "n", "Sensitivity", "n ill", "Specificity", "n normal"]
    lines = []
    for quality in slices["cut_points"]:
        for part in (key for key in slices if key != "cut_points"):
            for third in slices[part][quality]:
                found, cleared = third["sensitivity"], third["specificity"]
                lines.append(
                    [
                        QUALITIES[quality],
                        _range(third["low"], third["high"]),
                        part,
                        str(third["n"]),
                        _with_interval(found),
                        str(found["n"]),
                        _with_interval(cleared),
                        str(cleared["n"]),
                    ]
                )
    return markdown_table(head, lines)


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:.4g}"
    return f"from {low:.4g}" if high is None else f"{low:.4g} to {high:.4g}"


def _with_interval(rate: Mapping[str, Any]) -> str:
    return "no films" if rate["value"] is None else interval_text(Rate(**rate))


def tabulate_archive(aside: ArchivedRun) -> str:
    """Return the changes and metrics of each archived run, as two Markdown tables."""
    changes = markdown_table(
        ["Run", "Based on", "What it changes"],
        (
            [name, str(kept.get("parent", "")), str(kept["sentence"])]
            for name, kept in sorted(aside.items())
        ),
    )
    scores = tabulate_parts(
        (name, kept["metrics"][part])
        for name, kept in sorted(aside.items())
        for part in USUAL_PARTS
    )
    return f"{changes}\n\n{scores}"
