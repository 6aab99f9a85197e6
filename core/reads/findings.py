"""A reader's findings: the verdict that they imply, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.findings import NO_FINDINGS, SIDES, ZONES, Category, Findings
from core.domain.review import Verdict

_IMPLIED = {
    Category.CONSOLIDATION: Verdict.PNEUMONIA,
    Category.EFFUSION: Verdict.PNEUMONIA,
    Category.OTHER_INFILTRATE: Verdict.PNEUMONIA,
    Category.NORMAL: Verdict.NORMAL,
    Category.UNINTERPRETABLE: Verdict.UNSURE,
}


def implied_verdict(findings: Findings) -> Verdict | None:
    """Return the verdict that findings imply; None if there are none.

    Consolidation and pleural effusion are the WHO's primary endpoint pneumonia: an effusion counts
    only beside an infiltrate, or where it hides the lung [1]_. Other infiltrate alone is not. It
    counts as pneumonia here, as in the PERCH study's abnormal films [2]_ and in the reference that
    the runs learned from, whose viral pneumonias are interstitial [3]_. Normal is none of the
    three. An uninterpretable film says neither.

    References
    ----------
    .. [1] N. Mahomed et al., Pediatr. Radiol. 47 (2017) 1399-1404, PMC5608771, table 1.
    .. [2] N. Fancourt et al., Clin. Infect. Dis. 64 (2017) S262-S270: abnormal is consolidation
           or other infiltrate, or both.
    .. [3] D. S. Kermany et al., Cell 172 (2018) 1122-1131.
    """
    implied = {_IMPLIED[category] for category in findings.categories}
    return next(iter(implied), None)


def findings_as_json(findings: Findings) -> dict[str, list[str]] | None:
    """Return findings as JSON can keep them; None if there are none."""
    if not findings:
        return None
    return {
        "categories": [one.value for one in Category if one in findings.categories],
        "zones": [one for one in ZONES if one in findings.zones],
        "effusion_sides": [one for one in SIDES if one in findings.effusion_sides],
    }


def findings_from_json(stored: Mapping[str, Any] | None) -> Findings:
    """Return the findings that `findings_as_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, FindingsError
        If another program wrote something else.
    """
    if stored is None:
        return NO_FINDINGS
    return Findings(
        frozenset(Category(one) for one in stored["categories"]),
        frozenset(stored["zones"]),
        frozenset(stored["effusion_sides"]),
    )
