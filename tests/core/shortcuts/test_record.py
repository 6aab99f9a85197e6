"""What an audit means, in one line."""

from dataclasses import replace

from core.domain.rate import Rate
from core.settings import PROJECT_ROOT
from core.shortcuts.record import ShortcutAudit, audit_text

PART = ShortcutAudit.from_json((PROJECT_ROOT / "models" / "f04" / "audit.json").read_bytes()).parts[
    "test"
]


def part_with(**changed):
    """Return the audit with some rows changed."""
    return replace(
        PART,
        changes=tuple(replace(row, **changed.get(row.key, {})) for row in PART.changes),
    )


def test_a_score_that_survives_without_lungs_is_said_to_come_from_the_rest():
    said = audit_text("f09", part_with(lungs_hidden={"roc_auc": Rate(0.8, 0.7, 0.9, 624)}))
    assert said.startswith("With the lungs removed, f09 has an ROC AUC of 0.800 (0.700")
    assert "part of its score comes from outside the lungs." in said


def test_a_score_that_is_chance_without_lungs_is_said_to_show_nothing():
    said = audit_text("f09", part_with(lungs_hidden={"roc_auc": Rate(0.52, 0.47, 0.57, 624)}))
    assert "there is no sign that it uses anything outside the lungs." in said


def test_the_harmless_change_that_turns_most_decisions_is_named():
    said = audit_text("f09", part_with(jpeg_40={"decisions_changed": 99}))
    assert said.endswith("“JPEG, quality 40” changes the most decisions: 99 of 624.")
