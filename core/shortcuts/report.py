"""The shortcut audits of several runs as a section of a report."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.rate import interval_text
from core.language.words import tr
from core.reports.document import Paragraph, Section, Table
from core.shortcuts.record import OUTSIDE, ChangeAudit, PartAudit

TOLD = ("lower", "narrower", "mirrored")
"""Changes that would not matter to a reader, in every audit."""


def describe_audits(audits: Mapping[str, PartAudit]) -> Section | None:
    """Return what runs do without lungs and on changed films; None if no run was audited.

    Parameters
    ----------
    audits : mapping of str to PartAudit
        By run.
    """
    if not audits:
        return None
    first = next(iter(audits.values()))
    changed = tuple(tr(first.change(key).words) for key in TOLD)
    rows = tuple(
        (
            run_id,
            interval_text(part.change("unchanged").roc_auc).replace(" (", "\n("),
            interval_text(part.change(OUTSIDE).roc_auc).replace(" (", "\n("),
            *(_changed_text(part.change(key)) for key in TOLD),
        )
        for run_id, part in audits.items()
    )
    head = (
        tr("Run"),
        tr("ROC AUC, whole films"),
        tr("Lungs removed"),
        *map(_headed, changed),
    )
    about = tr(
        "On the {split}, at each run's own operating point. Without lungs an ROC AUC of 0.5 is "
        "chance. The last columns count decisions that change with the film.",
        split=tr(first.split),
    )
    widths = (1.2, 2.0, 2.0, *(1.5 for _ in TOLD))
    return Section("shortcuts", tr("Shortcut audit"), (Table(head, rows, widths), Paragraph(about)))


def _changed_text(change: ChangeAudit) -> str:
    return tr("{changed} of {films}", changed=change.decisions_changed, films=change.n)


def _headed(words: str) -> str:
    return words[:1].upper() + words[1:]
