"""All runs side by side, as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.domain import RunRecord
from core.run_store import RECORD_FILE, load_run, read_record

COLUMNS = {
    "roc_auc": "ROC AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "f1_pneumonia": "F1 pneumonia",
    "f1_normal": "F1 normal",
    "log_loss": "Log loss",
    "accuracy": "Accuracy",
}


def list_runs(models: Path) -> list[RunRecord]:
    """Return every classifier run of a folder, by name.

    Raises
    ------
    ModelIntegrity
        If a record is not readable or lacks a part.
    """
    folders = sorted(path.parent for path in models.glob(f"*/{RECORD_FILE}"))
    return [load_run(folder) for folder in folders if "operating_point" in read_record(folder)]


def tabulate_runs(runs: Sequence[RunRecord]) -> str:
    """Return the metrics of runs with their 95 % intervals, a line for each split of each run."""
    head = ["Run", "Split", "n", "Operating point", *COLUMNS.values(), "ECE"]
    lines = [head, ["---"] * len(head)]
    lines += [_line(run, split) for run in runs for split in run.metrics.values()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def tabulate_sides(run: RunRecord) -> str:
    """Return how often a run takes a side and how often it is wrong then, a line a split."""
    head = [
        "Films",
        "n",
        "Gets a side",
        "Wrong among called pneumonia",
        "Wrong among called normal",
    ]
    lines = [head, ["---"] * len(head)]
    for part, measured in run.decided.items():
        rates = [measured[name] for name in ("coverage", "error_pneumonia", "error_normal")]
        shown = ["no film" if rate is None else _with_interval(rate) for rate in rates]
        lines.append([str(run.metrics[part]["split"]), str(measured["n"]), *shown])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _line(run: RunRecord, split: Mapping[str, Any]) -> list[str]:
    rates = [_with_interval(split["rates"][name]) for name in COLUMNS]
    return [
        run.run_id,
        str(split["split"]),
        str(split["n"]),
        f"{split['threshold']:.3f}",
        *rates,
        f"{split['expected_calibration_error']:.3f}",
    ]


def _with_interval(rate: Mapping[str, float]) -> str:
    return f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f})"
