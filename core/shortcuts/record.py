"""A shortcut audit as it is kept beside its run, and what it says in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from core.domain.model import RunRecord
from core.domain.rate import Rate, interval_text
from core.language.words import msg, tr
from core.runs.artifacts import parse_record, read_artifact

AUDIT_FILE = "audit.json"
PICTURE_FILE = "audit.svg"
OUTSIDE = "lungs_hidden"
CUTTING = ("unchanged", "border_only", "border_without_lungs", "lungs_only", OUTSIDE)
"""Changes that take away part of the film; the others leave a reader's verdict as it is."""


@dataclass(frozen=True, slots=True)
class ChangeAudit:
    """A run's performance on changed films, and how far its probabilities moved.

    Attributes
    ----------
    n, n_positive : int
        Films with a trusted lung mask only, where the change needs one.
    films_changed : int
        Films of which a pixel is not as it was: those with a side marker, for its cover.
    auc_difference : Rate
        To the same films unchanged, with a paired interval.
    sensitivity, specificity : Rate
        At the run's operating point.
    shift_median, shift_95th_percentile : float
        Of the probability, whichever way.
    decisions_changed : int
        Films that went to the other side of the operating point.
    """

    key: str
    words: str
    n: int
    n_positive: int
    films_changed: int
    roc_auc: Rate
    auc_difference: Rate
    sensitivity: Rate
    specificity: Rate
    shift_median: float
    shift_95th_percentile: float
    decisions_changed: int


@dataclass(frozen=True, slots=True)
class SizeCue:
    """What one measure of the originals says of the class, and of the score within a class.

    Attributes
    ----------
    roc_auc : Rate
        Of the measure alone as a score for pneumonia.
    within_normal, within_pneumonia : Rate
        Spearman's correlation of the run's probability with the measure.
    """

    measure: str
    roc_auc: Rate
    within_normal: Rate
    within_pneumonia: Rate


@dataclass(frozen=True, slots=True)
class PartAudit:
    """The audit on one part of the split."""

    split: str
    n: int
    n_positive: int
    without_lung_mask: int
    changes: tuple[ChangeAudit, ...]
    size_cues: tuple[SizeCue, ...]

    def change(self, key: str) -> ChangeAudit:
        """Return one change's row; KeyError if there is none of that name."""
        return {row.key: row for row in self.changes}[key]


@dataclass(frozen=True, slots=True)
class ShortcutAudit:
    """A run's audit.

    Attributes
    ----------
    export_sha256 : str
        Of the export that was audited; another one makes the audit void.
    grey : int
        What took the place of the parts of films that were taken away.
    parts : mapping of str to PartAudit
        By the name of the part in the split.
    """

    run_id: str
    export_sha256: str
    threshold: float
    grey: int
    parts: Mapping[str, PartAudit]

    def to_json(self) -> bytes:
        """Return the audit as it is kept."""
        return _AUDIT.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> ShortcutAudit:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not an audit.
        """
        what = msg("{file} is not a shortcut audit", file=AUDIT_FILE)
        remedy = msg("Restore it from the repository, or run `python -m core audit` again.")
        return parse_record(_AUDIT, content, what, remedy)


_AUDIT = TypeAdapter(ShortcutAudit)


def read_audit(run: RunRecord) -> ShortcutAudit | None:
    """Return the audit that is kept with a run; None if there is none.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the file is missing, is not the stated one, or is of another export than the run has.
    """
    command = f"python -m core audit {run.run_id}"
    remedy = msg("run `{command}` again", command=command)
    return read_artifact(run, AUDIT_FILE, ShortcutAudit.from_json, remedy)


def audit_text(run_id: str, part: PartAudit) -> str:
    """Return a run's ROC AUC without lungs, and the harmless change that alters most decisions."""
    outside, whole = part.change(OUTSIDE).roc_auc, part.change("unchanged").roc_auc
    rates = {"run": run_id, "outside": interval_text(outside), "whole": whole.value}
    sentence = (
        tr(
            "With the lungs removed, {run} has an ROC AUC of {outside}, against {whole:.3f} on "
            "whole films and 0.5 by chance: part of its score comes from outside the lungs.",
            **rates,
        )
        if outside.low > 0.5
        else tr(
            "With the lungs removed, {run} has an ROC AUC of {outside}, against {whole:.3f} on "
            "whole films and 0.5 by chance: there is no sign that it uses anything outside the "
            "lungs.",
            **rates,
        )
    )
    harmless = [row for row in part.changes if row.key not in CUTTING]
    if not harmless:
        return sentence
    worst = max(harmless, key=lambda row: row.decisions_changed / row.n)
    most = tr(
        "Of the changes that would not matter to a reader, “{change}” changes the most decisions: "
        "{changed} of {films}.",
        change=tr(worst.words),
        changed=worst.decisions_changed,
        films=worst.n,
    )
    return f"{sentence} {most}"
