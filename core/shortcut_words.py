"""What a shortcut audit means, in one line."""

from __future__ import annotations

from core.shortcut_record import PartAudit
from core.statistics import Rate

OUTSIDE = "lungs_hidden"
CUTTING = ("unchanged", "border_only", "border_without_lungs", "lungs_only", OUTSIDE)
"""Changes that take away part of the film; the others leave a reader's verdict as it is."""


def say_audit(run_id: str, part: PartAudit) -> str:
    """Return how far a run tells the classes apart without lungs, and what sways it most.

    Parameters
    ----------
    run_id : str
    part : PartAudit
    """
    outside, whole = part.change(OUTSIDE).roc_auc, part.change("unchanged").roc_auc
    if outside.low > 0.5:
        meaning = "so part of its score hangs on what is outside the lungs"
    else:
        meaning = "so nothing shows that it scores what is outside the lungs"
    sentence = (
        f"{run_id} has an ROC AUC of {_said(outside)} with the lungs taken out of the film, where "
        f"0.5 is chance and the whole film gives {whole.value:.3f}: {meaning}."
    )
    harmless = [row for row in part.changes if row.key not in CUTTING]
    if not harmless:
        return sentence
    worst = max(harmless, key=lambda row: row.decisions_changed / row.n)
    return (
        f"{sentence} Of the changes that a reader would not mind, “{worst.words}” turns most "
        f"decisions: {worst.decisions_changed} of {worst.n}."
    )


def _said(rate: Rate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
