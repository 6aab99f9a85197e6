"""A run's shortcut audit as one chart: a row a change, and no film in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from core.domain.rate import Rate
from core.shortcuts.record import ChangeAudit, PartAudit, ShortcutAudit

INK, QUIET, RULE = "#1a1a1a", "#595959", "#dddddd"

BLUE, ORANGE = "#0072b2", "#d55e00"
"""Of Okabe and Ito's colours, which stay apart for colour-blind readers; the shapes differ too."""

ROW_INCHES, WIDTH_INCHES = 0.34, 10.0
OFFSET = 0.17
"""How far from the middle of a row its two marks stand, in rows."""


def draw_audit(audit: ShortcutAudit, file_format: str = "svg", *, name: str = "") -> bytes:
    """Draw ROC AUC by change for every part, and sensitivity and specificity on the last part.

    Parameters
    ----------
    audit : ShortcutAudit
        Of two parts.
    file_format : str
        ``svg`` or ``png``.
    name : str
        What the run is called; its id without it.

    Returns
    -------
    bytes
        The same for the same audit and the same version of matplotlib.
    """
    # Deferred: only an audit draws, and it takes a while to load.
    import matplotlib  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    parts = tuple(audit.parts.values())
    rows = parts[-1].changes
    style: Any = {"svg.hashsalt": audit.run_id, "font.family": "DejaVu Sans", "font.size": 9}
    with matplotlib.rc_context(style):
        height = ROW_INCHES * len(rows) + 1.45
        figure = Figure(figsize=(WIDTH_INCHES, height), facecolor="white")
        areas, rates = figure.subplots(
            1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 2], "wspace": 0.34}
        )
        figure.subplots_adjust(left=0.165, right=0.985, top=1 - 0.95 / height, bottom=0.42 / height)
        figure.text(
            0.012,
            1 - 0.28 / height,
            f"{name or audit.run_id}: effect of changes to the film on the score",
            fontsize=12,
            color=INK,
        )
        _draw_areas(areas, parts)
        _draw_rates(rates, parts[-1])
        _label_rows(areas, rows)
        drawn = io.BytesIO()
        when = {"Date": None} if file_format == "svg" else None
        figure.savefig(drawn, format=file_format, dpi=130, metadata=when)
    return drawn.getvalue()


def _label_rows(axes: Any, rows: Sequence[ChangeAudit]) -> None:
    axes.set_yticks(range(len(rows)), [row.words for row in rows], color=INK)
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _plain(axes: Any, low: float) -> None:
    """Leave of the frame only what is read: light lines across, and the scale below."""
    axes.set_xlim(low, 1.0)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=QUIET)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)


def _draw_marks(axes: Any, rates: Sequence[Rate], offset: float, colour: str, mark: str) -> None:
    for row, rate in enumerate(rates):
        place = row + offset
        axes.plot([rate.low, rate.high], [place, place], color=colour, linewidth=1.4)
        axes.plot(
            rate.value, place, mark, color=colour, markersize=4.8, markeredgecolor="white",
            markeredgewidth=0.4, clip_on=False, zorder=3,
        )  # fmt: skip


def _draw_areas(axes: Any, parts: Sequence[PartAudit]) -> None:
    lowest = min(row.roc_auc.low for part in parts for row in part.changes)
    _plain(axes, min(0.45, lowest - 0.02))
    axes.axvline(0.5, color=QUIET, linewidth=1.0)
    axes.text(0.505, -0.55, "chance", color=QUIET, fontsize=8, va="bottom")
    styles = ((-OFFSET, BLUE, "o"), (OFFSET, ORANGE, "s"))
    for part, (offset, colour, mark) in zip(parts, styles, strict=True):
        unchanged = part.changes[0].roc_auc.value
        axes.axvline(unchanged, color=colour, linewidth=0.9, linestyle=(0, (4, 3)))
        _draw_marks(axes, [row.roc_auc for row in part.changes], offset, colour, mark)
    for row, change in enumerate(parts[-1].changes):
        axes.text(
            1.03, row, f"{change.roc_auc.value:.3f}", transform=axes.get_yaxis_transform(),
            color=ORANGE, fontsize=8.5, va="center",
        )  # fmt: skip
    _head(
        axes,
        "ROC AUC; dashed: unchanged film",
        [(f"● {parts[0].split}", BLUE), (f"■ {parts[1].split}", ORANGE)],
    )


def _draw_rates(axes: Any, part: PartAudit) -> None:
    _plain(axes, 0.0)
    axes.tick_params(labelleft=False)
    _draw_marks(axes, [row.sensitivity for row in part.changes], -OFFSET, INK, "D")
    _draw_marks(axes, [row.specificity for row in part.changes], OFFSET, ORANGE, "v")
    _head(axes, f"at the operating point, {part.split}", [("◆ sensitivity", INK),
          ("▼ specificity", ORANGE)])  # fmt: skip


def _head(axes: Any, title: str, keys: Sequence[tuple[str, str]]) -> None:
    """Write what is drawn above the axes, the marks named beside each other in their colours."""
    from matplotlib.transforms import offset_copy  # noqa: PLC0415

    above = offset_copy(axes.transAxes, axes.figure, y=22, units="points")
    axes.text(0.0, 1.0, title, transform=above, color=INK, va="bottom")
    place = offset_copy(axes.transAxes, axes.figure, y=8, units="points")
    for number, (words, colour) in enumerate(keys):
        axes.text(0.45 * number, 1.0, words, transform=place, color=colour, va="bottom")
