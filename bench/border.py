"""What the border of a film tells by itself: the run's score of it, and its plain statistics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from bench.results import Section
from core.settings import get_settings
from core.shortcuts.audit import AuditFilms
from core.shortcuts.perturbations import FRAME_SHARE, Bytes, keep_border_without_lungs
from core.stats.intervals import Labels, Scores, roc_auc
from core.training.shortcut_audit import grey_of, load_audit_films, open_run

TITLE = "What the border of a film tells by itself"
COMMAND = "python -m bench border"
DARK, BRIGHT = 20, 200
"""Grey levels (of 255) below and above which a pixel of the border is counted."""
ABOUT = (
    "Films of which only the outer eighth is left, lungs replaced; those whose lung mask is "
    "certain. ROC area of the run's score of such films, and of plain statistics of the same "
    "border; and how closely the score follows each (Spearman). An area below 0.5: normal films "
    "have the higher values."
)

Measured = dict[str, Scores]


def measure_border(bordered: Bytes) -> Measured:
    """Return plain statistics of each film's border, (N,) each.

    Parameters
    ----------
    bordered : (N, H, W) uint8 ndarray
    """
    height, width = bordered.shape[1:]
    top, left = round(height * FRAME_SHARE), round(width * FRAME_SHARE)
    ring = np.ones((height, width), np.bool_)
    ring[top : height - top, left : width - left] = False
    pixels: npt.NDArray[np.float64] = bordered[:, ring].astype(np.float64)
    return {
        "mean grey": pixels.mean(axis=1),
        "contrast (deviation)": pixels.std(axis=1),
        "share of black": (pixels < DARK).mean(axis=1),
        "share of white": (pixels > BRIGHT).mean(axis=1),
    }


def tabulate(parts: dict[str, tuple[Labels, Scores, Measured]]) -> list[str]:
    """Return a table: a line for the score and for each statistic, columns for each part."""
    head = ["Of the border", *(f"{part}: ROC AUC | {part}: follows" for part in parts)]
    lines = [f"| {' | '.join(head)} |", "| --- " * (1 + 2 * len(parts)) + "|"]
    names = ["the run's score", *next(iter(parts.values()))[2]]
    for name in names:
        cells = [name]
        for labels, score, measured in parts.values():
            values = score if name == names[0] else measured[name]
            area = roc_auc(values, labels)
            cells.append(f"{area.value:.3f} ({area.low:.3f} to {area.high:.3f})")
            cells.append("" if values is score else f"{spearmanr(values, score)[0]:+.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def measure(report: Callable[[str], None]) -> Section:
    """Score the borders of validation and official test films.

    Raises
    ------
    DatasetError
        If films or lung masks are missing.
    ModelMissing, ModelIntegrity
        If the served run cannot be used.
    """
    settings = get_settings()
    films = load_audit_films(settings.data, settings.models / "split.json")
    run = open_run(settings.models, settings.served_run, settings.inference_threads)
    grey = grey_of(films)
    parts = {}
    for part, audited in films.items():
        bordered = keep_border_without_lungs(*_certain(audited), grey)
        labels = np.asarray(audited.labels)[audited.trusted]
        parts[part] = (labels, run.predict(bordered), measure_border(bordered))
    lines = [f"Run {settings.served_run}. {ABOUT}", "", *tabulate(parts)]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)


def _certain(audited: AuditFilms) -> tuple[Bytes, Bytes]:
    return audited.films[audited.trusted], audited.lung_masks[audited.trusted]
